import { BaseError, type Client, HttpRequestError, TimeoutError } from "viem";
import { call } from "viem/actions";
import { DeployError } from "./DeployError.ts";

/**
 * Creation code that uses what cancun added and the contracts need (MCOPY, TSTORE, TLOAD), and answers with the word 1:
 * 1 into memory, copied, stored transiently, loaded and returned.
 */
const PROBE = "0x60015f5260205f60205e6020515f5d5f5c5f5260205ff3";

/**
 * Requires a chain that runs the contracts. Without this they would be deployed like any bytes, and fail in use.
 *
 * @throws {@link DeployError} `OLD_EVM`.
 */
export async function requireEvm(client: Client, chainId: number): Promise<void> {
  const answer = await call(client, { data: PROBE }).then(
    ({ data }) => data,
    (error) => {
      const isUnreachable = (cause: unknown) =>
        cause instanceof HttpRequestError || cause instanceof TimeoutError;
      if (error instanceof BaseError && error.walk(isUnreachable)) throw error;
      return undefined;
    },
  );
  if (answer !== `0x${"1".padStart(64, "0")}`)
    throw new DeployError(
      "OLD_EVM",
      `Chain ${chainId} does not support EVM version cancun (MCOPY, TSTORE, TLOAD), which the contracts need.`,
    );
}
