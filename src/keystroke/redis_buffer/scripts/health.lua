-- What a shard holds and has done: runs, first arrival in the oldest (0 if none), then counts.
-- KEYS: due, claims, counts   ARGV: start of every key, how many claims to look at
local oldest = 0

local function look(key)
  local head = redis.call('GETRANGE', key, 0, HEAD_LENGTH - 1)
  if head ~= '' then
    local _, _, first = struct.unpack(HEAD, head)
    if oldest == 0 or first < oldest then
      oldest = first
    end
  end
end

for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, 0)) do
  look(ARGV[1] .. 'r:' .. name)
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[2] - 1)) do
  look(ARGV[1] .. 'c:' .. id)
end

local answer = { redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]), oldest }
for _, count in ipairs(redis.call('HMGET', KEYS[3], 'a', 'x', 'l', 'f', 'u', 'c', 'r', 's', 'd', 't')) do
  answer[#answer + 1] = tonumber(count) or 0
end
return answer
