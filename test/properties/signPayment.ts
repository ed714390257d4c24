import { x402ExactPermit2ProxyABI, x402UptoPermit2ProxyABI } from "@x402/evm";
import { encodeFunctionData, type Hex, parseSignature } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { Budget, Session } from "#sdk/session/Session.ts";
import type { LeftOut } from "../model/LeftOut.ts";
import { nodeWorth } from "../model/NodeRule.ts";
import type { Authorization, Permit2Payment } from "../model/SessionModel.ts";
import { slotBudgetOf } from "../model/SessionModel.ts";
import { slotWorth } from "../model/SlotRule.ts";
import {
  hashSession,
  nodeNonce,
  type Permit2Transfer,
  permit2Digest,
  permit2Struct,
  type SignedStruct,
  signedPaymentDigest,
  slotNonce,
  type Transfer,
  transferDigest,
  transferStruct,
  X402_SPENDERS,
} from "../model/typedData.ts";
import { relayer, stranger } from "./actors.ts";
import { partyOf } from "./callsOf.ts";
import { nodeOf } from "./nodeOf.ts";
import { type PayloadParts, packPayload } from "./packPayload.ts";
import type { Scene } from "./Scene.ts";
import { type AuthorizationPlan, budgetIndexOf } from "./scenario.ts";
import { slotOf } from "./slotOf.ts";
import { tokenAbi } from "./tokenAbi.ts";

/** A payment that was signed, as it goes to the one who settles it. */
export type Signed = {
  payment: Authorization | Permit2Payment;
  /** What its settlement is to move. */
  amount: bigint;
  digest: Hex;
  payload: Hex;
  /** The end of the payload. */
  grant: Hex;
  signature: Hex;
  settlement: { to: Hex; data: Hex };
};

/** What a payment is made of, beside what is drawn. */
export type Signing = {
  session: Session;
  key: PrivateKeyAccount;
  carries: Authorization["carries"];
  /** undefined: the session is enabled. */
  grant: Hex | undefined;
  leftOut: LeftOut;
};

/** The payment that a plan means, signed. Undefined: there is no such period. */
export async function signPayment(
  scene: Scene,
  plan: AuthorizationPlan,
  signing: Signing,
): Promise<Signed | undefined> {
  const { usdc, module, chainId } = scene.ground;
  const { session, key, carries, grant, leftOut } = signing;
  const { now } = scene.model;
  const budgetIndex = budgetIndexOf(session, usdc.address);
  const budget = session.budgets[budgetIndex] as Budget;
  const period = scene.model.budgetOf(session, budgetIndex).period + BigInt(plan.period);
  if (period < 0n) return undefined;
  const id = hashSession(session);
  const common = (worth: bigint) => ({
    session,
    budgetIndex,
    period,
    to: partyOf(scene, plan.to),
    value: { worth, "worth + 1": worth + 1n, half: worth / 2n, zero: 0n }[plan.value],
    validAfter: { always: 0n, "a second ago": now - 1n, now }[plan.validAfter],
    validBefore: { later: now + 300n, "in a second": now + 1n, now }[plan.validBefore],
    keySigned: plan.signature === "good",
    carries,
    leftOut,
  });
  const pack = async (
    payment: Authorization | Permit2Payment,
    method: PayloadParts["method"],
    asked: { digest: Hex; struct: SignedStruct },
  ) => {
    const named = signedPaymentDigest({ account: session.account, digest: asked.digest }, module, chainId);
    const isNamed = (payment.method === "eip3009") === (plan.signature === "in the other form");
    const signer = plan.signature === "of a stranger" ? stranger : key;
    const { r, s, yParity } = parseSignature(await signer.sign({ hash: isNamed ? named : asked.digest }));
    const { node } = payment as Permit2Payment;
    const payload = packPayload({
      session,
      leftOut,
      budgetIndex,
      slot: payment.method === "eip3009" ? payment.slot : { ...node, size: node.depth },
      transfer: payment,
      method,
      signature: { r, s, yParity: yParity as number },
      ...(grant === undefined ? {} : { grant }),
      wrapsHash: scene.account.wrapsHash,
    });
    const signature = scene.account.wrap(asked.struct, payload);
    return { payment, digest: asked.digest, payload, grant: grant ?? ("0x" as const), signature };
  };

  if (plan.by === "eip3009") {
    const slot = slotOf(scene, session, budgetIndex, plan.slot);
    const payment: Authorization = {
      ...common(slotWorth(slotBudgetOf(budget), slot.size)),
      method: "eip3009",
      slot,
    };
    const { to, value, validAfter, validBefore } = payment;
    const nonce = slotNonce(id, budgetIndex, period, slot);
    const transfer: Transfer = { from: session.account, to, value, validAfter, validBefore, nonce };
    const signed = await pack(payment, usdc, {
      digest: transferDigest(transfer, usdc),
      struct: transferStruct(transfer, usdc),
    });
    const data = transferCall(transfer, signed.signature);
    return { ...signed, amount: value, settlement: { to: usdc.address, data } };
  }

  const node = nodeOf(scene, session, budgetIndex, plan.slot);
  const facilitator = { relayer: relayer.address, stranger: stranger.address }[plan.facilitator];
  const payment: Permit2Payment = {
    ...common(nodeWorth(budget, node.depth)),
    method: plan.by,
    node,
    facilitator,
  };
  const { to, value, validAfter, validBefore } = payment;
  const transfer: Permit2Transfer = {
    permitted: { token: usdc.address, amount: value },
    spender: X402_SPENDERS[plan.by],
    nonce: nodeNonce(id, budgetIndex, period, node),
    deadline: validBefore,
    witness: { to, facilitator, validAfter },
  };
  const signed = await pack(payment, plan.by === "exact" ? "exact" : { upto: { facilitator } }, {
    digest: permit2Digest(transfer, plan.by, chainId),
    struct: permit2Struct(transfer, plan.by, chainId),
  });
  const amount =
    plan.by === "exact"
      ? value
      : { all: value, half: value / 2n, nothing: 0n, "too much": value + 1n }[plan.settles];
  const { permitted, nonce, deadline, witness } = transfer;
  const permit = { permitted, nonce, deadline };
  const data =
    plan.by === "exact"
      ? encodeFunctionData({
          abi: x402ExactPermit2ProxyABI,
          functionName: "settle",
          args: [permit, session.account, witness, signed.signature],
        })
      : encodeFunctionData({
          abi: x402UptoPermit2ProxyABI,
          functionName: "settle",
          args: [permit, amount, session.account, witness, signed.signature],
        });
  return { ...signed, amount, settlement: { to: transfer.spender, data } };
}

/** A call of transferWithAuthorization with a signature of bytes. */
export const transferCall = (
  { from, to, value, validAfter, validBefore, nonce }: Transfer,
  signature: Hex,
): Hex =>
  encodeFunctionData({
    abi: tokenAbi,
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, signature],
  });
