import { COMMON, RELEASE } from "./scripts.ts";

/**
 * RELEASE, which hands the lock to another caller of the same process, unless somebody elsewhere has left its mark for
 * half a second: then the lock is freed for whoever asks next. A second execution answers what the first did. A token that
 * is recorded is handed nothing: its wait is over.
 *
 * KEYS lock, record, mark
 * ARGV token, '0', the record's life in ms or '' for no fence, the other token, its ttl in ms, its record's life or ''
 * outcomes: granted (to the other: left, fence; this token's lock is freed), and those of RELEASE
 */
export const HAND: string = `${COMMON}
local held, ttl, lasting = call('GET', lock), ARGV[5], ARGV[6]
id = more:sub(1, 23)
local mark = read()
if held == more then return reply('granted', call('PTTL', lock), mark == '+' and last) end
if held == token and not mark then
  local since = call('PTTL', KEYS[3])
  if since < 0 or since > 29500 then
    call('SET', lock, more, 'PX', ttl)
    life = lasting
    return reply('granted', tonumber(ttl), life ~= '' and mint())
  end
  call('DEL', KEYS[3])
end
id = token:sub(1, 23)
${RELEASE}`;
