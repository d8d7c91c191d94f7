-- Claims up to a number of runs: first those with an ended lease, then by due time. Returns the number of
-- repeated claims, then for each its id, its due time and the run.
-- KEYS: due, claims, counts   (runs, claims and watermarks by name: they have the same tag)
-- ARGV: prefix of every key, 1 for the scope of all runs, limit, max bytes to return, lease,
--       late_memory, run_age, prefix of the new ids
local due_key, claims_key, counts_key = KEYS[1], KEYS[2], KEYS[3]
local base, limit, max_bytes = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local lease, late_memory, run_age, new_ids = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), ARGV[8]

local now = clock()
local max_due = ARGV[2] == '1' and '+inf' or now
local reply, bytes, reclaimed, claimed = { 0 }, 0, 0, 0

local function is_full()
  return reclaimed + claimed >= limit or bytes >= max_bytes
end

local function lease_run(id, since, run)
  redis.call('ZADD', claims_key, now + lease, id)
  reply[#reply + 1] = id
  reply[#reply + 1] = tonumber(since)
  reply[#reply + 1] = run
  bytes = bytes + #run
end

local function reason_of(reason, first, since)
  if reason ~= OPEN then
    return reason
  end
  if since > now then
    return SHUTDOWN
  end
  return since >= first + run_age and LIMIT or IDLE
end

local ended = redis.call('ZRANGEBYSCORE', claims_key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
for at = 1, #ended, 2 do
  if is_full() then
    break
  end
  local run = redis.call('GET', base .. 'c:' .. ended[at])
  if run then
    reclaimed = reclaimed + 1
    lease_run(ended[at], ended[at + 1], run)
  else
    redis.call('ZREM', claims_key, ended[at])
  end
end
reply[1] = reclaimed

local due = {}
if not is_full() then
  due = redis.call('ZRANGEBYSCORE', due_key, '-inf', max_due, 'WITHSCORES', 'LIMIT', 0, limit - reclaimed)
end
for at = 1, #due, 2 do
  if is_full() then
    break
  end
  local name, since = due[at], tonumber(due[at + 1])
  local open_key = base .. 'r:' .. name
  redis.call('ZREM', due_key, name)
  local head = redis.call('GETRANGE', open_key, 0, HEAD_LENGTH - 1)
  if head ~= '' then
    claimed = claimed + 1
    local _, reason, first, _, highest = struct.unpack(HEAD, head)
    local id = new_ids .. claimed
    local claim_key = base .. 'c:' .. id
    redis.call('RENAME', open_key, claim_key)
    redis.call('SETRANGE', claim_key, 1, struct.pack('B', reason_of(reason, first, since)))
    -- Closing a run has raised the watermark.
    if string.sub(name, 1, 1) ~= CLOSED then
      raise_watermark(base .. 'l:' .. name, highest, late_memory)
    end
    lease_run(id, since, redis.call('GET', claim_key))
  end
end

if claimed > 0 then
  redis.call('HINCRBY', counts_key, 'c', claimed)
end
if reclaimed > 0 then
  redis.call('HINCRBY', counts_key, 'r', reclaimed)
end
return reply
