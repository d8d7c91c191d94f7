-- Appends keystrokes to their runs; returns one letter for each: accepted, late, flooded or full (u).
-- KEYS: due, counts; for each keystroke: its run, the watermark and the submission of its input, the flood
--       count of its session
-- ARGV: window, run_keystrokes, run_age, max_keystrokes, flood_keystrokes, flood_period, late_memory,
--       max_bytes;
--       for each keystroke: name of its run, session, input, user, sequence, submitted, digest of
--       its text, digest of itself ('' without a sequence), content
local due_key, counts_key = KEYS[1], KEYS[2]
local window, run_keystrokes, run_age = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local max_keystrokes, flood_keystrokes, flood_period = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local late_memory, max_bytes = ARGV[7], tonumber(ARGV[8])
local DIGEST_LENGTH = 8
-- As in buffer.rs: the first sequence that is a time in milliseconds, and the delay of requests.
local FIRST_TIME, REQUEST_DELAY = '800000e8d4a51000', 10000
-- The digits of a sequence whose differences Lua's numbers hold.
local LOW_DIGITS = 12

local now = clock()
local totals = redis.call('HMGET', counts_key, 'a', 'x', 'b')
local held, bytes, added_bytes = (totals[1] or 0) - (totals[2] or 0), tonumber(totals[3] or 0), 0

local function is_flooded(key)
  local sent = redis.call('INCR', key)
  if sent == 1 then
    redis.call('PEXPIRE', key, flood_period)
  end
  return sent > flood_keystrokes
end

-- Returns true if the client has begun to count again after a run with this first sequence.
local function counts_again(sequence, first)
  if sequence > first then
    return false
  end
  if sequence < FIRST_TIME or string.sub(sequence, 1, -LOW_DIGITS - 1) ~= string.sub(first, 1, -LOW_DIGITS - 1) then
    return true
  end
  return tonumber(string.sub(first, -LOW_DIGITS), 16) - tonumber(string.sub(sequence, -LOW_DIGITS), 16) >= REQUEST_DELAY
end

local function is_full()
  return held >= max_keystrokes or bytes + added_bytes >= max_bytes
end

-- The time when a run is due after its last keystroke (nil if unchanged), and the reason if it is final.
local function due(reason, submits, count, first)
  if reason ~= OPEN then
    return nil, submits and SUBMITTED or reason
  end
  if submits then
    return now, SUBMITTED
  end
  if count >= run_keystrokes then
    return now, LIMIT
  end
  return math.min(now + window, first + run_age), OPEN
end

-- A submission is the digest of its text, and of its user if known.
local function is_echo(submission, digest, user)
  if not submission or string.sub(submission, 1, DIGEST_LENGTH) ~= digest then
    return false
  end
  return user == '' or #submission == DIGEST_LENGTH
    or string.sub(submission, DIGEST_LENGTH + 1) == redis.sha1hex(user)
end

-- Returns true if the digests after some numbers contain that of a keystroke.
local function is_repeated(numbers, from, delivery)
  local at = string.find(numbers, delivery, from, true)
  while at and (at - from) % DELIVERY_LENGTH ~= 0 do
    at = string.find(numbers, delivery, at + 1, true)
  end
  return at ~= nil
end

