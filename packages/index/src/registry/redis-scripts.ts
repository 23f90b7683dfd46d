// What Redis does in one go for the lease store, in Lua: entering, taking out and sweeping leases with all that counts
// them. Names below the prefix (first argument):
//   l:SLOT   hash   sequence, lease, until, forget, confirmed, network, offers, digest; when it ended, sequence and forget
//   alive    zset   slots by the time that they run out      slots   zset   the same in the order of names, for pages
//   gone     zset   slots by the time that they are forgotten
//   k:KEY    set    slots of a key                            n:NET   set    slots of a network
//   h:HASH   hash   slot → share (0 to 65535) of one content  thin    zset   contents by how many hold them whole
//   no       hash   network → offers                          offers  count  all offers

const shared = `
local p = ARGV[1]
local function hashes(offers, each)
  for i = 1, #offers, 22 do
    local share = string.byte(offers, i + 20) * 256 + string.byte(offers, i + 21)
    each(string.sub(offers, i, i + 19), share)
  end
end
local function countOffers(network, change)
  if change == 0 then return end
  redis.call('INCRBY', p .. 'offers', change)
  if redis.call('HINCRBY', p .. 'no', network, change) == 0 then redis.call('HDEL', p .. 'no', network) end
end
local function takeOut(slot, network, offers)
  redis.call('ZREM', p .. 'alive', slot)
  redis.call('ZREM', p .. 'slots', slot)
  redis.call('SREM', p .. 'k:' .. string.sub(slot, 1, 64), slot)
  redis.call('SREM', p .. 'n:' .. network, slot)
  countOffers(network, -#offers / 22)
  hashes(offers, function(hash, share)
    redis.call('HDEL', p .. 'h:' .. hash, slot)
    if share == 65535 then redis.call('ZINCRBY', p .. 'thin', -1, hash) end
    if redis.call('EXISTS', p .. 'h:' .. hash) == 0 then redis.call('ZREM', p .. 'thin', hash) end
  end)
end
local function drop(slot)
  local was = redis.call('HMGET', p .. 'l:' .. slot, 'network', 'offers')
  if was[1] then takeOut(slot, was[1], was[2]) end
  redis.call('HDEL', p .. 'l:' .. slot, 'lease', 'until', 'confirmed', 'network', 'offers', 'digest')
end
`;

/** prefix, slot, sequence, lease, network, hasOffers, offers, digest, until, forget, from, five limits, addresses … */
export const putScript = `${shared}
local slot, sequence, lease, network = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local offers, digest, untilMs, forgetMs, from = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local l = p .. 'l:' .. slot
local was = redis.call('HMGET', l, 'sequence', 'lease', 'until', 'confirmed', 'network', 'offers', 'digest', 'forget')
local same = was[2] and was[1] == sequence and was[2] == lease
if was[1] and not same and tonumber(was[1]) >= tonumber(sequence) then return {'old', was[1]} end
if ARGV[6] == '0' then
  if not was[6] or was[7] ~= digest then return {'offers-wanted'} end
  offers = was[6]
end
local known = {[from] = true}
for address in string.gmatch(was[4] or '', '%S+') do known[address] = true end
local confirmed, seen = {}, {}
for i = 17, #ARGV do
  if known[ARGV[i]] and not seen[ARGV[i]] then
    seen[ARGV[i]] = true
    confirmed[#confirmed + 1] = ARGV[i]
  end
end
if same then untilMs = was[3] end
if was[8] and tonumber(was[8]) > tonumber(forgetMs) then forgetMs = was[8] end
local count, before = #offers / 22, was[6] and #was[6] / 22 or 0
local other = was[5] ~= network
local moved = other and count or count - before
local key = string.sub(slot, 1, 64)
if not was[2] and redis.call('SCARD', p .. 'k:' .. key) >= tonumber(ARGV[12]) then return {'too-many', 'key'} end
if other and redis.call('SCARD', p .. 'n:' .. network) >= tonumber(ARGV[13]) then return {'too-many', 'network'} end
local ofNetwork = tonumber(redis.call('HGET', p .. 'no', network) or '0')
if moved > 0 and ofNetwork + moved > tonumber(ARGV[14]) then return {'too-many', 'network'} end
if not was[1] and redis.call('ZCARD', p .. 'gone') >= tonumber(ARGV[15]) then return {'too-many', 'index'} end
local all = tonumber(redis.call('GET', p .. 'offers') or '0')
if count > before and all + count - before > tonumber(ARGV[16]) then return {'too-many', 'index'} end
if was[2] then takeOut(slot, was[5], was[6]) end
redis.call('HSET', l, 'sequence', sequence, 'lease', lease, 'until', untilMs, 'forget', forgetMs,
  'confirmed', table.concat(confirmed, ' '), 'network', network, 'offers', offers, 'digest', digest)
redis.call('ZADD', p .. 'alive', untilMs, slot)
redis.call('ZADD', p .. 'slots', 0, slot)
redis.call('ZADD', p .. 'gone', forgetMs, slot)
redis.call('SADD', p .. 'k:' .. key, slot)
redis.call('SADD', p .. 'n:' .. network, slot)
countOffers(network, count)
hashes(offers, function(hash, share)
  redis.call('HSET', p .. 'h:' .. hash, slot, share)
  redis.call('ZINCRBY', p .. 'thin', share == 65535 and 1 or 0, hash)
end)
return {'taken', untilMs}`;

