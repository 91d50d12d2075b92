/**
 * What has to happen in Redis in one step, in Lua. A script sees all of a change or nothing of it, and so does everybody
 * else. Written for Redis 6.2 and Valkey.
 *
 * The head, in the key `generation`, is `NUMBER ID` of the newest change: a number alone could be given twice, when a
 * replica takes over that never saw the last changes. Of a store that has nothing it is `0 `.
 *
 * @module
 */

/**
 * Puts documents where COMMIT takes them from, for a while: in one step, for who is killed after the first half of it leaves
 * no key behind that stays for ever.
 *
 *   KEYS  staged stamps       ARGV  seconds, then for each document its name, its text, and its stamp with its octets
 *
 * Answers the time, in seconds since 1970 by the clock of Redis.
 */
export const STAGE = `
for i = 2, #ARGV, 3 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
return redis.call('TIME')[1]
`;

/**
 * Makes a change the next generation, if the newest is still the one that its writer saw.
 *
 *   KEYS  generation documents versions changes staged stamps parts all-parts
 *   ARGV  1 number seen   2 its id, or nothing for any   3 the least that the new number may be   4 id of the change
 *         5 how many documents are staged   6 names of all documents that change, as JSON   7 the change, as JSON
 *         8 head that this goes on from, when everything before was lost   9 how many changes are kept
 *         10 the channel that wakes   11 to give back what was lost: the last generation that writer and store agree on,
 *         and then any head is good but documents that changed after it stay; else -1   12 octets that are staged in `parts`, the
 *         parts of a change too large for the log; 0: none   13 how many seconds, and 14 how many octets of such are kept
 *         15 how their keys begin   16 until when it may come, in seconds since 1970: its writer
 *         waits no longer, and says that nothing was changed   17… names of documents that go
 *
 * `staged` holds the documents that come or change, `stamps` a stamp and the octets of each. In a store
 * that has nothing these are all. Answers {1, new head, when} or {0, newest head}, in microseconds since 1970 by the clock of
 * Redis, which is the one that all nodes share.
 */
export const COMMIT = `
local time = redis.call('TIME')
if tonumber(time[1]) > tonumber(ARGV[16]) then
  redis.call('DEL', KEYS[5], KEYS[6], KEYS[7])
  return redis.error_reply('ERR the change came too late')
end
local at = time[1] .. string.format('%06d', time[2])
local head = redis.call('GET', KEYS[1]) or '0 '
local newest, id = string.match(head, '^(%d+) (.*)$')
newest = tonumber(newest)
local common, kept = tonumber(ARGV[11]), {}
local isSeen = newest == tonumber(ARGV[1]) and (ARGV[2] == '' or ARGV[2] == id)
if common >= 0 then isSeen = newest > 0 end
if not isSeen then
  redis.call('DEL', KEYS[5], KEYS[6], KEYS[7])
  return {0, head}
end
if redis.call('HLEN', KEYS[5]) ~= tonumber(ARGV[5]) or redis.call('HLEN', KEYS[6]) ~= tonumber(ARGV[5]) then
  return redis.error_reply('ERR what was staged is gone')
end
local generation = string.format('%d', math.max(newest + 1, tonumber(ARGV[3])))
if common >= 0 then
  local isLost, gone = false, {}
  for i = 17, #ARGV do gone[ARGV[i]] = true end
  for _, name in ipairs(cjson.decode(ARGV[6])) do
    local version = redis.call('HGET', KEYS[3], name)
    if version and tonumber(string.match(version, '^%d+')) > common then kept[name] = true
    elseif version or not gone[name] then isLost = true end
  end
  if not isLost then
    redis.call('DEL', KEYS[5], KEYS[6], KEYS[7])
    return {0, head}
  end
end
if newest == 0 then
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  if tonumber(ARGV[5]) > 0 then
    redis.call('RENAME', KEYS[5], KEYS[2])
    redis.call('PERSIST', KEYS[2])
  end
else
  local staged = redis.call('HGETALL', KEYS[5])
  for i = 1, #staged, 2 do
    if not kept[staged[i]] then redis.call('HSET', KEYS[2], staged[i], staged[i + 1]) end
  end
end
local stamps = redis.call('HGETALL', KEYS[6])
for i = 1, #stamps, 2 do
  if not kept[stamps[i]] then redis.call('HSET', KEYS[3], stamps[i], generation .. ' ' .. stamps[i + 1]) end
end
for i = 17, #ARGV do
  if not kept[ARGV[i]] then redis.call('HDEL', KEYS[2], ARGV[i]) end
  if not kept[ARGV[i]] then redis.call('HDEL', KEYS[3], ARGV[i]) end
end
local new = generation .. ' ' .. ARGV[4]
redis.call('SET', KEYS[1], new)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[9], generation .. '-0',
  'id', ARGV[4], 'keys', ARGV[6], 'change', ARGV[7], 'base', ARGV[8], 'at', at)
redis.call('DEL', KEYS[5], KEYS[6])
if tonumber(ARGV[12]) > 0 then
  redis.call('EXPIRE', KEYS[7], ARGV[13])
  redis.call('RPUSH', KEYS[8], ARGV[12] .. ' ' .. ARGV[4])
  local all, octets, last = redis.call('LRANGE', KEYS[8], 0, -1), 0, 0
  for i = #all, 1, -1 do
    octets = octets + tonumber(string.match(all[i], '^%d+'))
    if octets > tonumber(ARGV[14]) then
      last = i
      break
    end
  end
  for i = 1, last do
    redis.call('DEL', ARGV[15] .. string.match(all[i], ' (.*)$'))
    redis.call('LPOP', KEYS[8])
  end
end
redis.call('PUBLISH', ARGV[10], new)
return {1, new, at}
`;

