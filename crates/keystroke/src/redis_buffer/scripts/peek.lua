-- The times of claimable runs: ends of leases, then due times.
-- KEYS: due, claims   ARGV: 1 for the scope of all runs, limit
local now = clock()

local function scores(key, max)
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', max, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
  local scores = {}
  for at = 2, #found, 2 do
    scores[#scores + 1] = tonumber(found[at])
  end
  return scores
end

return { scores(KEYS[2], now), scores(KEYS[1], ARGV[1] == '1' and '+inf' or now) }