/** prefix, slot, sequence, forget */
export const endScript = `${shared}
local l = p .. 'l:' .. ARGV[2]
local was = redis.call('HMGET', l, 'sequence', 'forget')
if not was[1] then return {'ended'} end
if tonumber(was[1]) >= tonumber(ARGV[3]) then return {'old', was[1]} end
drop(ARGV[2])
local forgetMs = tonumber(was[2]) > tonumber(ARGV[4]) and was[2] or ARGV[4]
redis.call('HSET', l, 'sequence', ARGV[3], 'forget', forgetMs)
redis.call('ZADD', p .. 'gone', forgetMs, ARGV[2])
return {'ended'}`;

/** prefix, now, most */
export const sweepScript = `${shared}
for _, slot in ipairs(redis.call('ZRANGEBYSCORE', p .. 'alive', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do drop(slot) end
for _, slot in ipairs(redis.call('ZRANGEBYSCORE', p .. 'gone', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  drop(slot)
  redis.call('DEL', p .. 'l:' .. slot)
  redis.call('ZREM', p .. 'gone', slot)
end
return 1`;

/** prefix, then slots: what stands in each, without offers. */
const readSlots = `
local function read(slot, found, ...)
  local was = redis.call('HMGET', p .. 'l:' .. slot, 'sequence', 'lease', 'until', 'forget', 'confirmed', 'network')
  if was[2] then found[#found + 1] = {slot, was[1], was[2], was[3], was[4], was[5], was[6], ...} end
end
local found = {}`;

/** prefix, hash, most */
export const holdersScript = `local p = ARGV[1]${readSlots}
local picked = redis.call('HRANDFIELD', p .. 'h:' .. ARGV[2], ARGV[3], 'WITHVALUES')
for i = 1, #picked, 2 do read(picked[i], found, picked[i + 1]) end
return found`;

/** prefix, after, most */
export const pageScript = `local p = ARGV[1]${readSlots}
for _, slot in ipairs(redis.call('ZRANGEBYLEX', p .. 'slots', '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3])) do read(slot, found) end
return found`;

/** prefix, key */
export const ofKeyScript = `local p = ARGV[1]${readSlots}
for _, slot in ipairs(redis.call('SMEMBERS', p .. 'k:' .. ARGV[2])) do
  read(slot, found, redis.call('HGET', p .. 'l:' .. slot, 'offers'))
end
return found`;

/** prefix, most */
export const thinScript = `local p = ARGV[1]
local found, list = {}, redis.call('ZRANGE', p .. 'thin', 0, tonumber(ARGV[2]) - 1, 'WITHSCORES')
for i = 1, #list, 2 do found[#found + 1] = {list[i], list[i + 1], redis.call('HLEN', p .. 'h:' .. list[i])} end
return found`;
