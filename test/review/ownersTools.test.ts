import { expect } from "chai";
import {
  createWalletClient,
  custom,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseEther,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import {
  executeAsSafe,
  grantDigest,
  isRefusal,
  type Proposal,
  proposeSession,
  safeAbi,
  safeFallbackHandler,
  safeRemoval,
  sessionJson,
  signGrant,
  verifyGrant,
} from "../../packages/sdk/src/index.ts";
import { asSafe } from "../environment/asSafe.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import {
  createSafe,
  installOnSafe,
  type Latchkey,
  modulesOf,
  type SafeAccount,
  signAsSafe,
  signatureRail,
} from "../environment/safeAccount.ts";
import { ecdsaOwner } from "../environment/safeOwner.ts";
import { type Environment, setUp } from "../environment/setUp.ts";

const alice = privateKeyToAccount(keccak256(toBytes("owner alice")));
const agent = privateKeyToAccount(keccak256(toBytes("agent")));
const shop = getAddress(toHex(0x5409, { size: 20 }));

describe("the owner's tools", function () {
  this.timeout(60_000);
  let env: Environment;
  let latchkey: Latchkey;
  let safe: SafeAccount;
  let restore: () => Promise<void>;
  before(async () => {
    env = await setUp("base");
    latchkey = await installLatchkey(env.testChain);
    await env.testChain.setBalance(alice.address, parseEther("10"));
    safe = await createSafe(env, { version: "1.4.1", owner: ecdsaOwner("alice") });
    await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
    restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
  });
  afterEach(() => restore());
  after(() => env.connection.close());

  const wallet = () =>
    createWalletClient({
      account: alice,
      chain: base,
      transport: custom(env.connection.provider, { retryCount: 0 }),
    });
  const propose = (): Promise<Proposal> =>
    proposeSession(env.testChain.client, {
      account: safe.address,
      key: agent,
      module: latchkey.module,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });

  it("never calls a removal done where the contract that makes the batch is not on the chain", async () => {
    // A chain to which Safe's MultiSendCallOnly 1.4.1 never came. A delegatecall to no code succeeds.
    await env.testChain.setCode(env.safe["1.4.1"].multiSendCallOnly, "0x");
    const calls = safeRemoval({
      ...signatureRail(env.safe, "1.4.1", latchkey, [env.usdc.domainSeparator]),
      safe: safe.address,
      module: latchkey.module,
      modules: await modulesOf(safe),
      fallbackHandler: await safeFallbackHandler(env.testChain.client, safe.address),
    });
    let hash: Hex;
    try {
      hash = await executeAsSafe(wallet(), { safe: safe.address, calls });
    } catch (error) {
      expect(isRefusal(error)).to.equal(true);
      return;
    }
    const { status } = await env.testChain.client.waitForTransactionReceipt({ hash });
    expect(await modulesOf(safe), `modules after a removal that ended in ${status}`).to.deep.equal([]);
  });

  it("remove the module also where the Safe has another fallback handler by now", async () => {
    await asSafe(safe, [
      {
        to: safe.address,
        value: 0n,
        data: encodeFunctionData({
          abi: safeAbi,
          functionName: "setFallbackHandler",
          args: [env.safe["1.4.1"].compatibilityFallbackHandler],
        }),
      },
    ]);
    const calls = safeRemoval({
      ...signatureRail(env.safe, "1.4.1", latchkey, [env.usdc.domainSeparator]),
      safe: safe.address,
      module: latchkey.module,
      modules: await modulesOf(safe),
      fallbackHandler: await safeFallbackHandler(env.testChain.client, safe.address),
    });
    await asSafe(safe, calls);
    expect(await modulesOf(safe)).to.deep.equal([]);
  });

  it("never call a grant good that the module refuses for its shape", async () => {
    const proposal = await propose();
    const { session } = proposal;
    const shapes: [string, Proposal["session"]][] = [
      ["no recipients", { ...session, budgets: session.budgets.map((one) => ({ ...one, recipients: [] })) }],
      [
        "slots of the native coin",
        { ...session, budgets: session.budgets.map((one) => ({ ...one, token: zeroAddress })) },
      ],
      [
        "perTransaction above perPeriod",
        { ...session, budgets: session.budgets.map((one) => ({ ...one, perPeriod: 1n })) },
      ],
    ];
    for (const [shape, malformed] of shapes) {
      const digest = grantDigest(malformed, proposal);
      // Signed by other means than the SDK's own, which looks at the shape first.
      const signature = await signAsSafe(safe, digest);
      const { valid } = await verifyGrant(env.testChain.client, {
        ...proposal,
        session: sessionJson(malformed),
        signature,
      });
      expect(valid, shape).to.equal(false);
      const refused = await signGrant(alice, { ...proposal, session: malformed }).then(
        () => false,
        (error: unknown) => isRefusal(error),
      );
      expect(refused, `${shape}, to be signed`).to.equal(true);
    }
    const digest = grantDigest(session, proposal);
    const good = { ...proposal, session: sessionJson(session), signature: await signAsSafe(safe, digest) };
    expect((await verifyGrant(env.testChain.client, good)).valid, "the well-formed one").to.equal(true);
  });
});
