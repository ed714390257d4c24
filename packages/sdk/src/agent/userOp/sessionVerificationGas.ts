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

/** Bounds of the search: no validation of a session needs less, none that fits into a block much more. */
const LEAST = 40_000n;
const MOST = 6_000_000n;
/**
 * The EntryPoint's own share of the limit, measured on EntryPoints 0.7 to 0.9 and rounded up: hashing the
 * userOp, calling the account (twice for an EOA's code), counting its nonce, more for a lane's first; and being
 * paid by the account, more for a first deposit.
 */
const ENTRY_POINT_GAS = { always: 20_000n, firstNonce: 18_000n, payment: 20_000n, firstPayment: 45_000n };
/** For a validation that cannot be simulated, as the account is not deployed: a passkey's grant costs the most. */
const UNTRIED_VALIDATION_GAS = 1_000_000n;

/** A userOp without its gas limits and its signature. */
export type UnpricedUserOp = Partial<UserOperation<"0.7">> &
  Pick<UserOperation<"0.7">, "sender" | "nonce" | "callData">;

/**
 * Finds the verification gas of a session's userOp by having the account validate it, with the key's own
 * signature over a hash in place of the userOp's.
 *
 * A bundler cannot find it: it simulates with a signature that is not the key's, which the module rejects before it
 * stores anything: neither the grant nor, of a userOp that makes a payment itself, what it charges. Nor is the least gas without a revert enough: the module rejects without a revert, also
 * if checking the owner's grant ran out of gas.
 *
 * @param parameters.signed A hash in place of the userOp's, and the `signature` of such a userOp: the key's over it, or for
 * a payment userOp that of {@link signPaymentUserOp}.
 * @returns Gas for `verificationGasLimit`; undefined if the account rejects it with any gas.
 * @throws {Refusal} NETWORK; or the reason of the account's factory, if the account is not deployed yet.
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
  // Above zero, so that the charge to the session's allowance is stored as it will be.
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
      // An account ignores a failed prepayment, also if it runs out of gas: so paying is added, not simulated.
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
  // To a seventh: halving the ratio takes about five steps.
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

/** A transaction's intrinsic gas, which an EntryPoint's call does not pay. */
function intrinsicGas(data: Hex): bigint {
  const bytes = hexToBytes(data);
  const zeros = bytes.filter((byte) => byte === 0).length;
  return 21_000n + 4n * BigInt(zeros) + 16n * BigInt(bytes.length - zeros);
}

/** Whether validation data has no aggregator; 1 means an invalid signature. */
const isYes = (validationData: Hex | undefined): boolean =>
  validationData !== undefined &&
  validationData.length === 66 &&
  BigInt(`0x${validationData.slice(26)}`) === 0n;
