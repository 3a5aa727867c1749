-- Drops overlays that nobody replaced since they were read.
-- KEYS: the shard's amend. ARGV: name and overlay of each.
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return {'', ''}
