-- Removes claimed runs. Adds the counts of their flush, unless all of them are gone: then the call that
-- removed them has added the counts.
-- KEYS: claims, counts   ARGV: prefix of every key, searches, duplicates, late, ids
local removed, keystrokes, bytes = 0, 0, 0
for at = 5, #ARGV do
  local key = ARGV[1] .. 'c:' .. ARGV[at]
  local count = keystrokes_of(key)
  if count then
    bytes = bytes + bytes_of(key)
    redis.call('UNLINK', key)
    redis.call('ZREM', KEYS[1], ARGV[at])
    removed, keystrokes = removed + 1, keystrokes + count
  end
end

local function add(field, sum)
  if tonumber(sum) > 0 then
    redis.call('HINCRBY', KEYS[2], field, sum)
  end
end

release(KEYS[2], keystrokes, bytes)
if removed > 0 then
  redis.call('HSET', KEYS[2], 't', clock())
end
if removed > 0 or #ARGV == 4 then
  add('s', ARGV[2])
  add('d', ARGV[3])
  add('l', ARGV[4])
end
return removed
