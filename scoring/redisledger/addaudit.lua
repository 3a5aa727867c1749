-- Writes events that belong to no other change.
-- KEYS: the control shard's ledger, feed and audit.
-- ARGV: ledger id, feed length, a random name of this call, then event and
--       unix milliseconds or "" of each.
-- Returns {the feed's tail, ""}, or {"", id found} in another ledger.
local ledger = redis.call('HMGET', KEYS[1], 'id', 'tail', 'call')
if ledger[1] ~= ARGV[1] then
  return {'', ledger[1] or 'none'}
end
if ledger[3] ~= ARGV[3] then -- else the same call, sent again because its answer was lost
  for i = 4, #ARGV, 2 do
    audit(KEYS[1], KEYS[3], ARGV[i], ARGV[i + 1])
  end
  redis.call('HSET', KEYS[1], 'call', ARGV[3])
end
return {ledger[2] or '0-0', ''}