-- Returns true for a late sequence, and true for one of another search nevertheless: the counter began again after a
-- page load, or a submission was overtaken.
local function is_late(key, sequence, delivery, submitted, submission_key, digest, user)
  if sequence == '' then
    return false, false
  end
  local watermark = redis.call('GET', key)
  if not watermark or sequence > string.sub(watermark, 1, #sequence) then
    return false, false
  end
  local first = string.sub(watermark, #sequence + 1, 2 * #sequence)
  if first == '' or is_repeated(watermark, 2 * #sequence + 1, delivery) then
    return true, false
  end
  local restarts = counts_again(sequence, first)
    or submitted == '1' and sequence < FIRST_TIME and not is_echo(redis.call('GET', submission_key), digest, user)
  return not restarts, restarts
end

-- Closes a run: it waits for its claim under a name of its own, so that the input can open another one. Names
-- with the same time sort in the order of closing.
local function close(run, watermark, name, highest, first_key)
  local closed = string.format('%s%015.0f%s', CLOSED, redis.call('HINCRBY', counts_key, 'n', 1), name)
  redis.call('RENAME', run, string.sub(run, 1, -#name - 1) .. closed)
  redis.call('ZADD', due_key, redis.call('ZSCORE', due_key, name) or now, closed)
  redis.call('ZREM', due_key, name)
  raise_watermark(watermark, highest, first_key, late_memory)
end

-- Appends to the run with this head, or to a new one. Returns true for the run's submission and the next
-- keystroke of a submitted run, which is an echo.
local function push(run, old, name, session, input, user, sequence, submitted, delivery, content, first_key)
  local reason, first, count, highest, user_at, user_length
  local added = ''
  if old == '' then
    reason, first, count, highest, user_at, user_length = OPEN, now, 0, NO_SEQUENCE, 0, 0
    added = struct.pack('>I2', #session) .. session .. struct.pack('>I2', #input) .. input
  else
    local _
    _, reason, first, count, highest, user_at, user_length = struct.unpack(HEAD, old)
  end
  local was_submitted = reason == SUBMITTED
  local is_next = is_next(sequence, highest)
  -- After an overtaken submission, the run already holds the beginning of the next search: it stays open, and
  -- the fold finds the submission.
  local submits = submitted and (is_next or sequence == highest)

  local same_user = #user == user_length
  if same_user and user_length > 0 then
    same_user = user == redis.call('GETRANGE', run, user_at, user_at + user_length - 1)
  end
  if not same_user then
    local length = old == '' and HEAD_LENGTH + #added or redis.call('STRLEN', run)
    user_at, user_length = length + 3, #user
    added = added .. 'U' .. struct.pack('>I2', #user) .. user
  end
  added = added .. 'K' .. struct.pack('>I6I4', now, #content) .. content

  count = count + 1
  if sequence ~= '' and highest == NO_SEQUENCE then
    redis.call('SET', first_key, sequence .. delivery, 'PX', late_memory)
  elseif sequence ~= '' and redis.call('APPEND', first_key, delivery) == #delivery then
    -- It had expired.
    redis.call('DEL', first_key)
  end
  if sequence ~= '' and is_next then
    highest = sequence
  end
  local due_at
  due_at, reason = due(reason, submits, count, first)
  local head = struct.pack(HEAD, VERSION, reason, first, count, highest, user_at, user_length)
  added_bytes = added_bytes + #added
  if old == '' then
    added_bytes = added_bytes + #head + RUN_BYTES
    redis.call('SET', run, head .. added)
  else
    redis.call('SETRANGE', run, 0, head)
    redis.call('APPEND', run, added)
  end
  if due_at then
    redis.call('ZADD', due_key, due_at, name)
  end
  if was_submitted then
    return is_next
  end
  return reason == SUBMITTED
end

-- Remembers a submission for the window. An echo may add its user.
local function submit(key, submission, digest, user)
  if not submission or #submission == DIGEST_LENGTH then
    submission = digest .. (user ~= '' and redis.sha1hex(user) or '')
  end
  redis.call('SET', key, submission, 'PX', window)
end

-- Returns true if the client's counter began again after a run, and the keystroke is none of it.
local function is_restarted(first_key, sequence, delivery)
  local numbers = sequence ~= '' and redis.call('GET', first_key)
  return numbers and counts_again(sequence, string.sub(numbers, 1, #sequence))
    and not is_repeated(numbers, #sequence + 1, delivery)
end

local discarded = 0

-- Appends a keystroke to the open run of its input, or to a new one; returns the letter of its outcome.
local function append_one(restarts, run, watermark, submission_key, name, session, input, user, sequence, submitted, digest, delivery, content)
  local head = redis.call('GETRANGE', run, 0, HEAD_LENGTH - 1)
  local is_submitted, highest = false, NO_SEQUENCE
  if head ~= '' then
    local _, reason
    _, reason, _, _, highest = struct.unpack(HEAD, head)
    is_submitted = reason == SUBMITTED
  end
  local submission = (head == '' or is_submitted) and redis.call('GET', submission_key)
  local echo = is_echo(submission, digest, user)
  if echo and head == '' and not restarts then
    discarded = discarded + 1
    return 'a'
  end
  if is_full() then
    return 'u'
  end
  local first_key = string.sub(run, 1, -#name - 3) .. 'b:' .. name
  if is_submitted then
    local is_next = is_next(sequence, highest)
    -- A page may send the text of its prefilled box: the last submitted one, with its first number.
    local begins_again = not is_next and is_restarted(first_key, sequence, delivery)
    if is_next and not echo or begins_again then
      close(run, watermark, name, highest, first_key)
      head = ''
    end
    restarts = restarts or begins_again
  end
  if restarts then
    redis.call('DEL', watermark)
  end
  if submission and head == '' then
    redis.call('DEL', submission_key)
    submission = false
  end
  if push(run, head, name, session, input, user, sequence, submitted == '1', delivery, content, first_key) then
    submit(submission_key, submission, digest, user)
  end
  held = held + 1
  return 'a'
end

local outcomes = {}
local sums = { a = 0, l = 0, f = 0, u = 0 }
for number = 0, (#KEYS - 2) / 4 - 1 do
  local run, watermark, submission, flood = unpack(KEYS, 3 + number * 4, 6 + number * 4)
  local at = 9 + number * 9
  local outcome = 'f'
  if not is_flooded(flood) then
    local late, restarts =
      is_late(watermark, ARGV[at + 4], ARGV[at + 7], ARGV[at + 5], submission, ARGV[at + 6], ARGV[at + 3])
    outcome = late and 'l' or append_one(restarts, run, watermark, submission, unpack(ARGV, at, at + 8))
  end
  sums[outcome] = sums[outcome] + 1
  outcomes[#outcomes + 1] = outcome
end
-- Accepted, and removed at once.
sums.x = discarded
sums.b = added_bytes
for field, sum in pairs(sums) do
  if sum > 0 then
    redis.call('HINCRBY', counts_key, field, sum)
  end
end
return table.concat(outcomes)
