-- The head of every script: the encoding of runs and shared functions. The state machine is that of
-- local_buffer/runs.rs, under the same names.
--
-- A run is one string: a head of fixed length that is overwritten in place, the session and the input, then
-- records: K is a keystroke, U the user of the following ones (none if empty).
--   head: version, reason, first arrival in ms, keystrokes, highest sequence, position and length of the last user
-- Sequences are hexadecimal strings of equal length, which compare as the numbers do: Lua's own numbers are
-- too short for 64 bits.
local HEAD = '>BBI6I4c16I4I2'
local HEAD_LENGTH = 34
local VERSION = 1
local NO_SEQUENCE = '----------------'
local OPEN, SUBMITTED, LIMIT, IDLE, SHUTDOWN = 0, 1, 2, 3, 4
-- The approximate memory of a run besides its string: its key and its set entries.
local RUN_BYTES = 400
-- The first character in the name of a closed run, and of no open one; a number of this length follows.
local CLOSED = '!'
local CLOSED_DIGITS = 15

-- The most runs to pass over because another one of their input is claimed.
local MAX_BLOCKED = 5000

-- The name of the input of a run.
local function input_of(name)
  return string.sub(name, 1, 1) == CLOSED and string.sub(name, CLOSED_DIGITS + 2) or name
end

-- Remembered searches: the length of the user, the user, and content that is opaque to the scripts.
local function remembers_user(search, user)
  local length = struct.unpack('>I2', search)
  return length == #user and string.sub(search, 3, 2 + length) == user
end

-- Milliseconds by the clock of Redis: servers' clocks may differ.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_next(sequence, highest)
  return sequence == '' or highest == NO_SEQUENCE or sequence > highest
end

-- The digests of the last keystrokes that an input remembers, as in digest.rs, and their length.
local MAX_DELIVERIES, DELIVERY_LENGTH = 100, 4

-- Raises a watermark: keystrokes up to the highest sequence of a run are late from now on. The first sequence of
-- the run follows it: a counter that begins again does not exceed it. Then follow the digests of the last keystrokes,
-- of earlier runs before those of this one.
local function raise_watermark(key, highest, first_key, late_memory)
  if highest == NO_SEQUENCE then
    return
  end
  local watermark = redis.call('GET', key)
  if watermark and string.sub(watermark, 1, #highest) > highest then
    highest = string.sub(watermark, 1, #highest)
  end
  local numbers = redis.call('GET', first_key) or ''
  local delivered = string.sub(numbers, #highest + 1)
  if watermark and numbers ~= '' then
    delivered = string.sub(watermark, 2 * #highest + 1) .. delivered
  end
  delivered = string.sub(delivered, -MAX_DELIVERIES * DELIVERY_LENGTH)
  redis.call('SET', key, highest .. string.sub(numbers, 1, #highest) .. delivered, 'PX', late_memory)
end

-- The number of keystrokes in a run, nil if it does not exist.
local function keystrokes_of(key)
  local head = redis.call('GETRANGE', key, 0, HEAD_LENGTH - 1)
  if head == '' then
    return nil
  end
  local _, _, _, count = struct.unpack(HEAD, head)
  return count
end

-- The approximate memory of a run.
local function bytes_of(key)
  return redis.call('STRLEN', key) + RUN_BYTES
end

-- Subtracts removed runs from the counts. Without keystrokes there are no bytes: servers of an earlier
-- release count none.
local function release(counts_key, keystrokes, bytes)
  if keystrokes == 0 then
    return
  end
  redis.call('HINCRBY', counts_key, 'x', keystrokes)
  local left = redis.call('HINCRBY', counts_key, 'b', -bytes)
  local totals = redis.call('HMGET', counts_key, 'a', 'x')
  if left < 0 or (totals[1] or 0) - (totals[2] or 0) <= 0 then
    redis.call('HSET', counts_key, 'b', 0)
  end
end
