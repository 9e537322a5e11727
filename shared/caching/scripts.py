"""What has to happen in Redis as one step, in Lua. All keys of a call share the tenant's hash tag, as a cluster requires.

A tag is a sorted set of the entries that carry it, by the moment (ms) at which they run out; what has run out is removed
as the tag is used, so a tag is as large as what lives. Each tag (and each entry that was dropped by name) has an epoch,
a number that a drop raises: a value whose load began in an earlier epoch is not stored.
"""

# KEYS: entry, lock, epoch…          ARGV: token, lock ms
# Gives: value or false, whether the lock is ours, epochs…
CLAIM = """
local value = redis.call('GET', KEYS[1])
local answer = {value, 0}
if not value and redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  answer[2] = 1
end
for i = 3, #KEYS do
  answer[i] = redis.call('GET', KEYS[i]) or ''
end
return answer
"""

# KEYS: entry, tag…, epoch…          ARGV: value, ttl ms, number of tags, expected epoch…
# Gives: 1 when stored, 0 when an epoch has passed.
STORE = """
local tags = tonumber(ARGV[3])
for i = tags + 2, #KEYS do
  if (redis.call('GET', KEYS[i]) or '') ~= ARGV[i - tags + 2] then
    return 0
  end
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local ttl = tonumber(ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)
for i = 2, tags + 1 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('ZADD', KEYS[i], now + ttl, KEYS[1])
  if redis.call('PTTL', KEYS[i]) < ttl then
    redis.call('PEXPIRE', KEYS[i], ttl)
  end
end
return 1
"""

# KEYS: entry or tag, epoch          ARGV: 'entry' or 'tag', epoch's ttl ms
DROP = """
if ARGV[1] == 'tag' then
  local entries = redis.call('ZRANGE', KEYS[1], 0, -1)
  for i = 1, #entries, 1000 do
    redis.call('UNLINK', unpack(entries, i, math.min(i + 999, #entries)))
  end
end
redis.call('UNLINK', KEYS[1])
redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
"""

# KEYS: lock                         ARGV: token
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
"""