/**
 * What is new for who knows a head: nothing, the documents that some changes touched, or all.
 *
 *   KEYS  generation documents versions changes
 *   ARGV  the known number and id, and what is not too much for one answer: changes, documents, octets of texts
 *
 * Answers {head, 0}, {head, 1, names, versions, texts or nothing, {number, id, names as JSON, …}} or {head, 2, versions}.
 */
export const LIST = `
local head = redis.call('GET', KEYS[1]) or '0 '
if head == ARGV[1] .. ' ' .. ARGV[2] then return {head, 0} end
local newest, known = tonumber(string.match(head, '^%d+')), tonumber(ARGV[1])
if known == 0 or newest <= known then return {head, 2, redis.call('HGETALL', KEYS[3])} end
local from = ARGV[1] .. '-0'
local entries = redis.call('XRANGE', KEYS[4], from, '+', 'COUNT', tonumber(ARGV[3]) + 1)
local first, last = entries[1], entries[#entries]
if #entries < 2 or first[1] ~= from or first[2][2] ~= ARGV[2] or last[1] ~= string.format('%d-0', newest) then
  return {head, 2, redis.call('HGETALL', KEYS[3])}
end
local names, seen, steps = {}, {}, {}
for i = 2, #entries do
  local fields = entries[i][2]
  for _, name in ipairs(cjson.decode(fields[4])) do
    if not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  steps[#steps + 1] = string.match(entries[i][1], '^%d+')
  steps[#steps + 1] = fields[2]
  steps[#steps + 1] = fields[4]
end
if #names > tonumber(ARGV[4]) then return {head, 2, redis.call('HGETALL', KEYS[3])} end
if #names == 0 then return {head, 1, names, {}, {}, steps} end
local versions, octets = redis.call('HMGET', KEYS[3], unpack(names)), 0
for _, version in ipairs(versions) do
  if version then octets = octets + tonumber(string.match(version, '%d+$')) end
end
local texts = {}
if octets <= tonumber(ARGV[5]) then texts = redis.call('HMGET', KEYS[2], unpack(names)) end
return {head, 1, names, versions, texts, steps}
`;

