/**
 * The protocol, as Lua. Every script answers in one shape, so that one strict parser reads them all:
 *
 *   { outcome, time left in ms or -1, fence or '', '=' .. owner label }
 *
 * No field survives as a JSON number, boolean or null where it should be a text: `@upstash/redis` parses replies.
 * Fences are texts because Lua prints large numbers as 1.7e+15. Scripts use KEYS for every key they touch.
 *
 * The record of a name is `<last fence>` followed by up to eight entries of 24 characters, newest first: a mark and a
 * token's id. `+` is the last grant and stands first, `.` is spent, `!` was taken by force. The marks are outside the
 * ids' alphabet, so a plain search for an id cannot match across two entries.
 */

const REPLY = `
local function reply(outcome, left, fence, value)
  local id, label = string.match(value or '', '^[.?]?(t[%w_-]+) (.*)$')
  return { outcome, left or -1, fence or '', '=' .. (id and #id == 23 and label or '') }
end`;

/** Grants: mints the next fence and writes the record. `entries` are those that were there. */
const MINT = `
local function mint(was, entries, id, life)
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local fence = math.max((tonumber(string.match(was, '^%d+')) or 0) + 1, now)
  if fence > 9007199254740991 then return nil end
  local px = math.ceil(math.max(0, fence - now) / 1000) + life
  local text = string.format('%.0f', fence)
  entries = '+' .. id .. string.sub(string.gsub(entries, '%+', '.'), 1, 168)
  redis.call('SET', KEYS[2], text .. entries, 'PX', string.format('%.0f', px))
  return text
end
local TOO_LARGE = { err = 'ERR holdfast: the last fence of this name is beyond the safe integers' }`;

/**
 * Takes the lock if it is free, or says who has it. A second execution finds its own token and answers what the first
 * did, with the time left; one that comes after its own release finds the token spent, and undoes itself.
 *
 * KEYS lock, record
 * ARGV token, ttl in ms, the record's life in ms or '' for no fence, '1' to be told the time left when busy
 * outcomes: granted (left, fence), busy (left, label), spent
 */
export const ACQUIRE: string = `${REPLY}${MINT}
local token, life = ARGV[1], ARGV[3]
local value = redis.pcall('SET', KEYS[1], token, 'NX', 'GET', 'PX', ARGV[2])
if type(value) == 'table' then
  value = redis.call('GET', KEYS[1])
  if not value then redis.call('SET', KEYS[1], token, 'PX', ARGV[2]) end
end
if value and value ~= token then
  return reply('busy', ARGV[4] == '1' and redis.call('PTTL', KEYS[1]), '', value)
end
local left = value and redis.call('PTTL', KEYS[1]) or tonumber(ARGV[2])
if life == '' then return reply('granted', left) end
local id = string.sub(token, 1, 23)
local was = redis.pcall('GET', KEYS[2]) or ''
local failed = type(was) == 'table' and was
local at = not failed and string.find(was, id, 1, true)
if at and value and string.sub(was, at - 1, at - 1) == '+' then
  return reply('granted', left, string.match(was, '^%d+'))
end
local fence
if not failed and not at then
  fence = mint(was, string.match(was, '^%d*(.*)$'), id, life)
  failed = not fence and TOO_LARGE
end
if fence then return reply('granted', left, fence) end
if not value then redis.call('DEL', KEYS[1]) end
return failed or reply('spent')`;

/**
 * Extends a held lock, never shortens it; without a ttl only says whether it is held.
 *
 * KEYS lock, record
 * ARGV token, ttl in ms or ''
 * outcomes: held (left), gone, forced, busy (label)
 */
export const EXTEND: string = `${REPLY}
local value = redis.call('GET', KEYS[1])
if value == ARGV[1] then
  if ARGV[2] == '' then return reply('held', redis.call('PTTL', KEYS[1])) end
  if type(redis.pcall('PEXPIRE', KEYS[1], ARGV[2], 'GT')) == 'table' then
    local left = redis.call('PTTL', KEYS[1])
    if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  end
  return reply('held', tonumber(ARGV[2]))
end
if string.find(redis.call('GET', KEYS[2]) or '', '!' .. string.sub(ARGV[1], 1, 23), 1, true) then
  return reply('forced', -1, '', value)
end
return reply(value and value ~= '.' .. ARGV[1] and 'busy' or 'gone', -1, '', value)`;

