-- Lays an overlay over an incident, if the present overlay is the expected one.
-- KEYS: the shard's ledger, feed and amend, the incident's bucket and detail,
--       the shard's audit.
-- ARGV: ledger id, feed length, incident's name, expected overlay or "",
--       new overlay, member, keep-until, event, audit event or "".
-- Returns {the feed's tail, ""}, {"", id found} in another ledger, or
-- {"", "", why not}.
local ledger = redis.call('HMGET', KEYS[1], 'id', 'tail')
if ledger[1] ~= ARGV[1] then
  return {'', ledger[1] or 'none'}
end
local present = redis.call('HGET', KEYS[3], ARGV[3]) or ''
if present == ARGV[5] then
  -- The same call, sent again because its answer was lost.
  return {ledger[2] or '0-0', ''}
end
if present ~= ARGV[4] then
  return {'', '', 'conflict'}
end
if not redis.call('ZSCORE', KEYS[4], ARGV[6]) then
  return {'', '', 'gone'}
end
local now, kept = redis.call('TIME')[1], redis.call('ZSCORE', KEYS[4], ARGV[6])
redis.call('HSET', KEYS[3], ARGV[3], ARGV[5])
redis.call('ZADD', KEYS[4], 'XX', ARGV[7], ARGV[6])
local last = redis.call('ZREVRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2]
redis.call('EXPIREAT', KEYS[4], last + 60)
-- A detail that was to go with its incident still does; one that was to go
-- earlier does not live longer.
local lives = redis.call('TTL', KEYS[5])
if lives >= kept + 60 - now - 1 or lives > ARGV[7] + 60 - now then
  redis.call('EXPIREAT', KEYS[5], ARGV[7] + 60)
end
local tail = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*',
  'p', ledger[2] or '0-0', 'e', ARGV[8])
redis.call('HSET', KEYS[1], 'tail', tail)
audit(KEYS[1], KEYS[6], ARGV[9], '')
return {tail, ''}
