"""What Redis runs for memory, each at once and alone. A script touches the keys of one station, or the deadlines."""

from ocppdiag_redis import Script

# Above the last one and above the seconds since 2020: a Redis that has lost the last one, or all, goes on above what it
# has handed out (a station gets less than one request a second), and never hands out again what is still answered.
REQUEST_ID = Script("""
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local id = math.max(last, redis.call('TIME')[1] - 1577836800) + 1
if last >= tonumber(ARGV[1]) then id = 1 end
redis.call('SET', KEYS[1], id, 'PX', ARGV[2])
return id
""")

# ARGV: expected revision, operation, id, ended, milliseconds to keep, found by request; of a part its field, the field
# if that is taken, and its text; the final letter; its place in line, or `left`; then id and text of each letter. When an
# open operation is due never changes, so what it has besides is written at its beginning and its end only.
COMMIT = Script("""
if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1] + 1, 'operation', ARGV[2])
local ended = ARGV[4] == '1'
if ended then
  redis.call('SET', KEYS[5], ARGV[10], 'PX', ARGV[5])
  redis.call('SREM', KEYS[3], ARGV[3])
  redis.call('DEL', KEYS[4])
elseif ARGV[7] ~= '' then
  if redis.call('HSETNX', KEYS[4], ARGV[7], ARGV[9]) == 0 then
    redis.call('HSETNX', KEYS[4], ARGV[8], ARGV[9])
  end
  redis.call('PEXPIRE', KEYS[4], ARGV[5])
end
if ARGV[11] == 'left' then
  redis.call('ZREM', KEYS[6], ARGV[3])
elseif ARGV[11] ~= '' then
  redis.call('ZADD', KEYS[6], ARGV[11], ARGV[3])
  if redis.call('PTTL', KEYS[6]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[6], ARGV[5]) end
end
for i = 12, #ARGV, 2 do redis.call('HSET', KEYS[1], 'unsent:' .. ARGV[i], ARGV[i + 1]) end
if ended or ARGV[1] == '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  if ARGV[6] == '1' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5]) end
  if not ended then redis.call('SADD', KEYS[3], ARGV[3]) end
  if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[3], ARGV[5]) end
end
return 1
""")

# What COMMIT does of most changes: those of an open operation that is told to nobody.
MOVE_ON = Script("""
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1] + 1, 'operation', ARGV[2])
return 1
""")

# ARGV: what was written, and its id: it goes unless somebody has taken it up.
FORGET = Script("""
if redis.call('HGET', KEYS[1], 'operation') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SREM', KEYS[3], ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[2])
return 1
""")

# Not a bare SET NX: the client sends a command again whose reply was lost, and would be told that somebody has it.
HOLD = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
""")

FREE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
""")

CLAIM = Script("""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[2], member) end
return {string.format('%.6f', now), due}
""")
