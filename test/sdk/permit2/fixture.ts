import { PERMIT2, RELAYER } from "@latchkey/devchain";
import type { Session } from "@latchkey/sdk";
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  parseAbi,
  type TransactionReceipt,
} from "viem";
import {
  settlementOf,
  signatureFor,
  signedPayment,
  signPayment,
  type Terms,
} from "../../contracts/permit2Payment.ts";
import { placePermit2 } from "../../environment/permit2.ts";
import { agent, type SafeWorld, shop } from "../safeFixture.ts";

export const DAY = 86_400;

/** Permit2's own allowances, with which others take money of the account. */
export const allowanceAbi = parseAbi([
  "function approve(address token, address spender, uint160 amount, uint48 expiration)",
  "function allowance(address owner, address token, address spender) view returns (uint160 amount, uint48 expiration, uint48 nonce)",
  "function transferFrom(address from, address to, uint160 amount, address token)",
]);

export const domainAbi = parseAbi([
  "function setDomainVerifier(bytes32 domainSeparator, address verifier)",
  "function domainVerifiers(address safe, bytes32 domainSeparator) view returns (address)",
]);

/** What Permit2 may take of an account's token. */
export const allowanceOf = ({ env }: SafeWorld, token: Address, account: Address): Promise<bigint> =>
  env.testChain.client.readContract({
    address: token,
    abi: erc20Abi,
    functionName: "allowance",
    args: [account, PERMIT2],
  });

/** The account approves a token to Permit2 by itself. */
export const approve = ({ env, safe }: SafeWorld, token: Address, amount: bigint) =>
  env.testChain.send({
    from: safe.address,
    to: token,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [PERMIT2, amount] }),
  });

export const usePermit2 = (world: () => SafeWorld) => beforeEach(() => placePermit2(world().env.testChain));

/** The key signs a payment, and its facilitator settles it. */
export async function payByPermit2(
  { env, safe, latchkey }: SafeWorld,
  session: Session,
  terms: Terms & { amount?: bigint } = {},
): Promise<TransactionReceipt> {
  const { chainId, client } = env.testChain;
  const { timestamp } = await client.getBlock();
  const payment = await signPayment({
    by: agent,
    to: shop,
    facilitator: RELAYER,
    deadline: timestamp + 300n,
    wrap: (digest) => signedPayment(safe.address, digest, { module: latchkey.module, chainId }),
    ...terms,
    signed: { chainId, ...terms.signed },
    of: session,
  });
  const { amount = payment.permit.permitted.amount } = terms;
  const signature = signatureFor(safe.version as "1.4.1" | "1.5.0", payment, chainId);
  return env.testChain.send(settlementOf(payment, signature, { amount, from: RELAYER }));
}

/** Uses nonces up or transfers, as the account itself can. */
export const asAccount = ({ env, safe }: SafeWorld, to: Address, data: Hex) =>
  env.testChain.send({ from: safe.address, to, data });
