"""What the server does in one step: each script runs whole, alone, or not at all."""

APPEND = """
-- head log seen latest call tombstones | n now item item_seq buried (kind key at body digest)*
local last = redis.call('GET', KEYS[5])
if last then
  local n, done = string.match(last, '^(%d+) (.*)$')
  if n == ARGV[1] then return done end
end
if ARGV[3] ~= '' and (redis.call('HGET', KEYS[4], ARGV[3]) or '0') ~= ARGV[4] then
  return 'moved'
end
if ARGV[5] ~= '' and redis.call('HLEN', KEYS[6]) ~= tonumber(ARGV[5]) then return 'stale' end
local head = redis.call('HMGET', KEYS[1], 'last_seq', 'last_us')
local first = tonumber(head[1])
local seq, at = first, math.max(tonumber(head[2]), tonumber(ARGV[2]))
for i = 6, #ARGV, 5 do
  local digest = ARGV[i + 4]
  if digest == '' or redis.call('ZADD', KEYS[3], 'NX', string.format('%.0f', at + 1), digest) == 1
  then
    seq, at = seq + 1, at + 1
    local id, logged, own = string.format('%.0f', seq), string.format('%.0f', at), ARGV[i + 2]
    if own == '0' then own = logged end
    redis.call('XADD', KEYS[2], id .. '-0', 'k', ARGV[i], 'a', own, 'l', logged, 'b', ARGV[i + 3])
    if ARGV[i] == '3' then redis.call('HSET', KEYS[4], ARGV[i + 1], id) end
  end
end
local taken = seq - first
if taken > 0 then
  redis.call('HSET', KEYS[1], 'last_seq', string.format('%.0f', seq),
    'last_us', string.format('%.0f', at))
end
local done = string.format('%d %d %.0f', taken, (#ARGV - 5) / 5 - taken, seq)
redis.call('SET', KEYS[5], ARGV[1] .. ' ' .. done, 'PX', 60000)
return done
"""

COMMIT = """
-- lease generation meta skipped linked items changes groups group_changes (state key)* |
-- token name in_force from reached sets deletes skips ids items groups
-- body* (seq reason)* (id row)* (item value old new)* (group value old new)*
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
if (redis.call('GET', KEYS[2]) == ARGV[2]) ~= (ARGV[3] == '1') then return 'replaced' end
local applied = redis.call('HGET', KEYS[3], 'applied_seq')
if applied ~= ARGV[4] then
  if applied == ARGV[5] then return 'done' end
  return 'moved'
end
local sets, deletes, skips, ids = tonumber(ARGV[6]), tonumber(ARGV[7]),
  tonumber(ARGV[8]), tonumber(ARGV[9])
for i = 1, deletes do redis.call('UNLINK', KEYS[9 + sets + i]) end
for i = 1, sets do redis.call('SET', KEYS[9 + i], ARGV[11 + i]) end
local at = 11 + sets
for i = 1, skips do
  redis.call('HSET', KEYS[4], ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
for i = 1, ids do
  if ARGV[at + 2] == '' then redis.call('HDEL', KEYS[5], ARGV[at + 1])
  else redis.call('HSET', KEYS[5], ARGV[at + 1], ARGV[at + 2]) end
  at = at + 2
end
for part = 0, 1 do
  for i = 1, tonumber(ARGV[10 + part]) do
    redis.call('HSET', KEYS[6 + 2 * part], ARGV[at + 1], ARGV[at + 2])
    if ARGV[at + 3] ~= '' then redis.call('ZREM', KEYS[7 + 2 * part], ARGV[at + 3]) end
    redis.call('ZADD', KEYS[7 + 2 * part], 0, ARGV[at + 4])
    at = at + 4
  end
end
redis.call('HSET', KEYS[3], 'applied_seq', ARGV[5])
return 'done'
"""

KEEP = """
-- lease | token milliseconds may_take
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if holder or ARGV[3] == '0' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

RELEASE = """
-- lease | token
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

PUT_IN_FORCE = """
-- lease generation head | token name reached anyway
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
if ARGV[4] == '0' and redis.call('HGET', KEYS[3], 'last_seq') ~= ARGV[3] then return 'behind' end
redis.call('SET', KEYS[2], ARGV[2])
return 'done'
"""

REPLACE_LOG = """
-- lease log written old | token copied
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[2], '+')) do
  redis.call('XADD', KEYS[3], entry[1], unpack(entry[2]))
end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[4]) end
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('RENAME', KEYS[3], KEYS[2]) end
redis.call('UNLINK', KEYS[4])
return 'done'
"""

PRUNE = """
-- head log | end pruned_us
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f-0', tonumber(ARGV[1]) + 1))
redis.call('HSET', KEYS[1], 'pruned_seq', ARGV[1], 'pruned_us', ARGV[2])
return 'done'
"""

FORGET_DIGESTS = """
-- seen | before limit
local old = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local now = math.min(old, tonumber(ARGV[2]))
if now > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, now - 1) end
return old - now
"""
