-- Gives a lock back if it is still held by this token. KEYS: lock; ARGV: token
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
