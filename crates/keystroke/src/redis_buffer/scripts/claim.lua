-- Claims up to a number of runs: first those with an ended lease, then by due time. Each input has one claimed run
-- at a time. Returns the number of repeated claims, then for each its id, its due time, the run and the remembered
-- search of its input ('' if none).
-- KEYS: due, claims, counts   (runs, claims and inputs by name: they have the same tag)
-- ARGV: prefix of every key, 1 for the scope of all runs, limit, max bytes to return, lease,
--       late_memory, run_age, prefix of the new ids, the time for which runs wait for a claim, memory
local due_key, claims_key, counts_key = KEYS[1], KEYS[2], KEYS[3]
local base, limit, max_bytes = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local lease, late_memory, run_age, new_ids = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), ARGV[8]
local waiting, memory = ARGV[9], tonumber(ARGV[10])

local now = clock()
local max_due = ARGV[2] == '1' and '+inf' or now
local reply, bytes, reclaimed, claimed, blocked = { 0 }, 0, 0, 0, 0

local function is_full()
  return reclaimed + claimed >= limit or bytes >= max_bytes
end

local function lease_run(id, since, run, remembered)
  redis.call('ZADD', claims_key, now + lease, id)
  reply[#reply + 1] = id
  reply[#reply + 1] = tonumber(since)
  reply[#reply + 1] = run
  reply[#reply + 1] = remembered or ''
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
    lease_run(ended[at], ended[at + 1], run, redis.call('GET', base .. 'p:' .. ended[at]))
  else
    redis.call('ZREM', claims_key, ended[at])
    redis.call('DEL', base .. 'p:' .. ended[at])
  end
end
reply[1] = reclaimed

local function claim_run(name, since)
  local open_key, input = base .. 'r:' .. name, input_of(name)
  redis.call('ZREM', due_key, name)
  local head = redis.call('GETRANGE', open_key, 0, HEAD_LENGTH - 1)
  if head == '' then
    return
  end
  claimed = claimed + 1
  local _, reason, first, _, highest = struct.unpack(HEAD, head)
  local id = new_ids .. claimed
  local claim_key = base .. 'c:' .. id
  redis.call('RENAME', open_key, claim_key)
  redis.call('SETRANGE', claim_key, 1, struct.pack('B', reason_of(reason, first, since)))
  -- Closing a run has raised the watermark.
  if name == input then
    raise_watermark(base .. 'l:' .. name, highest, base .. 'b:' .. name, late_memory)
  end
  redis.call('SET', base .. 'o:' .. input, id, 'PX', waiting)
  -- The claim keeps what it continues: a repeated claim must yield the same searches.
  local remembered = memory > 0 and redis.call('GET', base .. 'm:' .. input)
  if remembered then
    redis.call('SET', base .. 'p:' .. id, remembered)
  end
  lease_run(id, since, redis.call('GET', claim_key), remembered)
end

while not is_full() and blocked < MAX_BLOCKED do
  local due = redis.call('ZRANGEBYSCORE', due_key, '-inf', max_due, 'WITHSCORES', 'LIMIT', blocked, limit)
  for at = 1, #due, 2 do
    if is_full() then
      break
    end
    if redis.call('EXISTS', base .. 'o:' .. input_of(due[at])) == 1 then
      blocked = blocked + 1
    else
      claim_run(due[at], tonumber(due[at + 1]))
    end
  end
  if #due < 2 * limit then
    break
  end
end

if claimed > 0 then
  redis.call('HINCRBY', counts_key, 'c', claimed)
end
if reclaimed > 0 then
  redis.call('HINCRBY', counts_key, 'r', reclaimed)
end
return reply
