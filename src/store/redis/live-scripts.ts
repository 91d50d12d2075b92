/**
 * What has to happen in one step of what probers and nodes tell each other, in Lua. See scripts.ts for that of documents.
 *
 * @module
 */

/**
 * A prober says that it is there.
 *
 *   KEYS  probers, the prober's hash
 *   ARGV  1 its name   2 its run   3 its epoch   4 the number of its last message   5 itself, as JSON   6 after how many ms without this it
 *         counts as gone   7 how many seconds its hash lives without this   8 the channel of probers
 *
 * Answers {1, 1 where its hash is empty now and is to be filled, 1 where another process has used its name}, or {0, ms since it was
 * heard} when one that started later has its name: then nothing is changed, but that one is told.
 */
export const PROBER_BEAT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = redis.call('HGET', KEYS[1], ARGV[1])
local at, epoch, run
if found then at, epoch, run = string.match(found, '^(%d+) %d+ (%S+) (%S+)') end
if run and run ~= ARGV[2] then
  local theirs, mine = tonumber(epoch) or 0, tonumber(ARGV[3])
  if theirs > mine or (theirs == mine and run > ARGV[2]) then
    if redis.call('HGET', KEYS[2], 'run') == run then redis.call('HSET', KEYS[2], 'double', now) end
    return {0, now - tonumber(at)}
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d ', now) .. table.concat({ARGV[4], ARGV[3], ARGV[2], ARGV[5]}, ' '))
local isEmpty, isDouble = 0, 0
if redis.call('HGET', KEYS[2], 'run') ~= ARGV[2] then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'run', ARGV[2], 'n', ARGV[4])
  isEmpty = 1
elseif redis.call('HDEL', KEYS[2], 'double') == 1 then
  isDouble = 1
end
redis.call('EXPIRE', KEYS[2], ARGV[7])
if run ~= ARGV[2] then redis.call('PUBLISH', ARGV[8], '+ ' .. ARGV[1]) end
return {1, isEmpty, isDouble}
`;

/**
 * A prober tells opinions: to who listens, and to who comes late.
 *
 *   KEYS  the prober's hash
 *   ARGV  1 its run   2 the number of the message   3 the channel of opinions   4 the message   5 how many fields are set
 *         6… these and their values, then fields that go
 *
 * Answers 1, 2 where its hash has been lost and only who listens was told, or 0 where another process has its name.
 */
export const TELL_OPINIONS = `
local run = redis.call('HGET', KEYS[1], 'run')
if run and run ~= ARGV[1] then return 0 end
redis.call('PUBLISH', ARGV[3], ARGV[4])
if not run then return 2 end
redis.call('HSET', KEYS[1], 'n', ARGV[2])
local last = 5 + 2 * tonumber(ARGV[5])
for i = 6, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
return 1
`;

/** A prober goes. KEYS: probers, its hash; ARGV: its name, its run, the channel of probers. */
export const PROBER_LEAVE = `
if redis.call('HGET', KEYS[2], 'run') == ARGV[2] then redis.call('DEL', KEYS[2]) end
local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found then return 0 end
local epoch, run = string.match(found, '^%d+ %d+ (%S+) (%S+)')
if run ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[3], '- ' .. epoch .. ' ' .. ARGV[1])
return 1
`;

/**
 * Changes what is said of one member.
 *
 *   KEYS  the hash, which is the channel too       ARGV  1 the member   2 what is said, or nothing   3… members of which it is over
 *
 * Answers the new version.
 */
export const CHANGE_MEMBER = `
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
local version = string.format('%d', (tonumber(redis.call('HGET', KEYS[1], 'version')) or 0) + 1)
redis.call('HSET', KEYS[1], 'version', version)
redis.call('PUBLISH', KEYS[1], version .. ' ' .. ARGV[1] .. '\\n' .. ARGV[2])
return tonumber(version)
`;

/**
 * Gives back what was lost of members. KEYS: the hash, which is the channel too; ARGV: the version that was seen, then members and
 * what was said of them. What stands there stays. Answers 0 where nothing was lost, or another one was faster.
 */
export const RESTORE_MEMBERS = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version')) or 0
if version >= tonumber(ARGV[1]) then return 0 end
for i = 2, #ARGV, 2 do
  if not redis.call('HGET', KEYS[1], ARGV[i]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HSET', KEYS[1], 'version', string.format('%d', tonumber(ARGV[1]) + 1))
redis.call('PUBLISH', KEYS[1], '')
return 1
`;

/** Adds to a journal, and tells it. KEYS: the stream, which is the channel too; ARGV: how many are kept, about; the entry. */
export const ADD_TO_JOURNAL = `
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'entry', ARGV[2])
redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[2])
return id
`;

/** One of several may write, and says so again and again. KEYS: the lease; ARGV: who, for how many ms. Answers 2 where it is new, 1, or 0. */
export const TAKE_LEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return holder and 1 or 2
`;
