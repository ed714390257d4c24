import "../../environment/noTelemetry.ts";
import { createSafe, installOnSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type EntryPoint, installEntryPoints, type TestChain } from "@latchkey/devchain";
import { decodeError, type Grant, proposeSession, signGrant } from "@latchkey/sdk";
import { encodePermissionContext } from "@latchkey/sdk/encoding";
import {
  contracts,
  createExecution,
  ExecutionMode,
  getSmartAccountsEnvironment,
  Implementation,
  type SmartAccountsEnvironment,
  toMetaMaskSmartAccount,
} from "@metamask/smart-accounts-kit";
import { erc7710BundlerActions, erc7710WalletActions } from "@metamask/smart-accounts-kit/actions";
import {
  deploySmartAccountsEnvironment,
  overrideDeployedEnvironment,
} from "@metamask/smart-accounts-kit/utils";
import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  type LocalAccount,
  parseEther,
} from "viem";
import { mainnet } from "viem/chains";
import { alice, bob, install, key, world as world7579 } from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { delegate } from "../../environment/erc7579/delegation.ts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { setUp } from "../../environment/setUp.ts";
import { bundlerClientOf, inProcessBundler } from "../erc7579/inProcessBundler.ts";
import { proposalOf, signerOf } from "../erc7579/sessionGrants.ts";
import { agent, owner as safeOwner, shop } from "../safeFixture.ts";

const USD = 1_000_000n;
const other = getAddress(`0x${"5a".repeat(20)}`);

/** A session that nobody has used, and its key: all that an app has. */
type App = {
  testChain: TestChain;
  entryPoint: EntryPoint;
  usdc: Address;
  key: LocalAccount & { signAuthorization?: unknown };
  recipients: readonly [Address, Address];
  /** The owner's grant of a new session. */
  grant(salt: bigint): Promise<Grant>;
};

const payment = (usdc: Address, to: Address, amount: bigint) => ({
  to: usdc,
  value: 0n,
  data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] }),
});

