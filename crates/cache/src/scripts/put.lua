-- Keeps an entry unless its generation is over, and makes room for it. Answers 1 if it is kept, else 0.
-- KEYS: generation, ends (entry keys by when they end), sizes (what each counts; 'all': their sum), entry
-- ARGV: generation, value, milliseconds to keep it, what it counts (0: it is not to be kept), limit of all
local generation, ends, sizes, entry = unpack(KEYS)
if redis.call('GET', generation) ~= ARGV[1] then
  return 0
end
local function forget(key)
  local size = redis.call('HGET', sizes, key)
  if size then
    redis.call('HDEL', sizes, key)
    redis.call('HINCRBY', sizes, 'all', -size)
  end
  redis.call('ZREM', ends, key)
  redis.call('UNLINK', key)
end
forget(entry)
local size, limit = tonumber(ARGV[4]), tonumber(ARGV[5])
if size == 0 then
  return 0
end
local all = tonumber(redis.call('HGET', sizes, 'all') or 0)
while all + size > limit do
  local first = redis.call('ZRANGE', ends, 0, 0)[1]
  if not first then
    -- The list was lost: what it held ends by itself.
    redis.call('DEL', sizes)
    break
  end
  forget(first)
  all = tonumber(redis.call('HGET', sizes, 'all') or 0)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', entry, ARGV[1] .. ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', ends, now + ARGV[3], entry)
redis.call('HSET', sizes, entry, size)
redis.call('HINCRBY', sizes, 'all', size)
return 1
