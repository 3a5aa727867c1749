-- Drops overlays that nobody replaced since they were read, or rewrites them.
-- KEYS: the shard's amend. ARGV: name, overlay and what takes its place ("" if
-- nothing does) of each.
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    if ARGV[i + 2] == '' then
      redis.call('HDEL', KEYS[1], ARGV[i])
    else
      redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    end
  end
end
return {'', ''}