/** Declares what MetaMask's kit does with a session's permission context. */
function kitTests(open: () => Promise<App>) {
  let app: App;
  let wallet: ReturnType<typeof walletOf>;
  let granted: Grant;
  let context: Hex;
  beforeEach(async () => {
    app = await open();
    await app.testChain.setBalance(app.key.address, parseEther("10"));
    wallet = walletOf(app);
    granted = await app.grant(101n);
    context = encodePermissionContext({ grant: granted });
  });

  const nodeOf = ({ testChain }: App) => ({
    chain: { ...mainnet, id: testChain.chainId },
    transport: custom(testChain.provider, { retryCount: 0 }),
  });
  const walletOf = (of: App) => createWalletClient({ account: of.key, ...nodeOf(of) });
  const balanceOf = (holder: Address) =>
    app.testChain.client.readContract({
      address: app.usdc,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [holder],
    });
  const execution = (to: Address, amount: bigint) => {
    const { to: target, value, data: callData } = payment(app.usdc, to, amount);
    return createExecution({ target, value, callData });
  };
  /** By the kit's own client of the delegation manager, which needs no more than its address. */
  const redeem = (
    delegations: readonly Hex[],
    executions: ReturnType<typeof execution>[][],
    modes: ExecutionMode[] = executions.map((of) =>
      of.length === 1 ? ExecutionMode.SingleDefault : ExecutionMode.BatchDefault,
    ),
  ): Promise<Hex> =>
    contracts.DelegationManager.execute.redeemDelegations({
      client: wallet as never,
      delegationManagerAddress: granted.module,
      delegations: delegations as never,
      modes: modes as never,
      executions,
    });
  const mined = async (hash: Hex) => {
    const { status } = await app.testChain.client.waitForTransactionReceipt({ hash });
    expect(status).to.equal("success");
  };
  const codeOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => "nothing was refused",
      (error) => decodeError(error).code,
    );

  it("pays by the key's transaction, again and again with one context", async () => {
    const [first] = app.recipients;
    const before = await balanceOf(first);
    // The kit only sends to the delegation manager that it knows for the chain.
    overrideDeployedEnvironment(app.testChain.chainId, "1.3.0", {
      ...getSmartAccountsEnvironment(1),
      DelegationManager: granted.module,
    });
    const client = wallet.extend(erc7710WalletActions());
    for (const amount of [1n, 2n]) {
      const { to, data } = payment(app.usdc, first, amount);
      await mined(
        await client.sendTransactionWithDelegation({
          to,
          data,
          permissionContext: context,
          delegationManager: granted.module,
        } as never),
      );
    }
    expect((await balanceOf(first)) - before).to.equal(3n);
    const tooMuch = payment(app.usdc, first, USD + 1n);
    const attempt = client.sendTransactionWithDelegation({
      to: tooMuch.to,
      data: tooMuch.data,
      permissionContext: context,
      delegationManager: granted.module,
    } as never);
    expect(await codeOf(attempt)).to.equal("PER_TRANSACTION");
  });

  it("pays two recipients in a batch, which is one execution", async () => {
    const [first, second] = app.recipients;
    const before = [await balanceOf(first), await balanceOf(second)];
    await mined(await redeem([context], [[execution(first, 3n), execution(second, 4n)]]));
    const after = [await balanceOf(first), await balanceOf(second)];
    expect(after.map((balance, i) => balance - (before[i] ?? 0n))).to.deep.equal([3n, 4n]);
    const attempt = redeem([context], [[execution(first, USD), execution(second, 1n)]]);
    expect(await codeOf(attempt)).to.equal("PER_TRANSACTION");
  });

  it("pays from two sessions in one transaction", async () => {
    const [first] = app.recipients;
    const before = await balanceOf(first);
    const other = encodePermissionContext({ grant: await app.grant(102n) });
    await mined(await redeem([context, other], [[execution(first, USD)], [execution(first, USD)]]));
    expect((await balanceOf(first)) - before).to.equal(2n * USD);
  });

  it("is told why it is refused: a try mode, and a batch of one, which the kit packs as a single call", async () => {
    const [first] = app.recipients;
    const one = [execution(first, 1n)];
    expect(await codeOf(redeem([context], [one], [ExecutionMode.SingleTry]))).to.equal("UNSUPPORTED_MODE");
    expect(await codeOf(redeem([context], [one], [ExecutionMode.BatchDefault]))).to.equal(
      "MALFORMED_EXECUTION",
    );
  });

  it("pays by a userOp of the key's own account, an EOA that runs MetaMask's by EIP-7702", async function () {
    this.timeout(120_000);
    const { testChain, entryPoint, recipients, usdc } = app;
    const publicClient = createPublicClient(nodeOf(app));
    const [first] = recipients;
    const before = await balanceOf(first);
    const environment: SmartAccountsEnvironment = await deploySmartAccountsEnvironment(
      wallet,
      publicClient,
      wallet.chain,
      { EntryPoint: entryPoint.address },
    );
    const implementation = environment.implementations.EIP7702StatelessDeleGatorImpl as Address;
    await delegate(testChain, app.key as never, implementation);
    const account = await toMetaMaskSmartAccount({
      client: publicClient,
      implementation: Implementation.Stateless7702,
      address: app.key.address,
      signer: { account: app.key as never },
      environment,
    });
    const bundler = inProcessBundler(testChain, entryPoint);
    const client = bundlerClientOf(testChain, bundler, account as never).extend(erc7710BundlerActions());
    for (const amount of [1n, 2n])
      await client.sendUserOperationWithDelegation({
        publicClient,
        account: account as never,
        calls: [
          {
            ...payment(usdc, first, amount),
            permissionContext: context as never,
            delegationManager: granted.module,
          },
        ],
        verificationGasLimit: 1_000_000n,
      } as never);
    expect(bundler.outcomes.map(({ success }) => success)).to.deep.equal([true, true]);
    expect((await balanceOf(first)) - before).to.equal(3n);
  });
}

describe("MetaMask's kit redeems a session's context (ERC-7710)", function () {
  this.timeout(60_000);

  for (const version of ["1.4.1", "1.5.0"] as const)
    describe(`on a Safe ${version}`, () => {
      let app: App;
      let restore: () => Promise<void>;
      let close: () => Promise<void>;
      before(async () => {
        const env = await setUp("ethereum");
        const latchkey = await installLatchkey(env.testChain);
        const safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
        await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
        await env.usdc.mint(safe.address, 100n * USD);
        const entryPoint = (await installEntryPoints(env.testChain))["0.7"];
        app = {
          testChain: env.testChain,
          entryPoint,
          usdc: env.usdc.address,
          key: agent,
          recipients: [shop, other],
          async grant(salt) {
            const proposal = await proposeSession(env.testChain.client, {
              account: safe.address,
              key: agent,
              module: latchkey.module,
              budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop, other] } },
              until: "7d",
            });
            return signGrant(safeOwner, { ...proposal, session: { ...proposal.session, salt } });
          },
        };
        restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
        close = () => env.connection.close();
      });
      afterEach(() => restore());
      after(() => close());
      kitTests(async () => app);
    });

  const kinds = [
    "OpenZeppelin AccountERC7579 on EntryPoint 0.7",
    "Nexus 1.0.0",
    "Kernel 3.1",
    "Safe7579 1.0.0 on Safe 1.4.1",
  ];
  onEveryAccount(
    (account) => {
      beforeEach(() => install(account()));
      kitTests(async () => ({
        testChain: world7579().testChain,
        entryPoint: account().entryPoint,
        usdc: world7579().usdc.address,
        key,
        recipients: [alice, bob],
        grant: (salt) => signGrant(signerOf(account()), proposalOf(account(), { salt })),
      }));
    },
    (name) => kinds.includes(name),
  );
});
