-- Appends keystrokes to their runs; answers one letter each.
-- KEYS: due, counts; for each keystroke: its run, the marker of its run, the flood count of its session
-- ARGV: window, run_keystrokes, run_age, room, flood_keystrokes, flood_period;
--       for each keystroke: name of its run, session, input, user, sequence, submitted, content
local due_key, counts_key = KEYS[1], KEYS[2]
local window, run_keystrokes, run_age = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local room, flood_keystrokes, flood_period = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

local now = clock()
local totals = redis.call('HMGET', counts_key, 'a', 'x')
local held = (totals[1] or 0) - (totals[2] or 0)

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

local function append(run, name, session, input, user, sequence, submitted, content)
  local old = redis.call('GETRANGE', run, 0, HEAD_LENGTH - 1)
  local reason, first, count, highest, user_at, user_length
  local added = ''
  if old == '' then
    reason, first, count, highest, user_at, user_length = OPEN, now, 0, NO_SEQUENCE, 0, 0
    added = struct.pack('>I2', #session) .. session .. struct.pack('>I2', #input) .. input
  else
    local _
    _, reason, first, count, highest, user_at, user_length = struct.unpack(HEAD, old)
  end

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
  if sequence ~= '' and (highest == NO_SEQUENCE or sequence > highest) then
    highest = sequence
  end
  local due
  due, reason = decide(reason, submitted, count, first)
  local head = struct.pack(HEAD, VERSION, reason, first, count, highest, user_at, user_length)
  if old == '' then
    redis.call('SET', run, head .. added)
  else
    redis.call('SETRANGE', run, 0, head)
    redis.call('APPEND', run, added)
  end
  if due then
    redis.call('ZADD', due_key, due, name)
  end
end

local answer = {}
local sums = { a = 0, l = 0, f = 0, u = 0 }
for number = 0, (#KEYS - 2) / 3 - 1 do
  local run, marker, flood = unpack(KEYS, 3 + number * 3, 5 + number * 3)
  local name, session, input, user, sequence, submitted, content = unpack(ARGV, 7 + number * 7, 13 + number * 7)
  local became = 'a'
  if is_flooded(flood) then
    became = 'f'
  elseif is_late(marker, sequence) then
    became = 'l'
  elseif held >= room then
    became = 'u'
  else
    append(run, name, session, input, user, sequence, submitted == '1', content)
    held = held + 1
  end
  sums[became] = sums[became] + 1
  answer[#answer + 1] = became
end
for field, sum in pairs(sums) do
  if sum > 0 then
    redis.call('HINCRBY', counts_key, field, sum)
  end
end
return table.concat(answer)
