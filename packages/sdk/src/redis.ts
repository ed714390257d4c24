/** The store for fleets: imported as `@latchkey/sdk/redis`, with a client of the package `redis`. */
export { type RedisScripting, redisPaymentStore } from "./agent/x402/redisPaymentStore.ts";
