/**
 * What has to happen in Redis in one step, in Lua. A script sees all of a change or nothing of it, and so does everybody
 * else. Written for Redis 6.2 and Valkey.
 *
 * @module
 */

/**
 * Makes a change the next generation, if the newest is still the one that its writer saw.
 *
 *   KEYS  generation documents versions changes staged
 *   ARGV  the generation seen, the change as JSON, how many changes are kept, the channel that wakes,
 *         then the names of documents that go
 *
 * `staged` holds the documents that come or change. Answers {1, new generation} or {0, newest generation}.
 */
export const COMMIT = `
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if newest ~= tonumber(ARGV[1]) then
  redis.call('DEL', KEYS[5])
  return {0, newest}
end
local generation = newest + 1
local staged = redis.call('HGETALL', KEYS[5])
for i = 1, #staged, 2 do
  redis.call('HSET', KEYS[2], staged[i], staged[i + 1])
  redis.call('HSET', KEYS[3], staged[i], generation)
end
for i = 5, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
  redis.call('HDEL', KEYS[3], ARGV[i])
end
redis.call('SET', KEYS[1], generation)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[3], string.format('%d-0', generation), 'change', ARGV[2])
redis.call('DEL', KEYS[5])
redis.call('PUBLISH', ARGV[4], generation)
return {1, generation}
`;

/**
 * Makes the staged documents the whole of a store that has nothing, as the given generation. Of several nodes that
 * try at the same moment one succeeds. KEYS and ARGV as above, but for the first: the new generation.
 */
export const SEED = `
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DEL', KEYS[5])
  return {0, tonumber(redis.call('GET', KEYS[1]))}
end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('RENAME', KEYS[5], KEYS[2]) end
redis.call('PERSIST', KEYS[2])
for _, key in ipairs(redis.call('HKEYS', KEYS[2])) do
  redis.call('HSET', KEYS[3], key, ARGV[1])
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[4], string.format('%d-0', ARGV[1]), 'change', ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return {1, tonumber(ARGV[1])}
`;

/** The newest generation, and of every document the generation in which it last changed. KEYS: generation versions. */
export const LIST = `
return {tonumber(redis.call('GET', KEYS[1]) or '0'), redis.call('HGETALL', KEYS[2])}
`;
