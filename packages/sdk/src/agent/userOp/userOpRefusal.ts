import {
  type Chain,
  type Client,
  formatEther,
  type Hex,
  isAddressEqual,
  maxUint128,
  type Transport,
  zeroAddress,
} from "viem";
import { erc7579ModuleAbi } from "../../accounts/erc7579/erc7579Abi.ts";
import { decodeSessionUserOpCallData } from "../../encoding/userOp/decodeSessionUserOpCallData.ts";
import { InvalidGrant } from "../../errors/InvalidGrant.ts";
import { Refusal } from "../../errors/Refusal.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { readContract } from "../../internal/chainActions.ts";
import { hashCarriedSession } from "../../session/hashCarriedSession.ts";
import { hashSession } from "../../session/hashSession.ts";
import { ANYONE } from "../../session/Session.ts";
import type { UnpricedUserOp } from "./sessionVerificationGas.ts";

/**
 * Why the module's validator would reject a session's userOp, as far as the userOp itself shows it: bundlers
 * only report an invalid signature. Gas values that are not set yet count as zero.
 * The callData of a payment userOp contains no session: see {@link paymentUserOpRefusal}.
 *
 * @returns INVALID_CALLDATA, PAYMASTER or GAS_ALLOWANCE; undefined if there is none.
 */
export async function userOpRefusal(
  client: Client<Transport, Chain | undefined>,
  { grant, userOp }: { grant: Grant; userOp: Pick<UnpricedUserOp, "callData"> & Partial<UnpricedUserOp> },
): Promise<Refusal | undefined> {
  const session = sessionIn(grant);
  const id = hashSession(session);
  const refusal = callDataRefusal(userOp.callData, { grant, id });
  if (refusal) return refusal;
  const { paymaster } = userOp;
  const allowed = session.paymaster;
  if (
    paymaster &&
    (isAddressEqual(paymaster, zeroAddress) ||
      !(isAddressEqual(allowed, ANYONE) || isAddressEqual(allowed, paymaster)))
  )
    return new Refusal({
      code: "PAYMASTER",
      shortMessage: isAddressEqual(allowed, zeroAddress)
        ? "The session allows no paymaster."
        : `The session does not allow the paymaster ${paymaster}.`,
      metaMessages: [
        "Nothing was signed. Ask the owner for a session that allows it: proposeSession({ …, paymaster }).",
      ],
      details: { paymaster, allowed },
    });
  const { gasAllowance } = session;
  if (gasAllowance === maxUint128) return undefined;
  const spent = await readContract(client, {
    address: grant.module,
    abi: erc7579ModuleAbi,
    functionName: "gasSpentBy",
    args: [id, session.account],
  });
  const cost = mostCost(userOp);
  if (spent + cost <= gasAllowance && gasAllowance > 0n) return undefined;
  return new Refusal({
    code: "GAS_ALLOWANCE",
    shortMessage:
      gasAllowance === 0n
        ? "The session cannot send userOps: it has no gas allowance."
        : `The userOp may cost ${formatEther(cost)} native coin, which exceeds the ${formatEther(gasAllowance - spent)} native coin left of the session's gas allowance.`,
    metaMessages: [
      "The allowance is charged the maximum cost of each userOp: all its gas limits at its maxFeePerGas.",
      "Lower these, or ask the owner for a larger allowance: proposeSession({ …, gasAllowance }).",
    ],
    details: { cost, spent, allowance: gasAllowance },
  });
}

/** Why the callData is not of the session's userOps. */
function callDataRefusal(callData: Hex, { grant, id }: { grant: Grant; id: Hex }): Refusal | undefined {
  try {
    const decoded = decodeSessionUserOpCallData(callData, grant.module);
    if (decoded.form === "payment") return undefined;
    const said = hashCarriedSession(decoded.session);
    if (said === id) return undefined;
    return new InvalidGrant({
      code: "INVALID_CALLDATA",
      shortMessage: "The userOp's callData is for another session.",
      metaMessages: ["Sign it with the account of that session's grant."],
      details: { id: said, expected: id },
    });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** In wei, regardless of who pays. */
const mostCost = (userOp: Partial<UnpricedUserOp>): bigint =>
  ((userOp.callGasLimit ?? 0n) +
    (userOp.verificationGasLimit ?? 0n) +
    (userOp.preVerificationGas ?? 0n) +
    (userOp.paymasterVerificationGasLimit ?? 0n) +
    (userOp.paymasterPostOpGasLimit ?? 0n)) *
  (userOp.maxFeePerGas ?? 0n);
