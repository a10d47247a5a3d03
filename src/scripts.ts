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

/**
 * Every script but SCAN has the lock and its record as KEYS and the token as its first argument. `held` is the value
 * of the lock, `was` the record: its last fence, then its `entries`.
 */
const COMMON = `
local call, sub, match, lock, record, token, arg = redis.call, string.sub, string.match, KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local id, was, entries = sub(token, 1, 23)
local function reply(outcome, left, fence, value)
  local owner, label = match(value or '', '^[.?]?(t[%w_-]+) (.*)$')
  return { outcome, left or -1, fence or '', '=' .. (owner and #owner == 23 and label or '') }
end
local function read()
  was = call('GET', record) or ''
  entries = match(was, '^%d*(.*)$')
  local at = string.find(was, id, 1, true)
  return at and sub(was, at - 1, at - 1)
end
local function mint(life)
  local time = call('TIME')
  local now = time[1] * 1000000 + time[2]
  local fence = math.max((tonumber(match(was, '^%d+')) or 0) + 1, now)
  assert(fence < 9007199254740992, 'the last fence of this name is too large')
  local text, px = string.format('%.0f', fence), math.ceil(math.max(0, fence - now) / 1000) + life
  call('SET', record, text .. '+' .. id .. sub(entries:gsub('%+', '.'), 1, 168), 'PX', px)
  return text
end
`;

/**
 * Takes the lock if it is free, or says who has it. A second execution finds its own token and answers what the first
 * did, with the time left; one that comes after its own release finds the token spent, and undoes itself.
 *
 * KEYS lock, record
 * ARGV token, ttl in ms, the record's life in ms or '' for no fence, '1' to be told the time left when busy
 * outcomes: granted (left, fence), busy (left, label), spent
 */
export const ACQUIRE: string = `${COMMON}
local held = redis.pcall('SET', lock, token, 'NX', 'GET', 'PX', arg)
if type(held) == 'table' then
  held = call('GET', lock)
  if not held then call('SET', lock, token, 'PX', arg) end
end
if held and held ~= token then return reply('busy', ARGV[4] == '1' and call('PTTL', lock), '', held) end
local left = held and call('PTTL', lock) or tonumber(arg)
if ARGV[3] == '' then return reply('granted', left) end
local ok, mark = pcall(read)
if not ok then
  if not held then call('DEL', lock) end
  return type(mark) == 'table' and mark or { err = mark }
end
if not mark then return reply('granted', left, mint(ARGV[3])) end
if held and mark == '+' then return reply('granted', left, match(was, '^%d+')) end
if not held then call('DEL', lock) end
return reply('spent')`;

/**
 * Extends a held lock, never shortens it; without a ttl only says whether it is held.
 *
 * KEYS lock, record
 * ARGV token, ttl in ms or ''
 * outcomes: held (left), gone, forced, busy (label)
 */
export const EXTEND: string = `${COMMON}
local held = call('GET', lock)
if held == token then
  if arg == '' then return reply('held', call('PTTL', lock)) end
  if type(redis.pcall('PEXPIRE', lock, arg, 'GT')) == 'table' then
    local left = call('PTTL', lock)
    if left >= 0 and left < tonumber(arg) then call('PEXPIRE', lock, arg) end
  end
  return reply('held', tonumber(arg))
end
return reply(read() == '!' and 'forced' or held and held ~= '.' .. token and 'busy' or 'gone', -1, '', held)`;

/**
 * Gives the lock back, or keeps the name for the rest of its `minHold`. A token that was never granted is recorded as
 * spent, so that an acquire which arrives after its own clean-up comes to nothing.
 *
 * KEYS lock, record
 * ARGV token, ms to keep the name or '0', the record's life in ms or '' for no fence
 * outcomes: freed, gone (not by force; or so long ago that eight later tokens have pushed this one out of the record),
 * forced, unrecorded (never granted, or the record was lost)
 */
export const RELEASE: string = `${COMMON}
local held = call('GET', lock)
if held == token then
  if arg == '0' then call('DEL', lock) else call('SET', lock, '.' .. token, 'PX', arg) end
end
if held == token or held == '.' .. token then return reply('freed') end
local mark = read()
if mark == '!' then return reply('forced') end
if mark or ARGV[3] == '' then return reply('gone') end
local last = sub(entries, 1, 1) == '+' and sub(entries, 1, 24) or ''
local text = (match(was, '^%d+') or '0') .. last .. '.' .. id .. sub(entries, #last + 1, #last + 144)
call('SET', record, text, 'PX', math.max(call('PTTL', record), tonumber(ARGV[3])))
return reply(#entries < 192 and 'unrecorded' or 'gone')`;

/**
 * Takes the lock over from exactly the value that was read, with a new token, and marks the old token as taken by
 * force. A second execution answers what the first did; one that comes late finds another value and does nothing.
 *
 * KEYS lock, record
 * ARGV new token, ttl in ms, the record's life in ms, the value that was read
 * outcomes: granted (left, fence), busy (label), gone
 */
export const FORCE: string = `${COMMON}
local held = call('GET', lock)
read()
if held == token then return reply('granted', call('PTTL', lock), match(was, '^%d+')) end
if held ~= ARGV[4] then return reply(held and 'busy' or 'gone', -1, '', held) end
local old = match(held, '^[.?]?(t[%w_-]+)')
if old and #old == 23 then
  local at = string.find(entries, old, 1, true)
  if at then entries = sub(entries, 1, at - 2) .. sub(entries, at + 23) end
  entries = (sub(held, 1, 1) == 't' and '!' or '.') .. old .. entries
end
local fence = mint(ARGV[3])
call('SET', lock, token, 'PX', arg)
return reply('granted', tonumber(arg), fence)`;

/**
 * Says who has the lock. Changes nothing.
 *
 * KEYS lock, record
 * ARGV '' for the owner's label, '1' for the whole value, for FORCE
 * outcomes: held (left or -1 for no expiry, fence if this holder has one, label), kept (left), free
 */
export const QUERY: string = `${COMMON}
local held = call('GET', lock)
if not held then return reply('free') end
local left = call('PTTL', lock)
if token == '1' then return { 'held', left, '', '=' .. held } end
if sub(held, 1, 1) == '.' then return reply('kept', left) end
id = sub(held, 1, 23)
return reply('held', left, #id == 23 and read() == '+' and match(was, '^%d+'), held)`;

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
