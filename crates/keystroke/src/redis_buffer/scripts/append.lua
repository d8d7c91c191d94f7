-- Appends keystrokes to their runs; answers one letter each.
-- KEYS: due, counts; for each keystroke: its run, the marker of its run, what was submitted last in
--       its place, the flood count of its session
-- ARGV: window, run_keystrokes, run_age, room, flood_keystrokes, flood_period, late_memory,
--       room_bytes;
--       for each keystroke: name of its run, session, input, user, sequence, submitted, digest of
--       its text, content
local due_key, counts_key = KEYS[1], KEYS[2]
local window, run_keystrokes, run_age = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local room, flood_keystrokes, flood_period = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local late_memory, room_bytes = ARGV[7], tonumber(ARGV[8])
local DIGEST_LENGTH = 8

local now = clock()
local totals = redis.call('HMGET', counts_key, 'a', 'x', 'b')
local held, held_bytes, added_bytes = (totals[1] or 0) - (totals[2] or 0), tonumber(totals[3] or 0), 0

local function is_flooded(key)
  local sent = redis.call('INCR', key)
  if sent == 1 then
    redis.call('PEXPIRE', key, flood_period)
  end
  return sent > flood_keystrokes
end

local function is_late(key, sequence)
  if sequence == '' then
    return false
  end
  local marker = redis.call('GET', key)
  return marker and sequence <= marker
end

-- When a run is due by its last keystroke, and why if for good; nil if nothing changes.
local function decide(reason, submitted, count, first)
  if reason ~= OPEN then
    return nil, submitted and SUBMITTED or reason
  end
  if submitted then
    return now, SUBMITTED
  end
  if count >= run_keystrokes then
    return now, LIMIT
  end
  return math.min(now + window, first + run_age), OPEN
end

-- What was submitted is remembered for the window as a digest of the text, and of the user if known.
local function is_echo(submission, digest, user)
  if not submission or string.sub(submission, 1, DIGEST_LENGTH) ~= digest then
    return false
  end
  return user == '' or #submission == DIGEST_LENGTH
    or string.sub(submission, DIGEST_LENGTH + 1) == redis.sha1hex(user)
end

-- A run is complete: it waits to be claimed as it is, under a name of its own, that the next one
-- of its place is not in its way. Names of the same time sort as they were given.
local function close(run, marker, name, highest)
  local closed = string.format('%s%015.0f%s', CLOSED, redis.call('HINCRBY', counts_key, 'n', 1), name)
  redis.call('RENAME', run, string.sub(run, 1, -#name - 1) .. closed)
  redis.call('ZADD', due_key, redis.call('ZSCORE', due_key, name) or now, closed)
  redis.call('ZREM', due_key, name)
  mark(marker, highest, late_memory)
end

-- Appends to the run with this head, or to a new one. Whether it is to be remembered: it submits
-- the run, or comes next in a submitted run, which an echo only does.
local function append(run, old, name, session, input, user, sequence, submitted, content)
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
  local is_next = sequence == '' or highest == NO_SEQUENCE or sequence > highest
  -- One that was overtaken has the beginning of the next search in its run already: the run is not
  -- complete, and whoever folds it will find what was submitted.
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
  if sequence ~= '' and is_next then
    highest = sequence
  end
  local due
  due, reason = decide(reason, submits, count, first)
  local head = struct.pack(HEAD, VERSION, reason, first, count, highest, user_at, user_length)
  added_bytes = added_bytes + #added
  if old == '' then
    added_bytes = added_bytes + #head + RUN_BYTES
    redis.call('SET', run, head .. added)
  else
    redis.call('SETRANGE', run, 0, head)
    redis.call('APPEND', run, added)
  end
  if due then
    redis.call('ZADD', due_key, due, name)
  end
  if was_submitted then
    return is_next
  end
  return reason == SUBMITTED
end

local swallowed = 0

-- Finds the run of a keystroke; one letter.
local function take(run, marker, submitted_key, name, session, input, user, sequence, submitted, digest, content)
  local head = redis.call('GETRANGE', run, 0, HEAD_LENGTH - 1)
  local is_submitted, highest = false, NO_SEQUENCE
  if head ~= '' then
    local _, reason
    _, reason, _, _, highest = struct.unpack(HEAD, head)
    is_submitted = reason == SUBMITTED
  end
  local submission = (head == '' or is_submitted) and redis.call('GET', submitted_key)
  local repeats = is_echo(submission, digest, user)
  if repeats and head == '' then
    swallowed = swallowed + 1
    return 'a'
  end
  if held >= room or held_bytes + added_bytes >= room_bytes then
    return 'u'
  end
  local is_next = sequence == '' or highest == NO_SEQUENCE or sequence > highest
  if is_submitted and is_next and not repeats then
    close(run, marker, name, highest)
    head = ''
  end
  if submission and head == '' then
    redis.call('DEL', submitted_key)
    submission = false
  end
  if append(run, head, name, session, input, user, sequence, submitted == '1', content) then
    -- An echo may bring the user along.
    if not submission or #submission == DIGEST_LENGTH then
      submission = digest .. (user ~= '' and redis.sha1hex(user) or '')
    end
    redis.call('SET', submitted_key, submission, 'PX', window)
  end
  held = held + 1
  return 'a'
end

local answer = {}
local sums = { a = 0, l = 0, f = 0, u = 0 }
for number = 0, (#KEYS - 2) / 4 - 1 do
  local run, marker, submission, flood = unpack(KEYS, 3 + number * 4, 6 + number * 4)
  local at = 9 + number * 8
  local became = 'a'
  if is_flooded(flood) then
    became = 'f'
  elseif is_late(marker, ARGV[at + 4]) then
    became = 'l'
  else
    became = take(run, marker, submission, unpack(ARGV, at, at + 7))
  end
  sums[became] = sums[became] + 1
  answer[#answer + 1] = became
end
-- Taken, and gone at once.
sums.x = swallowed
sums.b = added_bytes
for field, sum in pairs(sums) do
  if sum > 0 then
    redis.call('HINCRBY', counts_key, field, sum)
  end
end
return table.concat(answer)
