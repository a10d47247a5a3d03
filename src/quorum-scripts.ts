import { ACQUIRE, COMMON, EXTEND, RELEASE } from "./scripts.ts";

/**
 * What a store of a quorum is asked beyond the scripts of one Redis, in the same shape of reply. A file of its own, so
 * that who has one Redis does not carry it.
 */

/**
 * ACQUIRE; with a grant it tells how long this server has been running. One that restarted may have forgotten a lock.
 *
 * ARGV token, ttl, the record's life or '', '1' to be told the time left when busy, '1' to be told of the server
 * outcomes: granted (left, fence; instead of a label: run id and uptime in s, or '' where they cannot be read),
 * busy (left, label), spent
 */
export const VOTE: string = `
local function acquire() ${ACQUIRE}
end
local answer = acquire()
local info = answer[1] == 'granted' and ARGV[5] == '1' and redis.pcall('INFO', 'server')
if type(info) == 'string' then
  local function after(what)
    local _, at = info:find(what, 1, true)
    return at and info:match('^%-?%w+', at + 1) or ''
  end
  answer[4] = '=' .. after('run_id:') .. ' ' .. after('uptime_in_seconds:')
end
return answer`;

/**
 * EXTEND; where the lock is gone it tells the server's time, from which a repair is limited.
 *
 * ARGV token, ttl or ''
 * outcomes: held (left), gone (instead of a fence: the time in microseconds), forced, busy (label)
 */
export const KEEP: string = `
local function extend() ${EXTEND}
end
local answer = extend()
if answer[1] == 'gone' then
  local time = redis.call('TIME')
  answer[3] = ('%.0f'):format(time[1] * 1000000 + time[2])
end
return answer`;

/**
 * Raises the counter of a lock that is held to its agreed fence; with a ttl it first takes the lock where it is free,
 * unless the token was given back or forced there, or the server's clock is past the given time. That a contender was
 * granted the lock there meanwhile, and gave it back, is no obstacle.
 *
 * ARGV token, ttl or '', the record's life or '' for no fence, the agreed fence, the last time for a repair or ''
 * outcomes: held (left, the counter: larger than the agreed fence if it was before), gone
 */
export const MEND: string = `${COMMON}
local held, mark, time = call('GET', lock), life ~= '' and read(), call('TIME')
local now = time[1] * 1000000 + time[2]
if not held and arg ~= '' and mark ~= ',' and mark ~= '!' and now <= tonumber(ARGV[5]) then
  call('SET', lock, token, 'PX', arg)
  held = token
end
if held ~= token then return reply('gone') end
if life ~= '' then
  local fence, counter = tonumber(more), tonumber(last) or 0
  if mark ~= '+' or counter < fence then
    fence = math.max(fence, counter)
    local at = mark and entries:find(id, 1, true)
    if at then entries = entries:sub(1, at - 2) .. entries:sub(at + 23) end
    last = ('%.0f'):format(fence)
    local text = last .. '+' .. id .. entries:gsub('%+', '.'):sub(1, 168)
    call('SET', record, text, 'PX', math.max(0, math.ceil((fence - now) / 1000)) + life)
  end
end
return reply('held', call('PTTL', lock), last)`;

/**
 * RELEASE, after which the token is recorded as given back, with a comma as its mark, whether it was held there or not:
 * a repair that arrives later must not bring the lock back.
 *
 * ARGV token, ms to keep the name or '0', the record's life in ms or '' for no fence
 * outcomes: those of RELEASE
 */
export const GIVE: string = `
local function release() ${RELEASE}
end
local answer = release()
if ARGV[3] ~= '' and answer[1] then
  local text = redis.call('GET', KEYS[2]) or ''
  local at = text:find(ARGV[1]:sub(1, 23), 1, true)
  local mark = at and text:sub(at - 1, at - 1)
  if mark == '+' or mark == '.' then
    redis.pcall('SET', KEYS[2], text:sub(1, at - 2) .. ',' .. text:sub(at), 'KEEPTTL')
  end
end
return answer`;

/**
 * Says what is at the lock. Changes nothing.
 *
 * ARGV ''
 * outcomes: held (left, fence if this holder has one; instead of a label: the whole value), free
 */
export const LOOK: string = `${COMMON}
local held = call('GET', lock)
if not held then return reply('free') end
id = held:sub(1, 23)
return { 'held', call('PTTL', lock), #id == 23 and read() == '+' and last or '', '=' .. held }`;
