import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock } from "@latchkey/accounts/deployMock";
import {
  createPasskeySafe,
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
  signAsSafe,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import {
  createPasskey,
  installWeth,
  type Merchant,
  RELAYER,
  type SafeVersion,
  wethAbi,
} from "@latchkey/devchain";
import {
  type Budget,
  type Grant,
  grantDigest,
  type PayingFetchParameters,
  payingFetch,
  Refusal,
  type Session,
} from "@latchkey/sdk";
import { encodeEnable } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, getAddress, type Hex, pad } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { aheadOfClock } from "../../environment/aheadOfClock.ts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { setMulticall3 } from "../../environment/multicall3.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";

export const DOLLAR = 1_000_000n;
export const ETHER = 10n ** 18n;
export const shop = getAddress("0x5409000000000000000000000000000000000003");
export const stranger = getAddress("0x5409000000000000000000000000000000000bad");

export const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const outcome = await work.catch((reason: unknown) => reason);
  expect(outcome, outcome instanceof Response ? `${outcome.status}` : `${outcome}`).to.be.instanceOf(Refusal);
  return outcome as Refusal;
};

/** What the tests of a way to pay find on their chain. */
export type PayersWorld = {
  environment: Environment;
  latchkey: Latchkey;
  /** WETH cannot be paid by EIP-3009; the third answers nothing to a transfer. */
  tokens: Record<"usdc" | "weth" | "noReturn", Address>;
  /** Each with a hundred of every token. */
  safes: Record<SafeVersion, SafeAccount>;
};

/**
 * Gives the tests of a `describe` a chain with Safes of every version, and a shop that they pay. Whatever a test does there is
 * undone after it.
 *
 * @param parameters.name Decides who owns the Safes.
 * @param parameters.separators Of the domains besides USDC's that the Safes' signature rail is open for.
 * @param parameters.signatures Of budgets, unless a test says otherwise.
 * @param parameters.open Makes the rest of the chain, and the shop.
 */
export function usePayers({
  name,
  key,
  separators = [],
  signatures,
  sizes,
  open,
}: {
  name: string;
  key: PrivateKeyAccount;
  separators?: readonly Hex[];
  signatures: number;
  sizes: number;
  open(world: PayersWorld): Promise<Merchant>;
}) {
  let world: PayersWorld;
  let merchant: Merchant;
  let restore: () => Promise<void>;
  const safes = {} as Record<SafeVersion, SafeAccount>;

  before(async () => {
    const environment = await setUp("ethereum");
    const { testChain, usdc, connection } = environment;
    await setMulticall3(testChain);
    const latchkey = await installLatchkey(testChain);
    const domainSeparators = [usdc.domainSeparator, ...separators];
    for (const version of ["1.3.0", "1.4.1"] as const) {
      safes[version] = await createSafe(environment, { version, owner: ecdsaOwner(name) });
      await installOnSafe(safes[version], latchkey, domainSeparators);
    }
    safes["1.5.0"] = await createPasskeySafe(environment, {
      version: "1.5.0",
      passkey: createPasskey(name),
      latchkey,
      domainSeparators,
    });
    const noReturn = await deployMock(testChain, "NoReturnToken");
    const tokens = { usdc: usdc.address, weth: await installWeth(testChain), noReturn: noReturn.address };
    for (const safe of Object.values(safes)) {
      await usdc.mint(safe.address, 100n * DOLLAR);
      await noReturn.write("mint", [safe.address, 100n * ETHER]);
      const deposit = encodeFunctionData({ abi: wethAbi, functionName: "deposit" });
      await testChain.send({ from: RELAYER, to: tokens.weth, value: 100n * ETHER, data: deposit });
      const transfer = encodeFunctionData({
        abi: erc20Abi,
        functionName: "transfer",
        args: [safe.address, 100n * ETHER],
      });
      await testChain.send({ from: RELAYER, to: tokens.weth, data: transfer });
    }
    world = { environment, latchkey, tokens, safes };
    merchant = await open(world);
    const snapshot = await connection.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => aheadOfClock(world.environment.connection));
  afterEach(async () => {
    merchant.faults = [];
    merchant.headers = [];
    merchant.settlements = 0;
    await restore();
  });
  after(async () => {
    await merchant.close();
    await world.environment.connection.close();
  });

  const chainTime = async () => {
    const { connection, testChain } = world.environment;
    await connection.networkHelpers.mine();
    return Number((await testChain.client.getBlock()).timestamp);
  };
  /** One unit a payment, twenty a day, to the shop. */
  const budgetOf = (token: Address, unit: bigint, changes: Partial<Budget> = {}): Budget => ({
    token,
    perTransaction: unit,
    perPeriod: 20n * unit,
    period: 86_400,
    initial: 0n,
    perSecond: 0n,
    signatures,
    sizes,
    recipients: [shop],
    ...changes,
  });
  async function sessionFor(
    { address }: SafeAccount,
    usdc: Partial<Budget> = {},
    others: readonly Budget[] = [],
  ): Promise<Session> {
    const now = await chainTime();
    return {
      account: address,
      key: key.address,
      validAfter: now - 1000,
      validUntil: now + 7 * 86_400,
      epoch: 0n,
      salt: 7n,
      gasAllowance: 0n,
      paymaster: pad("0x", { size: 20 }),
      budgets: [budgetOf(world.tokens.usdc, DOLLAR, usdc), ...others],
      actions: [],
    };
  }
  async function grantFor(safe: SafeAccount, session: Session): Promise<Grant> {
    const { chainId } = world.environment.testChain;
    const { module } = world.latchkey;
    const signature = await signAsSafe(safe, grantDigest(session, { chainId, module }));
    return { version: 1, chainId, module, accountKind: "safe", session, signature };
  }
  async function enabled(usdc: Partial<Budget> = {}, safe = safes["1.4.1"]): Promise<Grant> {
    const grant = await grantFor(safe, await sessionFor(safe, usdc));
    await asSafe(safe, [encodeEnable(grant)]);
    return { ...grant, signature: "0x" };
  }
  const agent = (grant: Grant, other: Partial<PayingFetchParameters> = {}) =>
    payingFetch({
      client: world.environment.testChain.client,
      key,
      grant,
      maxWait: 2,
      pollingInterval: 20,
      resendDelay: 10,
      ...other,
    });
  const balanceOf = (token: Address = world.tokens.usdc, account: Address = shop) =>
    world.environment.testChain.client.readContract({
      address: token,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [account],
    });
  return { safes, chainTime, budgetOf, sessionFor, grantFor, enabled, agent, balanceOf };
}
