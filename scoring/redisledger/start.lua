-- Tells which ledger this is; makes a new one if there is none and an id is
-- offered. Two nodes on one empty server agree on the first one's id.
-- KEYS: pb:meta. ARGV: id to give or "", schema, shards, buckets.
if ARGV[1] ~= '' and redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'id', ARGV[1], 'schema', ARGV[2],
    'shards', ARGV[3], 'buckets', ARGV[4], 'state', 'starting')
end
return redis.call('HGETALL', KEYS[1])
