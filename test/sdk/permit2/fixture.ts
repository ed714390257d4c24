import { installX402Proxies, PERMIT2, RELAYER } from "@latchkey/devchain";
import type { Session } from "@latchkey/sdk";
import { permit2DomainSeparator } from "@latchkey/sdk/encoding";
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

export const usePermit2 = (world: () => SafeWorld) =>
  beforeEach(() => installX402Proxies(world().env.testChain));

/** The transaction with which a facilitator settles a payment that the key signs. */
export async function settlementBy(
  { env, safe, latchkey }: SafeWorld,
  session: Session,
  terms: Terms & { amount?: bigint } = {},
) {
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
  return settlementOf(payment, signature, { amount, from: RELAYER });
}

/** The same, settled. */
export const payByPermit2 = async (
  ...parameters: Parameters<typeof settlementBy>
): Promise<TransactionReceipt> => parameters[0].env.testChain.send(await settlementBy(...parameters));

/** Makes the module the verifier of Permit2's domain, which a Safe 1.5.0 needs. */
export async function letModuleAnswer(world: SafeWorld): Promise<void> {
  if (world.safe.version !== "1.5.0") return;
  const separator = permit2DomainSeparator(world.env.testChain.chainId);
  await asAccount(
    world,
    world.safe.address,
    encodeFunctionData({
      abi: domainAbi,
      functionName: "setDomainVerifier",
      args: [separator, world.latchkey.module],
    }),
  );
}

/** Uses nonces up or transfers, as the account itself can. */
export const asAccount = ({ env, safe }: SafeWorld, to: Address, data: Hex) =>
  env.testChain.send({ from: safe.address, to, data });
