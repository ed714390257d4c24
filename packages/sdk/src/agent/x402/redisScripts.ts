/**
 * What Redis does atomically. Every script is given all the keys that it uses, which have the account between braces:
 * so a cluster keeps them on one node.
 */

/**
 * Reserves a slot if nothing was reserved or released since the version that the caller has seen; otherwise returns
 * what was. Forgets what is over: its time is the chain's.
 *
 * Keys: changes by version, changes by their slots' ends, the version, purchases, purchases by their ends, the chain's time.
 * Arguments: the version and the store's life that were seen, the slot or nothing, its end, the chain's time or
 * nothing, a new life, seconds to keep the keys.
 */
export const TAKE = `
local seen, life, slot, ends, now, fresh, keep = unpack(ARGV)
if now ~= '' then
  local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. now, 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', KEYS[1], unpack(over))
    redis.call('ZREM', KEYS[2], unpack(over))
  end
  local names = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. now, 'LIMIT', 0, 1000)
  if #names > 0 then
    redis.call('HDEL', KEYS[4], unpack(names))
    redis.call('ZREM', KEYS[5], unpack(names))
  end
  if tonumber(now) > tonumber(redis.call('GET', KEYS[6]) or '0') then redis.call('SET', KEYS[6], now) end
end
if redis.call('HSETNX', KEYS[3], 'life', fresh) == 1 then redis.call('HSET', KEYS[3], 'version', 0) end
local current = redis.call('HGET', KEYS[3], 'life')
local version = redis.call('HGET', KEYS[3], 'version')
if current ~= life then seen = '0' end
if current ~= life or version ~= seen then
  return {0, current, version, redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. seen, '+inf')}
end
if slot ~= '' then
  version = redis.call('HINCRBY', KEYS[3], 'version', 1)
  redis.call('ZADD', KEYS[1], version, '+' .. slot)
  redis.call('ZADD', KEYS[2], ends, '+' .. slot)
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, keep) end
return {1, current, version, {}}
`;

/**
 * Releases a slot, and tells those who have seen it.
 *
 * Keys: changes by version, changes by their slots' ends, the version. Arguments: the slot, its end.
 */
export const RELEASE = `
local slot, ends = unpack(ARGV)
if redis.call('ZREM', KEYS[1], '+' .. slot) == 0 then return 0 end
redis.call('ZREM', KEYS[2], '+' .. slot)
redis.call('ZADD', KEYS[1], redis.call('HINCRBY', KEYS[3], 'version', 1), '-' .. slot)
redis.call('ZADD', KEYS[2], ends, '-' .. slot)
return 1
`;

/**
 * Replaces what is remembered of a purchase if it is what the caller has seen; otherwise returns what it is.
 *
 * Keys: purchases, purchases by their ends, the chain's time. Arguments: the name, what was seen, what shall be, its end,
 * when the first of what was seen ends, seconds to keep the keys.
 */
export const CHANGE = `
local name, seen, changed, ends, earliest, keep = unpack(ARGV)
local current = redis.call('HGET', KEYS[1], name) or ''
local now = redis.call('GET', KEYS[3]) or '0'
if current ~= seen or tonumber(now) > tonumber(earliest) then return {0, current, now} end
if changed == '' then
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
elseif changed ~= current then
  redis.call('HSET', KEYS[1], name, changed)
  redis.call('ZADD', KEYS[2], ends, name)
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, keep) end
return {1, current, now}
`;