/** Texts and versions of documents. KEYS: documents versions; ARGV: names. */
export const READ = `
return {redis.call('HMGET', KEYS[1], unpack(ARGV)), redis.call('HMGET', KEYS[2], unpack(ARGV))}
`;

/**
 * Which of the heads that somebody knows is in the log of changes, and how the log begins.
 *
 *   KEYS  changes       ARGV  number, id, number, id, … newest first
 *
 * Answers {place in the list from 1, or 0, number of the first change in the log, the head that it went on from}.
 */
export const COMMON = `
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first then return {0, '0', ''} end
local start, base = string.match(first[1], '^%d+'), first[2][8]
for i = 1, #ARGV, 2 do
  local at = ARGV[i] .. '-0'
  local found = redis.call('XRANGE', KEYS[1], at, at)[1]
  if found and found[2][2] == ARGV[i + 1] then return {(i + 1) / 2, start, base} end
end
return {0, start, base}
`;

/**
 * A node says of itself what it is at: once a second, and at once when all its threads answer by a new generation.
 *
 *   KEYS  node nodes changes
 *   ARGV  1 its name   2 its run, one word   3 itself, as JSON   4 its generation   5 when it took that up, in microseconds; nothing: now
 *         6 how long this holds, in ms   7 the channel of receipts
 *
 * Answers {1, now, when it took it up}, or {0, when the other one was seen} when a living node of another run has this name.
 */
export const ANNOUNCE = `
local found = redis.call('GET', KEYS[1])
if found and string.match(found, '^%S+') ~= ARGV[2] then return {0, string.match(found, '^%S+ (%S+)')} end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
local taken = ARGV[5]
if taken == '' then taken = now end
redis.call('SET', KEYS[1], table.concat({ARGV[2], now, taken, ARGV[3]}, ' '), 'PX', ARGV[6])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%d', tonumber(now) - 1000 * tonumber(ARGV[6])))
if ARGV[5] == '' then
  local entry = redis.call('XRANGE', KEYS[3], ARGV[4] .. '-0', ARGV[4] .. '-0')[1]
  local accepted = entry and tonumber(entry[2][10])
  local ms = accepted and (tonumber(now) - accepted) / 1000
  redis.call('PUBLISH', ARGV[7], cjson.encode({generation = tonumber(ARGV[4]), node = ARGV[1], run = ARGV[2], at = now, ms = ms}))
end
return {1, now, taken}
`;

/** A node goes. KEYS: node nodes; ARGV: its name and run. */
export const LEAVE = `
local found = redis.call('GET', KEYS[1])
if not found or string.match(found, '^%S+') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`;

/** All tokens, in one step. KEYS: tokens version used. Answers {version, tokens, used}. */
export const READ_TOKENS = `
return {redis.call('GET', KEYS[2]) or '', redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[3])}
`;

/**
 * Changes tokens, if they are still as who changes them saw them.
 *
 *   KEYS  tokens version used
 *   ARGV  1 version seen   2 the new one   3 how many come or change   4… their ids and texts, then ids of those that go
 *
 * The key of the version is also the channel. Answers 1, or 0 where the version is another.
 */
export const CHANGE_TOKENS = `
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
local last = 3 + 2 * tonumber(ARGV[3])
for i = 4, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = last + 1, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[i])
  redis.call('HDEL', KEYS[3], ARGV[i])
end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('PUBLISH', KEYS[2], ARGV[2])
return 1
`;

/**
 * Adds entries to the audit. Their numbers are milliseconds since 1970, or one more than the last where that is larger, so that
 * they go up even after everything was lost. KEYS: audit; ARGV: how many are kept, about; then entries.
 */
export const RECORD_AUDIT = `
local time = redis.call('TIME')
local number = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then number = math.max(number, tonumber(string.match(last[1], '^%d+')) + 1) end
for i = 2, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], string.format('%d-0', number), 'entry', ARGV[i])
  number = number + 1
end
return #ARGV - 1
`;
