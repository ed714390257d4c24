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
 * The code that replaces the account's while the node simulates a guard: it reads the account's balance from the token,
 * transfers to the account, reads again, and returns five words: balance before, balance after, the transfer's result,
 * whether it succeeded, and how many bytes it returned. Its calldata is the token, then the two calls' calldata.
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
 * Why a transfer of an account to itself cannot guard a token: the token charges a fee, rejects it, or does not revert if the
 * balance is too small. The node simulates it; nothing is sent.
 *
 * @returns NO_GUARD, or undefined if the transfer leaves the balance as it was. Native coin always does.
 * @throws {Refusal} NETWORK
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
        "Nothing was signed. Without a guard (floors: []) a late payment is not detected.",
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
      `The node cannot simulate whether the token ${token} charges transfer fees.`,
      "Use a node whose eth_call supports state overrides, or pass floors of other tokens only.",
      cause,
    );
  }
  if (words === undefined || words.length !== 2 + 64 * 5)
    return no(
      `The node cannot simulate whether the token ${token} charges transfer fees: it ignores state overrides.`,
      "Use a node whose eth_call supports state overrides, or pass floors of other tokens only.",
    );
  const [before, after, answer, succeeded, answered] = [0, 1, 2, 3, 4].map((at) =>
    BigInt(slice(words, 32 * at, 32 * at + 32)),
  ) as [bigint, bigint, bigint, bigint, bigint];
  // The balance is below the floor: the guard itself reports that, not this function.
  if (before < amount) return undefined;
  if (succeeded === 0n || (answered > 0n && answer !== 1n))
    return no(
      `The token ${token} rejects a transfer from the account to itself.`,
      "Pass floors of other tokens only.",
    );
  if (after !== before)
    return no(
      `The token ${token} changes the balance when the account transfers to itself, as fee-on-transfer tokens do.`,
      "Pass floors of other tokens only.",
    );
  if (await succeeds(client, account, token, before + 1n))
    return no(
      `The token ${token} does not revert if the amount exceeds the balance: it only returns false, or nothing.`,
      "Pass floors of other tokens only.",
    );
  return undefined;
}

/** Whether a transfer of the account to itself would not revert: a batch does not check a token's return value. */
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
