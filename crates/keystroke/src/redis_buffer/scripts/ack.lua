-- Removes claimed runs, and remembers the last searches of their inputs. Adds the counts of their flush, unless all
-- of them are gone: then the call that removed them has added the counts.
-- KEYS: claims, counts, memories
-- ARGV: prefix of every key, searches, duplicates, late, memory, max number of remembered searches;
--       for each claim: id, name of its input, search to remember ('' if none)
local base, memory, max_memories = ARGV[1], tonumber(ARGV[5]), tonumber(ARGV[6])
local FIRST = 7
local now = clock()
local removed, keystrokes, bytes = 0, 0, 0

local function remember(name, search)
  redis.call('SET', base .. 'm:' .. name, search, 'PX', memory)
  redis.call('ZADD', KEYS[3], now + memory, name)
end

for at = FIRST, #ARGV, 3 do
  local id, name, search = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local key = base .. 'c:' .. id
  local count = keystrokes_of(key)
  if count then
    bytes = bytes + bytes_of(key)
    redis.call('UNLINK', key, base .. 'p:' .. id)
    redis.call('ZREM', KEYS[1], id)
    if redis.call('GET', base .. 'o:' .. name) == id then
      redis.call('DEL', base .. 'o:' .. name)
    end
    if search ~= '' and memory > 0 then
      remember(name, search)
    end
    removed, keystrokes = removed + 1, keystrokes + count
  end
end

if removed > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  local excess = redis.call('ZCARD', KEYS[3]) - max_memories
  if excess > 0 then
    for _, name in ipairs(redis.call('ZRANGE', KEYS[3], 0, excess - 1)) do
      redis.call('DEL', base .. 'm:' .. name)
    end
    redis.call('ZREMRANGEBYRANK', KEYS[3], 0, excess - 1)
  end
end

local function add(field, sum)
  if tonumber(sum) > 0 then
    redis.call('HINCRBY', KEYS[2], field, sum)
  end
end

release(KEYS[2], keystrokes, bytes)
if removed > 0 then
  redis.call('HSET', KEYS[2], 't', now)
end
if removed > 0 or #ARGV < FIRST then
  add('s', ARGV[2])
  add('d', ARGV[3])
  add('l', ARGV[4])
end
return removed
