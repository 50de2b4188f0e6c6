"""What Redis does in one go with the streams of pushed ticks. All keys share a hash tag.

Each partition has a stream; an entry holds the ticks of one request (`d`) and how many
the partition had got with it, from the beginning of the epoch (`u`). The hash *appended*
has that count of the newest entry by partition, the hash *gone* of the newest entry that
is not there any more. So what waits is their difference, and a reader who finds a gap
between two entries knows how many ticks it lost.
"""

APPEND = """
-- KEYS: epoch, appended, gone, claim; then the stream and the flag of each partition.
-- ARGV: a new epoch, most waiting in a partition, most waiting at all, what to claim with,
--       its life, the flag's life; then the partition, how many ticks, and the ticks.
local claimed = redis.call('GET', KEYS[4])
if claimed then return {'again', claimed} end
local waiting, new = 0, 0
for _, n in ipairs(redis.call('HVALS', KEYS[2])) do waiting = waiting + n end
for _, n in ipairs(redis.call('HVALS', KEYS[3])) do waiting = waiting - n end
for i = 8, #ARGV, 3 do new = new + ARGV[i] end
if new > 0 and waiting + new > tonumber(ARGV[3]) then return {'busy', ''} end
redis.call('SET', KEYS[1], ARGV[1], 'NX')
redis.call('SET', KEYS[4], ARGV[4], 'EX', ARGV[5])
local dropped, asked = 0, {}
local key = 5
for i = 7, #ARGV, 3 do
  local partition, stream, flag = ARGV[i], KEYS[key], KEYS[key + 1]
  key = key + 2
  local upto = redis.call('HINCRBY', KEYS[2], partition, ARGV[i + 1])
  redis.call('XADD', stream, '*', 'd', ARGV[i + 2], 'u', string.format('%.0f', upto))
  local gone = tonumber(redis.call('HGET', KEYS[3], partition) or '0')
  while upto - gone > tonumber(ARGV[2]) do
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    local its = tonumber(oldest[2][4])
    if its >= upto then break end
    redis.call('XDEL', stream, oldest[1])
    if its > gone then
      dropped = dropped + its - gone
      gone = its
    end
  end
  redis.call('HSET', KEYS[3], partition, string.format('%.0f', gone))
  if redis.call('SET', flag, '1', 'NX', 'EX', ARGV[6]) then asked[#asked + 1] = partition end
end
return {'taken', dropped, asked}
"""

READ = """
-- KEYS: epoch, stream. ARGV: the epoch and the entry up to which it is read, enough bytes.
local epoch = redis.call('GET', KEYS[1])
if not epoch then return {'', {}} end
local after, found, size = ARGV[2], {}, 0
if epoch ~= ARGV[1] then
  after = '0-0'
elseif redis.call('EXISTS', KEYS[2]) == 1 then
  -- A Redis that went back to an older copy of itself may give out numbers again.
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      local its, itsn = string.match(info[i + 1], '(%d+)-(%d+)')
      local ours, oursn = string.match(after, '(%d+)-(%d+)')
      its, itsn, ours, oursn = tonumber(its), tonumber(itsn), tonumber(ours), tonumber(oursn)
      if its < ours or (its == ours and itsn < oursn) then
        redis.call('XSETID', KEYS[2], after)
      end
    end
  end
end
while true do
  local page = redis.call('XRANGE', KEYS[2], '(' .. after, '+', 'COUNT', 32)
  for _, entry in ipairs(page) do
    after = entry[1]
    found[#found + 1] = {after, entry[2][2], entry[2][4]}
    size = size + #entry[2][2]
    if size >= tonumber(ARGV[3]) then return {epoch, found} end
  end
  if #page < 32 then return {epoch, found} end
end
"""

TRIM = """
-- KEYS: epoch, stream, gone, appended. ARGV: the epoch, the entry up to which all is recorded,
--       the partition, how many ticks it had got up to there.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local ms, n = string.match(ARGV[2], '(%d+)-(%d+)')
redis.call('XTRIM', KEYS[2], 'MINID', '=', ms .. '-' .. string.format('%.0f', n + 1))
local gone = tonumber(redis.call('HGET', KEYS[3], ARGV[3]) or '0')
-- Never more than there ever were: a Redis that went back to an older copy of itself counts from
-- there, and what comes next would not be seen to wait.
local appended = tonumber(redis.call('HGET', KEYS[4], ARGV[3]) or '0')
local now = math.min(math.max(gone, tonumber(ARGV[4])), appended)
if now ~= gone then redis.call('HSET', KEYS[3], ARGV[3], string.format('%.0f', now)) end
return redis.call('XLEN', KEYS[2])
"""

LAG = """
-- KEYS: streams. Gives how many milliseconds the oldest entry of each has waited; 0 without any.
local now, waits = redis.call('TIME'), {}
for i, stream in ipairs(KEYS) do
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local at = oldest and string.match(oldest[1], '(%d+)-')
  waits[i] = at and math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - at) or 0
end
return waits
"""
