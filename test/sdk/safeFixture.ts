import { createSafe, installOnSafe, type Latchkey, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { RELAYER, type SafeVersion, transferWithAuthorizationTypes, usdcAbi } from "@latchkey/devchain";
import {
  type EncodedCall,
  type Grant,
  hashSession,
  isRefusal,
  type Proposal,
  proposeSession,
  type Refusal,
  type SessionRequest,
  type Slot,
  sessionState,
  signGrant,
} from "@latchkey/sdk";
import { encodePayload, slotNonce, wrapForSafe } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  createWalletClient,
  custom,
  encodeFunctionData,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  type LocalAccount,
  parseEther,
  type TransactionReceipt,
  toBytes,
  toHex,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { aheadOfClock } from "../environment/aheadOfClock.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, setUp } from "../environment/setUp.ts";

const account = (seed: string): PrivateKeyAccount => privateKeyToAccount(keccak256(toBytes(seed)));
export const owner = account("owner alice");
export const agent = account("agent");
export const shop = getAddress(toHex(0x5409, { size: 20 }));
export const USD = 1_000_000n;

/** What a test of sessions of a Safe finds on its chain. Whatever it does there is undone after it. */
export type SafeWorld = {
  env: Environment;
  latchkey: Latchkey;
  safe: SafeAccount;
};

/** Gives the tests of a `describe` a chain with USDC and a Safe that has Latchkey and a hundred dollars. */
export function useSafe(version: SafeVersion): () => SafeWorld {
  let world: SafeWorld;
  let restore: () => Promise<void>;
  before(async function () {
    this.timeout(60_000);
    const env = await setUp("base");
    const latchkey = await installLatchkey(env.testChain);
    const safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
    await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
    await env.usdc.mint(safe.address, 100n * USD);
    for (const { address } of [owner, agent, safe]) await env.testChain.setBalance(address, parseEther("10"));
    world = { env, latchkey, safe };
    restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
  });
  beforeEach(() => aheadOfClock(world.env.connection));
  afterEach(() => restore());
  after(() => world.env.connection.close());
  return () => world;
}

/** A wallet client of somebody. */
export const walletOf = ({ env }: SafeWorld, signer: LocalAccount) =>
  createWalletClient({
    account: signer,
    chain: base,
    transport: custom(env.connection.provider, { retryCount: 0 }),
  });

/** $1 a transaction, $20 a day, to the shop, for a week. */
export const propose = (
  { env, safe, latchkey }: SafeWorld,
  changes: Partial<SessionRequest> = {},
): Promise<Proposal> =>
  proposeSession(env.testChain.client, {
    account: safe.address,
    key: agent,
    module: latchkey.module,
    budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
    until: "7d",
    ...changes,
  });

export const grantOf = async (
  world: SafeWorld,
  changes: Partial<SessionRequest> = {},
  by: Parameters<typeof signGrant>[0] = owner,
): Promise<Grant> => signGrant(by, await propose(world, changes));

/** Waits until a transaction is mined. */
export async function mined({ env }: SafeWorld, sent: Promise<Hex>): Promise<TransactionReceipt> {
  const receipt = await env.testChain.client.waitForTransactionReceipt({ hash: await sent });
  expect(receipt.status).to.equal("success");
  return receipt;
}

export const stateOf = ({ env }: SafeWorld, grant: Grant | Proposal) =>
  sessionState(env.testChain.client, {
    module: grant.module,
    id: hashSession(grant.session),
    account: grant.session.account,
  });

/** What may differ from a payment of $1 to the shop in slot (0, 0, 0) of period 0. */
export type PaymentChanges = { slot?: Partial<Slot>; value?: bigint; period?: bigint };

/** The call that settles a payment that the key signed, for anybody to make. */
export async function settlementOf(
  { env, safe }: SafeWorld,
  grant: Grant,
  { slot: changes = {}, value = USD, period = 0n }: PaymentChanges = {},
): Promise<EncodedCall> {
  const { usdc, testChain } = env;
  const session = grant.session;
  const slot: Slot = { lot: 0n, size: 0, index: 0n, ...changes };
  const { timestamp } = await testChain.client.getBlock();
  const authorization = {
    from: safe.address,
    to: shop,
    value,
    validAfter: 0n,
    validBefore: timestamp + 300n,
    nonce: slotNonce({ id: hashSession(session), budgetIndex: 0, period, ...slot }),
  };
  const digest = hashTypedData({
    domain: usdc.domain,
    types: transferWithAuthorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: authorization,
  });
  const payload = encodePayload({
    session,
    budgetIndex: 0,
    slot,
    to: shop,
    value,
    validAfter: authorization.validAfter,
    validBefore: authorization.validBefore,
    tokenDomain: usdc.domain,
    keySignature: await agent.sign({ hash: digest }),
    ...(grant.signature === "0x" ? {} : { grant: grant.signature }),
  });
  const signature = wrapForSafe(
    payload,
    safe.version === "1.5.0"
      ? { handler: "extensible", domainSeparator: usdc.domainSeparator, authorization }
      : { handler: "session" },
  );
  const { from, to, validAfter, validBefore, nonce } = authorization;
  return {
    to: usdc.address,
    value: 0n,
    data: encodeFunctionData({
      abi: usdcAbi,
      functionName: "transferWithAuthorization",
      args: [from, to, value, validAfter, validBefore, nonce, signature],
    }),
  };
}

/**
 * Anybody submits a payment that the key signed to the genuine token, which asks the Safe.
 * @throws If the token refuses it.
 */
export const settle = async (
  world: SafeWorld,
  grant: Grant,
  changes: PaymentChanges = {},
): Promise<TransactionReceipt> =>
  world.env.testChain.send({ from: RELAYER, ...(await settlementOf(world, grant, changes)) });

/** The refusal that an attempt ends in. */
export async function refusalOf(attempt: Promise<unknown>): Promise<Refusal> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error as Refusal;
    throw error;
  }
  throw new Error("it was not refused");
}

export const balanceOf = ({ env }: SafeWorld, address: Address) => env.usdc.balanceOf(address);
