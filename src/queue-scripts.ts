import { COMMON, RELEASE } from "./scripts.ts";

/**
 * The waiting line of a name (`fair`), in the same shape of reply as the scripts of a lock. A file of its own, so that who
 * only locks by polling does not carry it.
 *
 * The third key is a sorted set. Its first members are the places, `<who> <token>`, by number of arrival; behind them, as
 * their scores are larger, stand those who wait, `<who>`, each with the time on the server's clock at which its places
 * lapse. Who waits alone is called by its token's id; a process that listens for messages is called by its channel, and
 * keeps all its places alive by anything it sends.
 *
 * Whoever has the right to give the lock away writes `?` and the token of the first in line who is alive, with a life
 * until that place lapses. The fence is minted in the same step. The holder of a place serves one grant at most: a token
 * that is recorded does not stand in line again.
 */
const LINE: string = `${COMMON}
local queue, place, joined = KEYS[3], ARGV[5], ARGV[6]
local seat = more .. ' ' .. token
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function first()
  while true do
    local member = call('ZRANGE', queue, 0, 0)[1] or ''
    local who, other = member:match('^(%S+) (.*)$')
    if not other then return end
    local rest = (call('ZSCORE', queue, who) or 0) - now
    if rest > 0 and not entries:find(other:sub(1, 23), 1, true) then return member, who, other, rest end
    call('ZREM', queue, member)
  end
end
local function pass(member, who, other, rest)
  id = other:sub(1, 23)
  call('ZREM', queue, member, id)
  call('SET', lock, '?' .. other, 'PX', ('%.0f'):format(rest))
  return mint()
end
local function wake(who, fence)
  if who ~= id then redis.pcall('PUBLISH', who, id .. ' ' .. fence) end
end
`;

/**
 * Takes the lock, or a place in line, or says how many are before this one. Gives a free lock to whoever is first. A
 * later execution refreshes the place; one that finds the place lapsed does not take another with the same token.
 *
 * KEYS lock, record, queue
 * ARGV token, ttl in ms, the record's life in ms, who, the life of the place in ms or '' to take none, '1' if there is a place
 * outcomes: granted (left, fence), busy (left, label), next (left, the last fence, label), waiting (how many are before,
 * the last fence, label), spent. While a lock that was handed over is not confirmed, the whole value stands instead of
 * the label: whoever of the same process hears it can tell the one that was handed it, if the message was lost.
 */
export const JOIN: string = `${LINE}
local held, mark = call('GET', lock), read()
if held == '?' .. token then
  call('SET', lock, token, 'PX', arg)
  return reply('granted', tonumber(arg), mark == '+' and last or mint())
end
if held == token and (mark == '+' or not mark) then
  return reply('granted', call('PTTL', lock), mark and last or mint())
end
if mark then
  call('ZREM', queue, seat, id)
  return reply('spent')
end
if not held then
  local member, who, other, rest = first()
  if not member or member == seat then
    call('ZREM', queue, seat, id)
    call('SET', lock, token, 'PX', arg)
    return reply('granted', tonumber(arg), mint())
  end
  wake(who, pass(member, who, other, rest))
  held = '?' .. other
  entries = '+' .. id
end
if place == '' then return reply('busy', call('PTTL', lock), '', held) end
if not call('ZSCORE', queue, seat) then
  if joined == '1' then return reply('spent') end
  local back = call('ZREVRANGEBYSCORE', queue, '1000000000000', '0', 'WITHSCORES', 'LIMIT', '0', '1')
  call('ZREMRANGEBYSCORE', queue, '1000000000001', ('%.0f'):format(now))
  call('ZADD', queue, (back[2] or 0) + 1, seat)
end
call('ZADD', queue, 'GT', ('%.0f'):format(now + place), more)
call('PEXPIRE', queue, '60000')
local before = call('ZRANK', queue, seat)
local known = last ~= '0' and last
local answer = before == 0 and reply('next', call('PTTL', lock), known, held) or reply('waiting', before, known, held)
if held:sub(1, 24) == '?' .. entries:sub(2, 24) then answer[4] = '=' .. held end
return answer`;

/**
 * RELEASE, which hands the lock to the first in line, and leaves the line where the token stands in it.
 *
 * KEYS lock, record, queue
 * ARGV token, ms to keep the name or '0', the record's life in ms, who
 * outcomes: those of RELEASE; freed says, as fence and instead of a label, what another of the same process was handed
 */
export const PASS: string = `${LINE}
local held = call('GET', lock)
call('ZREM', queue, seat, id)
if arg == '0' and (held == token or held == '?' .. token) then
  read()
  local member, who, other, rest = first()
  if other then
    local fence = pass(member, who, other, rest)
    if who == more then return { 'freed', -1, fence, '=' .. id } end
    wake(who, fence)
    return reply('freed')
  end
end
${RELEASE}`;

/**
 * Says how many places the line has: a dead one counts until it lapses and comes to the front. Changes nothing.
 *
 * KEYS lock, record, queue
 * outcomes: waiting (how many)
 */
export const COUNT: string = `
return { 'waiting', redis.call('ZCOUNT', KEYS[3], '0', '1000000000000'), '', '=' }`;
