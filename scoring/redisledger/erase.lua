-- Puts other events in place of some, where they still stand.
-- KEYS: a shard's audit. ARGV: member, score and new member of each.
-- Returns how many were there.
local found = 0
for i = 1, #ARGV, 3 do
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i + 2])
    found = found + 1
  end
end
return found
