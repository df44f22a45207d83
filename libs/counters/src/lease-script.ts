import { epochMs } from './bucket-store.js';

/** A full bucket is forgotten this long after nothing is out any more. */
const graceMs = 2 * epochMs + 60_000;

/** Numbers of one ask in the order of the script's arguments. */
const argumentsPerAsk = 10;

/**
 * The exchange of BucketStore as one atomic script: ARGV[1] is the time, or empty for the server's own; then ten numbers
 * per key. Answers tokens, epoch, granted and time of each bucket, as text: a number in a reply would lose its fraction.
 */
export const leaseScript = `
local at = tonumber(ARGV[1])
if not at then
  local time = redis.call('TIME')
  at = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function text(number) return string.format('%.17g', number) end
local answers = {}
for index, key in ipairs(KEYS) do
  local base = 1 + (index - 1) * ${argumentsPerAsk}
  local function argument(offset) return tonumber(ARGV[base + offset]) end
  local rate, burst, need, ahead = argument(1), argument(2), argument(3), argument(4)

  local row = redis.call('HMGET', key, 'tokens', 'fresh', 'stale', 'epoch', 'updated')
  local before = tonumber(row[5]) or at
  local tokens, fresh, stale = tonumber(row[1]) or burst, tonumber(row[2]) or 0, tonumber(row[3]) or 0
  local old = tonumber(row[4]) or math.floor(at / ${epochMs})
  local now = math.max(at, math.min(before, at + ${2 * epochMs}))
  local epoch = math.floor(now / ${epochMs})

  local void = math.max((old + 2) * ${epochMs}, before)
  tokens = math.min(tokens + rate * math.max(0, math.min(now, void) - before), math.max(0, burst - fresh - stale))
  tokens = math.min(burst, tokens + rate * math.max(0, now - void))

  if epoch == old + 1 then fresh, stale = 0, fresh elseif epoch > old then fresh, stale = 0, 0 end

  local function settle(out, of)
    local done, unused = 0, 0
    for slot = 5, 8, 3 do
      if argument(slot) == of then done, unused = done + argument(slot + 1), unused + argument(slot + 2) end
    end
    done = math.min(out, done)
    return out - done, math.min(done, unused)
  end
  local back
  fresh, back = settle(fresh, epoch)
  tokens = tokens + back
  stale, back = settle(stale, epoch - 1)
  tokens = math.min(tokens + back, math.max(0, burst - fresh - stale))

  local granted = math.min(need, math.floor(tokens))
  local share = math.floor((tokens - granted) / 4)
  granted = granted + math.max(0, math.min(ahead, share, math.max(1, math.floor(burst / 40))))
  tokens, fresh = tokens - granted, fresh + granted

  redis.call('HSET', key, 'tokens', text(tokens), 'fresh', text(fresh), 'stale', text(stale), 'epoch', text(epoch), 'updated', text(now))
  redis.call('PEXPIRE', key, string.format('%.0f', math.min(1e15, math.ceil((burst - tokens) / rate) + ${graceMs})))
  answers[index] = { text(tokens), text(epoch), text(granted), text(now) }
end
return answers
`;
