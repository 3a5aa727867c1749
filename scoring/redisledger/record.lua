-- Records incidents of one shard.
-- KEYS: the shard's ledger and feed, then bucket and detail of each incident.
-- ARGV: ledger id, feed length, then member, keep-until, detail and when it is
--       to be gone of each.
-- Returns {the feed's tail, ""}, or {"", id found} in another ledger.
local call = redis.call
local ledger = call('HMGET', KEYS[1], 'id', 'tail')
if ledger[1] ~= ARGV[1] then
  return {'', ledger[1] or 'none'}
end
local tail = ledger[2] or '0-0'
local now = call('TIME')[1]
local events = {}
for i = 1, (#KEYS - 2) / 2 do
  local bucket, detail = KEYS[2 * i + 1], KEYS[2 * i + 2]
  local member, keep, about, gone = ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1], ARGV[4 * i + 2]
  -- First of all a write that a full memory refuses: after another write
  -- Redis would let the script go on past the limit.
  if call('ZADD', bucket, 'NX', keep, member) == 1 then
    -- A bucket lives a minute longer than its last incident.
    if call('TTL', bucket) < keep + 60 - now then
      call('EXPIREAT', bucket, keep + 60)
    end
    call('ZREMRANGEBYSCORE', bucket, '-inf', now - 60)
    if about ~= '' then
      call('SET', detail, about, 'EXAT', gone)
    end
    events[#events + 1] = struct.pack('>I4', #member + 1) .. 'i' .. member
  end
end
if #events > 0 then
  tail = call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*',
    'p', tail, 'e', table.concat(events))
  call('HSET', KEYS[1], 'tail', tail)
end
return {tail, ''}
