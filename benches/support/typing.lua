-- Simulated users who type searches through GraphQL: see typing.rs. The list `searches` precedes this text.
-- Arguments: the prefix of sessions (another one for each run, or all keystrokes would be late), the number of
-- users, the document.
local people, turn, born = {}, 0, 0
local headers = { ['content-type'] = 'application/json' }
local prefix, start

local function newcomer()
  local number = born
  born = born + 1
  local id = string.format('%s-%0' .. (35 - #prefix) .. 'd', prefix, number)
  local user = number % 2 == 0 and '","userId":"user-' .. number or ''
  return { start = start .. id .. user .. '","text":"', search = number, typed = 0, sequence = 0 }
end

function init(args)
  prefix = args[1]
  start = '{"query":"' .. args[3] .. '","variables":{"input":{"sessionId":"'
  for number = 1, tonumber(args[2]) do
    local person = newcomer()
    -- The first users begin at different letters.
    person.typed = person.search % #searches[person.search % #searches + 1]
    people[number] = person
  end
end

function request()
  turn = turn % #people + 1
  local person = people[turn]
  person.typed = person.typed + 1
  person.sequence = person.sequence + 1
  local text = searches[person.search % #searches + 1]
  local is_whole = person.typed == #text
  local rest = is_whole and person.search % 2 == 0 and ',"submitted":true}}}' or '}}}'
  local body = person.start .. text:sub(1, person.typed) .. '","sequence":' .. person.sequence .. rest
  if is_whole then
    person.search = person.search + 3
    person.typed = 0
    if person.search % 4 < 2 then
      people[turn] = newcomer()
    end
  end
  return wrk.format('POST', nil, headers, body)
end
