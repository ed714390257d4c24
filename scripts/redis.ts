/**
 * Where `redis-server` is, for the tests of the payment stores: `REDIS_SERVER_PATH`, or the one that is found. As root on
 * Debian a missing one is installed from the distribution.
 *
 *     node scripts/redis.ts        prints the path
 */
import { findProgram } from "./findProgram.ts";

/** The path of a Redis server that can be started. @throws As {@link findProgram}. */
export const findRedis = (): string =>
  findProgram({
    title: "Redis",
    user: "The tests of the payment stores",
    variable: "REDIS_SERVER_PATH",
    names: ["redis-server"],
    package: "redis-server",
  });

if (import.meta.main) {
  try {
    console.log(findRedis());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
