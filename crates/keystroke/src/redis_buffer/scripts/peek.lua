-- The times of claimable runs: ends of leases, then due times of runs that wait for no claim of their input.
-- KEYS: due, claims   ARGV: prefix of every key, 1 for the scope of all runs, limit
local base, limit = ARGV[1], tonumber(ARGV[3])
local now = clock()

local function ended(max)
  local found = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', max, 'WITHSCORES', 'LIMIT', 0, limit)
  local scores = {}
  for at = 2, #found, 2 do
    scores[#scores + 1] = tonumber(found[at])
  end
  return scores
end

local function due(max)
  local scores, offset = {}, 0
  while #scores < limit and offset < limit + MAX_BLOCKED do
    local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', max, 'WITHSCORES', 'LIMIT', offset, limit)
    for at = 1, #found, 2 do
      if #scores < limit and redis.call('EXISTS', base .. 'o:' .. input_of(found[at])) == 0 then
        scores[#scores + 1] = tonumber(found[at + 1])
      end
    end
    if #found < 2 * limit then
      break
    end
    offset = offset + limit
  end
  return scores
end

return { ended(now), due(ARGV[2] == '1' and '+inf' or now) }
