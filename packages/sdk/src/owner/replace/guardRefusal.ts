import {
  type Address,
  type Chain,
  type Client,
  concat,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  isAddressEqual,
  pad,
  slice,
  type Transport,
  zeroAddress,
} from "viem";
import type { BalanceFloor } from "../../encoding/BalanceFloor.ts";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { isRefusal } from "../../errors/isRefusal.ts";
import { call } from "../../internal/chainActions.ts";

/**
 * What stands in the account's place while the node tries a guard: it asks the token for the account's balance,
 * transfers to the account, asks again, and returns five words: balance before, balance after, the transfer's answer,
 * whether it succeeded, and how many bytes it answered. Its calldata is the token, then the two calls' calldata.
 */
const PROBE: Hex = concat([
  "0x602460206000376020610100602460006000355afa50", // balanceOf, into 0x100
  "0x6044604460003760206101406044600060006000355af1", // transfer, its answer into 0x140
  "0x61016052", // whether it succeeded, into 0x160
  "0x3d61018052", // how much it answered, into 0x180
  "0x602460206000376020610120602460006000355afa50", // balanceOf, into 0x120
  "0x60a0610100f3", // return 0x100 to 0x1a0
]);

/**
 * Why a transfer of an account to itself is no guard for a token: it takes a fee, refuses, or does not fail where the
 * balance is too small. The node tries it; nothing is sent.
 *
 * @returns NO_GUARD, or undefined where the transfer leaves the balance as it was. Native coin always does.
 * @throws {Refusal} NETWORK where the chain cannot be asked.
 */
export async function guardRefusal(
  client: Client<Transport, Chain | undefined>,
  account: Address,
  { token, amount }: BalanceFloor,
): Promise<InvalidInput | undefined> {
  if (amount === 0n || isAddressEqual(token, zeroAddress)) return undefined;
  const no = (shortMessage: string, metaMessage: string, cause?: unknown) =>
    new InvalidInput({
      code: "NO_GUARD",
      shortMessage,
      metaMessages: [
        metaMessage,
        "Nothing was signed. Without a guard (floors: []) a late payment goes unnoticed.",
      ],
      details: { token },
      cause,
    });
  let words: Hex | undefined;
  try {
    ({ data: words } = await call(client, {
      to: account,
      data: concat([
        pad(token),
        encodeFunctionData({ abi: erc20Abi, functionName: "balanceOf", args: [account] }),
        encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [account, amount] }),
      ]),
      stateOverride: [{ address: account, code: PROBE }],
    }));
  } catch (cause) {
    if (isRefusal(cause, "NETWORK")) throw cause;
    return no(
      `It cannot be tried whether ${token} takes a fee of transfers.`,
      "Use a node whose eth_call takes state overrides, or name the floors of other tokens only.",
      cause,
    );
  }
  if (words === undefined || words.length !== 2 + 64 * 5)
    return no(
      `It cannot be tried whether ${token} takes a fee of transfers: the node ignores state overrides.`,
      "Use a node whose eth_call takes state overrides, or name the floors of other tokens only.",
    );
  const [before, after, answer, succeeded, answered] = [0, 1, 2, 3, 4].map((at) =>
    BigInt(slice(words, 32 * at, 32 * at + 32)),
  ) as [bigint, bigint, bigint, bigint, bigint];
  // Less is there than the floor: that is the guard at work, and not for this function to say.
  if (before < amount) return undefined;
  if (succeeded === 0n || (answered > 0n && answer !== 1n))
    return no(
      `The token ${token} refuses a transfer of the account to itself.`,
      "Name the floors of other tokens only.",
    );
  if (after !== before)
    return no(
      `The token ${token} changes the balance when the account transfers to itself, as tokens with fees do.`,
      "Name the floors of other tokens only.",
    );
  if (await succeeds(client, account, token, before + 1n))
    return no(
      `The token ${token} does not fail when more is transferred than is there: it only answers false, or nothing.`,
      "Name the floors of other tokens only.",
    );
  return undefined;
}

/** Whether a transfer of the account to itself would not revert: a batch does not look at what a token answers. */
async function succeeds(
  client: Client<Transport, Chain | undefined>,
  account: Address,
  token: Address,
  amount: bigint,
): Promise<boolean> {
  try {
    const data = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [account, amount] });
    await call(client, { account, to: token, data });
    return true;
  } catch (error) {
    if (isRefusal(error, "NETWORK")) throw error;
    return false;
  }
}
