import {
  type Address,
  type Chain,
  type Client,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  parseAbi,
  type Transport,
} from "viem";
import { toPackedUserOperation, type UserOperation } from "viem/account-abstraction";
import { isRefusal } from "../../errors/isRefusal.ts";
import { call, estimateGas, readContract } from "../../internal/chainActions.ts";

const accountAbi = parseAbi([
  "struct PackedUserOperation { address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature; }",
  "function validateUserOp(PackedUserOperation userOp, bytes32 userOpHash, uint256 missingAccountFunds) returns (uint256 validationData)",
]);

const entryPointAbi = parseAbi(["function balanceOf(address account) view returns (uint256)"]);

/** Where the search begins: no validation of a session needs less, none that fits into a block much more. */
const LEAST = 40_000n;
const MOST = 6_000_000n;
/**
 * What the EntryPoint does besides within the limit, measured on EntryPoints 0.7 to 0.9 and rounded up: hashing the
 * userOp, reaching the account (twice where it is an EOA's code), counting its nonce, more for a lane's first; and being
 * paid by the account, more for a first deposit.
 */
const ENTRY_POINT_GAS = { always: 20_000n, firstNonce: 18_000n, payment: 20_000n, firstPayment: 45_000n };
/** For a validation that cannot be tried, since the account is only being made: a grant by a passkey is the dearest. */
const UNTRIED_VALIDATION_GAS = 1_000_000n;

/** A userOp that waits for its gas limits and its signature. */
export type UnpricedUserOp = Partial<UserOperation<"0.7">> &
  Pick<UserOperation<"0.7">, "sender" | "nonce" | "callData">;

/**
 * Finds the verification gas that a session's userOp needs, by having the account validate it, with the key's own
 * signature over a hash that stands for the userOp's.
 *
 * A bundler cannot find it. It tries a signature that is not the key's, and the module says no to that before it
 * stores anything: neither the grant nor, of a userOp that makes a payment itself, what it charges. Nor is the least gas at which nothing reverts enough: the module says no without a revert, also
 * where the owner's grant ran out of gas while it was checked.
 *
 * @param parameters.signed A hash in place of the userOp's, and the `signature` of such a userOp: the key's over it, or of
 * one that makes a payment itself as {@link signPaymentUserOp} makes it.
 * @returns Gas for `verificationGasLimit`; undefined if the account says no whatever the gas is.
 * @throws {Refusal} NETWORK; or the account's factory's reason, where the account is yet to be made.
 */
export async function sessionVerificationGas(
  client: Client<Transport, Chain | undefined>,
  parameters: {
    entryPoint: Address;
    userOp: UnpricedUserOp;
    signed: { hash: Hex; signature: Hex };
  },
): Promise<bigint | undefined> {
  const { entryPoint, userOp, signed } = parameters;
  const { factory, factoryData } = userOp;
  if (factory && factoryData) {
    const creation = await estimateGas(client, { account: entryPoint, to: factory, data: factoryData });
    return (creation * 6n) / 5n + UNTRIED_VALIDATION_GAS;
  }
  // Any number above zero, so that what is charged to the session's allowance is stored as it will be.
  const some = { callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n };
  const data = encodeFunctionData({
    abi: accountAbi,
    functionName: "validateUserOp",
    args: [
      toPackedUserOperation({
        ...userOp,
        ...some,
        maxPriorityFeePerGas: 1n,
        signature: signed.signature,
      } as UserOperation),
      signed.hash,
      // An account ignores that it cannot pay, for want of gas too: so paying is counted, not tried.
      0n,
    ],
  });
  const suffices = async (gas: bigint): Promise<boolean> => {
    try {
      const answer = await call(client, { account: entryPoint, to: userOp.sender, data, gas });
      return isYes(answer.data);
    } catch (error) {
      if (isRefusal(error, "NETWORK")) throw error;
      return false;
    }
  };
  const [suffice, deposit] = await Promise.all([
    suffices(MOST),
    userOp.paymaster
      ? undefined
      : readContract(client, {
          address: entryPoint,
          abi: entryPointAbi,
          functionName: "balanceOf",
          args: [userOp.sender],
        }),
  ]);
  if (!suffice) return undefined;
  let [low, high] = [LEAST, MOST];
  // To a seventh: halving the ratio each time takes five steps or so.
  while (high * 7n > low * 8n) {
    const middle = BigInt(Math.round(Math.sqrt(Number(low) * Number(high))));
    if (await suffices(middle)) high = middle;
    else low = middle;
  }
  const { always, firstNonce, payment, firstPayment } = ENTRY_POINT_GAS;
  return (
    high -
    intrinsicGas(data) +
    always +
    (userOp.nonce % 2n ** 64n === 0n ? firstNonce : 0n) +
    (deposit === undefined ? 0n : deposit === 0n ? firstPayment : payment)
  );
}

/** What a transaction pays before anything runs, and an EntryPoint's call does not. */
function intrinsicGas(data: Hex): bigint {
  const bytes = hexToBytes(data);
  const zeros = bytes.filter((byte) => byte === 0).length;
  return 21_000n + 4n * BigInt(zeros) + 16n * BigInt(bytes.length - zeros);
}

/** Whether validation data names no aggregator, of which 1 says that the signature is bad. */
const isYes = (validationData: Hex | undefined): boolean =>
  validationData !== undefined &&
  validationData.length === 66 &&
  BigInt(`0x${validationData.slice(26)}`) === 0n;
