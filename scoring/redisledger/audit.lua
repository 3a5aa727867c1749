-- Writes an event of the audit, of the present time or a given one in unix
-- milliseconds. Its time never goes back, so that the order is that of the
-- changes.
local function audit(ledger, key, text, at)
  if text == '' then
    return
  end
  if at == '' then
    local now = redis.call('TIME')
    at = now[1] * 1000 + math.floor(now[2] / 1000)
  end
  at = math.max(tonumber(at), tonumber(redis.call('HGET', ledger, 'audited') or 0))
  local seq = redis.call('HINCRBY', ledger, 'audits', 1)
  redis.call('HSET', ledger, 'audited', string.format('%.0f', at))
  redis.call('ZADD', key, string.format('%.0f', at), string.format('%016.0f', seq) .. text)
end
