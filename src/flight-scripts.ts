import { ACQUIRE, COMMON, RELEASE } from "./scripts.ts";

/**
 * What a single flight asks, in the same shape of reply as the scripts of a lock. They have a third key: the result,
 * which is `<fence of the grant> =<text>`, or `<fence> !` where the computation failed. A file of its own, so that who
 * only locks does not carry it.
 */

const READ: string = `
local fence, kind, text = (redis.call('GET', KEYS[3]) or ''):match('^([1-9]%d*) ([=!])(.*)$')
`;

/**
 * The result if there is one, else ACQUIRE: who is granted the lock knows that nobody's result is there.
 *
 * KEYS lock, record, result, the mark
 * ARGV those of ACQUIRE, the fence of the failure that was there when this caller came, '0' if none was: it is told of
 * any other; '' to be told of none
 * outcomes: kept (fence; instead of a label: the text), failed (fence), and those of ACQUIRE, busy with the fence of the
 * failure that is there
 */
export const FLY: string = `${READ}
if kind == '=' then return { 'kept', -1, fence, '=' .. text } end
if kind and ARGV[5] ~= '' and ARGV[5] ~= fence then return { 'failed', -1, fence, '=' } end
local function acquire() ${ACQUIRE}
end
local answer = acquire()
if kind and answer[1] == 'granted' then redis.call('DEL', KEYS[3]) end
if kind and answer[1] == 'busy' then answer[3] = fence end
return answer`;

/**
 * RELEASE, which leaves the result if the token holds the lock at that moment, and in no other case: whoever lost it,
 * or comes twice, changes nothing.
 *
 * KEYS lock, record, result
 * ARGV those of RELEASE, the life of the result in ms, the result
 * outcomes: those of RELEASE
 */
export const LAND: string = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[4]) end
${RELEASE}`;

/**
 * The result at one store of a quorum. Changes nothing.
 *
 * KEYS lock, record, result
 * outcomes: kept (fence, text), failed (fence), free
 */
export const PEEK: string = `${READ}
if not kind then return { 'free', -1, '', '=' } end
return { kind == '=' and 'kept' or 'failed', -1, fence, '=' .. text }`;

/**
 * Leaves the result at one store of a quorum, if the token holds the lock there and no later result is there.
 *
 * KEYS lock, record, result
 * ARGV token, the life of the result in ms, '', the result
 * outcomes: held (left now, or by an earlier copy), gone
 */
export const LEAVE: string = `${COMMON}
local was = tonumber((call('GET', KEYS[3]) or ''):match('^%d+')) or 0
local fence = tonumber(more:match('^%d+'))
if was == fence then return reply('held') end
if was > fence or call('GET', lock) ~= token then return reply('gone') end
call('SET', KEYS[3], more, 'PX', arg)
return reply('held')`;
