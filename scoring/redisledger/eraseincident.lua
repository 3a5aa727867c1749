-- Deletes incidents of one shard, or their detail alone, and empties the feed:
-- its older entries tell of them. Who had not read those finds a gap and loads
-- the shard again.
-- KEYS: the shard's ledger, feed and amend, then bucket and detail of each.
-- ARGV: ledger id, feed length, then member, name and event of each; all ""
--       to delete the detail alone.
-- Returns {the feed's tail, ""}, or {"", id found} in another ledger.
local call = redis.call
local ledger = call('HMGET', KEYS[1], 'id', 'tail')
if ledger[1] ~= ARGV[1] then
  return {'', ledger[1] or 'none'}
end
local events = {}
for i = 1, (#KEYS - 3) / 2 do
  local bucket, detail = KEYS[2 * i + 2], KEYS[2 * i + 3]
  local member, name, event = ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2]
  call('DEL', detail)
  if member ~= '' then
    call('ZREM', bucket, member)
    call('HDEL', KEYS[3], name)
    events[#events + 1] = event
  end
end
call('XTRIM', KEYS[2], 'MAXLEN', 0)
local tail = call('XADD', KEYS[2], '*', 'p', ledger[2] or '0-0', 'e', table.concat(events))
call('HSET', KEYS[1], 'tail', tail)
return {tail, ''}
