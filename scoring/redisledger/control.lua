-- Writes a control record if its version follows the stored one's.
-- KEYS: the control shard's ledger, feed, control and audit.
-- ARGV: ledger id, feed length, key, expected version, "put" or "delete",
--       new version ":" value, event, a random name of this call,
--       audit event or "".
-- Returns {the feed's tail, ""}, {"", id found} in another ledger, or
-- {"", "", why not}.
local ledger = redis.call('HMGET', KEYS[1], 'id', 'tail', 'call')
if ledger[1] ~= ARGV[1] then
  return {'', ledger[1] or 'none'}
end
if ledger[3] == ARGV[8] then
  -- The same call, sent again because its answer was lost.
  return {ledger[2] or '0-0', ''}
end
local stored = redis.call('HGET', KEYS[3], ARGV[3])
local version = stored and string.match(stored, '^(%d+):') or '0'
-- Versions are compared as text: Lua's numbers are not exact above 2^53.
if version ~= ARGV[4] then
  return {'', '', 'conflict'}
end
if ARGV[5] == 'put' then
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[6])
else
  redis.call('HDEL', KEYS[3], ARGV[3])
end
local tail = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*',
  'p', ledger[2] or '0-0', 'e', ARGV[7])
redis.call('HSET', KEYS[1], 'tail', tail, 'call', ARGV[8])
audit(KEYS[1], KEYS[4], ARGV[9], '')
return {tail, ''}