/**
 * Gives the lock back, or keeps the name for the rest of its `minHold`. A token that was never granted is recorded as
 * spent, so that an acquire which arrives after its own clean-up comes to nothing.
 *
 * KEYS lock, record
 * ARGV token, ms to keep the name or '0', the record's life in ms or '' for no fence
 * outcomes: freed, gone (not by force), forced, unrecorded (never granted, or the record was lost)
 */
export const RELEASE: string = `${REPLY}
local value = redis.call('GET', KEYS[1])
if value == ARGV[1] then
  if ARGV[2] == '0' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], '.' .. value, 'PX', ARGV[2])
  end
  return reply('freed')
end
if value == '.' .. ARGV[1] then return reply('freed') end
local id = string.sub(ARGV[1], 1, 23)
local was = redis.call('GET', KEYS[2]) or ''
local at = string.find(was, id, 1, true)
if at and string.sub(was, at - 1, at - 1) == '!' then return reply('forced') end
if at or ARGV[3] == '' then return reply('gone') end
local fence, granted, entries = string.match(was, '^(%d*)(%+?)(.*)$')
if granted == '+' then
  granted = '+' .. string.sub(entries, 1, 23)
  entries = string.sub(entries, 24)
end
if fence == '' then fence = '0' end
local px = math.max(redis.call('PTTL', KEYS[2]), tonumber(ARGV[3]))
redis.call('SET', KEYS[2], fence .. granted .. '.' .. id .. string.sub(entries, 1, 144), 'PX', string.format('%.0f', px))
return reply('unrecorded')`;

/**
 * Takes the lock over from exactly the value that was read, with a new token, and marks the old token as taken by
 * force. A second execution answers what the first did; one that comes late finds another value and does nothing.
 *
 * KEYS lock, record
 * ARGV the value that was read, new token, ttl in ms, the record's life in ms
 * outcomes: granted (left, fence), busy (label), gone
 */
export const FORCE: string = `${REPLY}${MINT}
local value = redis.call('GET', KEYS[1])
local was = redis.call('GET', KEYS[2]) or ''
if value == ARGV[2] then return reply('granted', redis.call('PTTL', KEYS[1]), string.match(was, '^%d+')) end
if value ~= ARGV[1] then return reply(value and 'busy' or 'gone', -1, '', value) end
local entries = string.match(was, '^%d*(.*)$')
local old = string.match(value, '^[.?]?(t[%w_-]+)')
if old and #old == 23 then
  local at = string.find(entries, old, 1, true)
  if at then entries = string.sub(entries, 1, at - 2) .. string.sub(entries, at + 23) end
  entries = (string.sub(value, 1, 1) == 't' and '!' or '.') .. old .. entries
end
local fence = mint(was, entries, string.sub(ARGV[2], 1, 23), ARGV[4])
if not fence then return TOO_LARGE end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return reply('granted', tonumber(ARGV[3]), fence)`;

/**
 * Says who has the lock. Changes nothing.
 *
 * KEYS lock, record
 * ARGV '1' to be told the whole value, for FORCE, instead of the label
 * outcomes: held (left or -1 for no expiry, fence if this holder has one, label), kept (left), free
 */
export const QUERY: string = `${REPLY}
local value = redis.call('GET', KEYS[1])
if not value then return reply('free') end
local left = redis.call('PTTL', KEYS[1])
if ARGV[1] == '1' then return { 'held', left, '', '=' .. value } end
if string.sub(value, 1, 1) == '.' then return reply('kept', left) end
local fence, id = string.match(redis.call('GET', KEYS[2]) or '', '^(%d+)%+(.......................)')
return reply('held', left, string.sub(value, 1, 23) == id and fence, value)`;

/**
 * One page of the names under a prefix. The only script without KEYS: on a cluster it runs on each node.
 *
 * ARGV cursor, pattern
 * answers: { '=' .. next cursor, '=' .. key, … }
 */
export const SCAN: string = `
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', '100', 'TYPE', 'string')
local answer = { '=' .. page[1] }
for i, key in ipairs(page[2]) do answer[i + 1] = '=' .. key end
return answer`;
