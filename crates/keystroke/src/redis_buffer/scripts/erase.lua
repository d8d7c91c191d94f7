-- Erases the runs of a session, or those with a user, from one part of a set.
-- Returns the next cursor (0 at the end), the number of keystrokes, and the time (ms).
-- Claims hold the remembered search that they continue, under another prefix; claims of a user's search are theirs.
-- The set of memories is erased in the same way: names of the session begin with the hash of its id.
-- KEYS: due, claims or memories, counts
-- ARGV: prefix of the keys, cursor, names per step, s or u, the id, prefix of the remembered searches ('' if none),
--       hash of the session
local id = ARGV[5]

local function is_of_session(key)
  local length = HEAD_LENGTH + 2 + #id
  return redis.call('GETRANGE', key, HEAD_LENGTH, length - 1) == struct.pack('>I2', #id) .. id
end

local function has_user(key)
  local run = redis.call('GET', key)
  -- Most runs do not contain the id, which is quick to find out; a text may contain it as well.
  if not run or not string.find(run, id, 1, true) then
    return false
  end
  local at = HEAD_LENGTH + 1
  for _ = 1, 2 do
    at = at + 2 + struct.unpack('>I2', run, at)
  end
  while at <= #run do
    if string.sub(run, at, at) == 'U' then
      local length = struct.unpack('>I2', run, at + 1)
      if string.sub(run, at + 3, at + 2 + length) == id then
        return true
      end
      at = at + 3 + length
    else
      at = at + 11 + struct.unpack('>I4', run, at + 7)
    end
  end
  return false
end

local memories = ARGV[6]

local function remembers(name)
  local search = memories ~= '' and redis.call('GET', memories .. name)
  return search and remembers_user(search, id)
end

-- Erases a remembered search.
if ARGV[1] == memories then
  local found = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
  for at = 1, #found[2], 2 do
    local name = found[2][at]
    if ARGV[4] == 's' and string.sub(name, 1, #ARGV[7]) == ARGV[7] or ARGV[4] == 'u' and remembers(name) then
      redis.call('UNLINK', memories .. name)
      redis.call('ZREM', KEYS[1], name)
    end
  end
  return { found[1], 0, clock() }
end

local is_theirs = ARGV[4] == 's' and is_of_session or has_user
local found = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local keystrokes, bytes = 0, 0
for at = 1, #found[2], 2 do
  local name = found[2][at]
  local key = ARGV[1] .. name
  if is_theirs(key) or ARGV[4] == 'u' and remembers(name) then
    keystrokes = keystrokes + (keystrokes_of(key) or 0)
    bytes = bytes + bytes_of(key)
    redis.call('UNLINK', key)
    if memories ~= '' then
      redis.call('UNLINK', memories .. name)
    end
    redis.call('ZREM', KEYS[1], name)
  end
end
release(KEYS[2], keystrokes, bytes)
return { found[1], keystrokes, clock() }
