-- When what could be claimed became so: ends of leases, then times since when runs are due.
-- KEYS: due, claims   ARGV: whether all runs are wanted, limit
local now = clock()

local function scores(key, most)
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', most, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
  local scores = {}
  for at = 2, #found, 2 do
    scores[#scores + 1] = tonumber(found[at])
  end
  return scores
end

return { scores(KEYS[2], now), scores(KEYS[1], ARGV[1] == '1' and '+inf' or now) }
