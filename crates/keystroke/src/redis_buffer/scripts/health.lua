-- The contents and counts of a shard: runs, first arrival in the oldest (0 if none), a time before all waiting
-- keystrokes (0 if too many runs wait to determine it), then counts.
-- KEYS: due, claims, counts   ARGV: prefix of every key, max runs to inspect, run_age
local due_key, claims_key = KEYS[1], KEYS[2]
local base, limit, run_age = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = 0

local function inspect(key)
  local head = redis.call('GETRANGE', key, 0, HEAD_LENGTH - 1)
  if head ~= '' then
    local _, _, first = struct.unpack(HEAD, head)
    if oldest == 0 or first < oldest then
      oldest = first
    end
  end
end

for _, id in ipairs(redis.call('ZRANGE', claims_key, 0, limit - 1)) do
  inspect(base .. 'c:' .. id)
end
local waiting = redis.call('ZRANGE', due_key, 0, limit, 'WITHSCORES')
for at = 1, math.min(#waiting, 2 * limit), 2 do
  inspect(base .. 'r:' .. waiting[at])
end

local runs, claims = redis.call('ZCARD', due_key), redis.call('ZCARD', claims_key)
local settled = clock()
if oldest > 0 then
  settled = math.min(settled, oldest)
end
if claims > limit then
  settled = 0
elseif runs > limit then
  -- The runs that were not inspected are due later, and every run is due at that age at the latest.
  settled = math.min(settled, math.floor(waiting[2 * limit + 2]) - run_age)
end

local reply = { runs + claims, oldest, settled }
for _, count in ipairs(redis.call('HMGET', KEYS[3], 'a', 'x', 'l', 'f', 'u', 'c', 'r', 's', 'd', 't')) do
  reply[#reply + 1] = tonumber(count) or 0
end
return reply
