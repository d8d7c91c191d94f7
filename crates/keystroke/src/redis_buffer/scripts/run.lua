-- What all scripts share; the text of each begins with this one.
--
-- A run is one string: a head of fixed length that is written over in place, the session and
-- the input, then records: K is a keystroke, U the user of those that follow (none if empty).
--   head: version, reason, first arrival in ms, keystrokes, highest sequence, place and length of the last user
-- Sequences are texts of equal length and of hexadecimal digits only, so that texts compare as
-- the numbers do: Lua's own numbers are too short for 64 bits.
local HEAD = '>BBI6I4c16I4I2'
local HEAD_LENGTH = 34
local VERSION = 1
local NO_SEQUENCE = '----------------'
local OPEN, SUBMITTED, LIMIT, IDLE, SHUTDOWN = 0, 1, 2, 3, 4
-- About what Redis takes for a run besides its string: its key and its entries in sets.
local RUN_BYTES = 400
-- How the name of a closed run begins: no open one's does.
local CLOSED = '!'

-- Milliseconds by the clock of Redis: servers' clocks may differ.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- From here on, keystrokes up to the highest sequence of a run are late.
local function mark(key, highest, late_memory)
  if highest == NO_SEQUENCE then
    return
  end
  local marker = redis.call('GET', key)
  if marker and marker > highest then
    highest = marker
  end
  redis.call('SET', key, highest, 'PX', late_memory)
end

-- The keystrokes of a run, none if it is gone.
local function keystrokes_of(key)
  local head = redis.call('GETRANGE', key, 0, HEAD_LENGTH - 1)
  if head == '' then
    return nil
  end
  local _, _, _, count = struct.unpack(HEAD, head)
  return count
end

-- About how many bytes a run takes.
local function bytes_of(key)
  return redis.call('STRLEN', key) + RUN_BYTES
end

-- Gives back the room of runs that are gone. Without keystrokes there are no bytes: servers of an earlier
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
