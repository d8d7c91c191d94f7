-- Begins a generation and deletes all entries.
-- KEYS: generation, ends, sizes; ARGV: generation
local generation, ends, sizes = unpack(KEYS)
redis.call('SET', generation, ARGV[1])
for _, entry in ipairs(redis.call('ZRANGE', ends, 0, -1)) do
  redis.call('UNLINK', entry)
end
redis.call('DEL', ends, sizes)
