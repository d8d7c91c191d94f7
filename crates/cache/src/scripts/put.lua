-- Stores an entry of the current generation, evicting others to make room. Returns 1 if stored, else 0.
-- KEYS: generation, ends (sorted set: entry keys by expiry), sizes (hash: weight by entry key; 'all': sum), entry
-- ARGV: generation, value, TTL in ms, weight (0: over the limit, only delete the entry), capacity
local generation, ends, sizes, entry = unpack(KEYS)
if redis.call('GET', generation) ~= ARGV[1] then
  return 0
end
local function evict(key)
  local size = redis.call('HGET', sizes, key)
  if size then
    redis.call('HDEL', sizes, key)
    redis.call('HINCRBY', sizes, 'all', -size)
  end
  redis.call('ZREM', ends, key)
  redis.call('UNLINK', key)
end
evict(entry)
local size, capacity = tonumber(ARGV[4]), tonumber(ARGV[5])
if size == 0 then
  return 0
end
local all = tonumber(redis.call('HGET', sizes, 'all') or 0)
while all + size > capacity do
  local first = redis.call('ZRANGE', ends, 0, 0)[1]
  if not first then
    -- Redis lost the sorted set: start over with the sizes. Its entries expire by themselves.
    redis.call('DEL', sizes)
    break
  end
  evict(first)
  all = tonumber(redis.call('HGET', sizes, 'all') or 0)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', entry, ARGV[1] .. ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', ends, now + ARGV[3], entry)
redis.call('HSET', sizes, entry, size)
redis.call('HINCRBY', sizes, 'all', size)
return 1
