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
 *
 * The build shortens what is written here: `scripts/minify-lua.ts`.
 */

/**
 * Every script but SCAN has the lock and its record as KEYS, and of the token, milliseconds and the record's life what it
 * needs as its first arguments, in this order. `held` is the value
 * of the lock, `last` the last fence in its record, `entries` the rest of that.
 */
export const COMMON: string = `
local call, lock, record, token, arg, life, more = redis.call, KEYS[1], KEYS[2], unpack(ARGV)
local id, last, entries = token:sub(1, 23)
local function reply(outcome, left, fence, value)
  local owner, label = (value or ''):match('^[.?]?(t[%w_-]+):? (.*)$')
  return { outcome, left or -1, fence or '', '=' .. (owner and #owner == 23 and label or '') }
end
local function read()
  last, entries = (call('GET', record) or ''):match('^(%d*)(.*)$')
  local at = entries:find(id, 1, true)
  return at and entries:sub(at - 1, at - 1)
end
local function mint()
  local time = call('TIME')
  local now = time[1] * 1000000 + time[2]
  local fence = math.max((tonumber(last) or 0) + 1, now)
  assert(fence < 9007199254740992, 'the last fence of this name is too large')
  last = ('%.0f'):format(fence)
  call('SET', record, last .. '+' .. id .. entries:gsub('%+', '.', 1):sub(1, 168), 'PX', math.ceil((fence - now) / 1000) + life)
  return last
end
`;

/**
 * Takes the lock if it is free, or says who has it. A second execution finds its own token and answers what the first
 * did, with the time left; one that comes after its own release finds the token spent, and undoes itself.
 *
 * Who waits leaves its mark if the lock is held from a process that may hand it over without letting anyone else in:
 * HAND heeds it.
 *
 * KEYS lock, record, the mark if the caller waits, as the last
 * ARGV token, ttl in ms, the record's life in ms or '' for no fence, '1' to be told the time left when busy
 * outcomes: granted (left, fence), busy (left, label), spent
 */
export const ACQUIRE: string = `${COMMON}
local held = redis.pcall('SET', lock, token, 'NX', 'GET', 'PX', arg)
if type(held) == 'table' then
  held = call('GET', lock)
  if not held then call('SET', lock, token, 'PX', arg) end
end
if held and held ~= token then
  if KEYS[3] and held:find('^t[%w_-]+:') then call('SET', KEYS[#KEYS], '1', 'NX', 'PX', '30000') end
  return reply('busy', more == '1' and call('PTTL', lock), '', held)
end
local left = held and call('PTTL', lock) or tonumber(arg)
if life == '' then return reply('granted', left) end
local ok, mark = pcall(read)
if not mark then return reply('granted', left, mint()) end
if held and mark == '+' then return reply('granted', left, last) end
if not held then call('DEL', lock) end
return ok and reply('spent') or type(mark) == 'table' and mark or { err = mark }`;

/**
 * Extends a held lock, never shortens it; without a ttl only says whether it is held.
 *
 * KEYS lock, record
 * ARGV token, ttl in ms or ''
 * outcomes: held (left), gone, forced, busy (label)
 */
export const EXTEND: string = `${COMMON}
local held = call('GET', lock)
if held == '?' .. token then
  call('SET', lock, token, 'KEEPTTL')
  held = token
end
if held == token then
  local ttl = tonumber(arg)
  if ttl and type(redis.pcall('PEXPIRE', lock, arg, 'GT')) == 'table' then
    local left = call('PTTL', lock)
    if left >= 0 and left < ttl then call('PEXPIRE', lock, arg) end
  end
  return reply('held', ttl or call('PTTL', lock))
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
local held, kept = call('GET', lock), '.' .. token
if held == token or held == '?' .. token then
  if arg == '0' then call('DEL', lock) else call('SET', lock, kept, 'PX', arg) end
  held = kept
end
if held == kept then return reply('freed') end
local mark = read()
if mark == '!' then return reply('forced') end
if mark or life == '' then return reply('gone') end
local first = entries:sub(1, 1) == '+' and 24 or 0
local text = (last == '' and 0 or last) .. entries:sub(1, first) .. '.' .. id .. entries:sub(first + 1, first + 144)
call('SET', record, text, 'PX', math.max(call('PTTL', record), life))
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
if held == token then return reply('granted', call('PTTL', lock), last) end
if held ~= more then return reply(held and 'busy' or 'gone', -1, '', held) end
local mark, old = held:match('^([.?]?)(t[%w_-]+)')
if old and #old == 23 then
  local at = entries:find(old, 1, true)
  if at then entries = entries:sub(1, at - 2) .. entries:sub(at + 23) end
  entries = (mark == '.' and '.' or '!') .. old .. entries
end
mint()
call('SET', lock, token, 'PX', arg)
return reply('granted', tonumber(arg), last)`;

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
if held:sub(1, 1) == '.' then return reply('kept', left) end
id = held:gsub('^%?', ''):sub(1, 23)
return reply('held', left, #id == 23 and read() == '+' and last, held)`;

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
