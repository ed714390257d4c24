import { GRANT_VERSION, safeSessionModuleAddress } from "@latchkey/sdk";
import { encodeRevokeAll, safeTransaction } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, hashTypedData } from "viem";
import { changeTransactions, planChange } from "#page/manage/ChangePlan.ts";
import { type ManagedAccount, managedAccounts } from "#page/manage/ManagedAccount.ts";
import type { SafeStanding } from "#page/manage/readSafe.ts";
import { nothingSaved, type SavedAccount, type SavedGrant } from "#page/store/Saved.ts";
import { parseSaved } from "#page/store/store.ts";
import { predictSafe } from "#page/tap/predictSafe.ts";

const SAFE: Address = "0x00000000000000000000000000000000000000dd";
const OTHER: Address = "0x00000000000000000000000000000000000000ff";
const SIGNER: Address = "0x00000000000000000000000000000000000000a1";
const MODULE = safeSessionModuleAddress();

const owner: SavedAccount = { chainId: 1, address: SAFE, passkey: "0x01", x: "0x02", y: "0x03", addedAt: 0 };
const grantOf = (account: Address, grantedAt: number, fromBlock: string): SavedGrant => ({
  name: `granted at ${grantedAt}`,
  nonce: "0x00",
  grantedAt,
  fromBlock,
  transactions: [],
  grant: {
    version: GRANT_VERSION,
    chainId: 1,
    module: MODULE,
    accountKind: "safe",
    signature: "0x",
    session: {
      account,
      key: OTHER,
      validAfter: 0,
      validUntil: 10,
      epoch: 0n,
      salt: BigInt(grantedAt),
      gasAllowance: 0n,
      paymaster: "0x0000000000000000000000000000000000000000",
      budgets: [],
      actions: [],
    },
  },
});

describe("the accounts to manage", () => {
  it("have their grants together, newest first, and the earliest block of all", () => {
    const [account, ...others] = managedAccounts({
      accounts: [owner],
      grants: [grantOf(SAFE, 1, "900"), grantOf(SAFE, 3, "1000"), grantOf(SAFE, 2, "95")],
    });
    expect(others).to.deep.equal([]);
    expect(account?.grants.map(({ grantedAt }) => grantedAt)).to.deep.equal([3, 2, 1]);
    expect(account?.fromBlock).to.equal(95n);
    expect(account?.owner).to.equal(owner);
  });

  it("include an account without a grant, and one known only from a grant", () => {
    const accounts = managedAccounts({ accounts: [owner], grants: [grantOf(OTHER, 1, "1")] });
    expect(accounts.map((one) => [one.account, one.owner, one.fromBlock])).to.deep.equal([
      [OTHER, undefined, 1n],
      [SAFE, owner, undefined],
    ]);
  });

  it("do not use the owner of the same address on another chain", () => {
    const [account] = managedAccounts({
      accounts: [{ ...owner, chainId: 2 }],
      grants: [grantOf(SAFE, 1, "1")],
    });
    expect(account?.owner).to.equal(undefined);
  });
});

describe("the plan of a change", () => {
  const managed: ManagedAccount = {
    name: "one",
    chainId: 1,
    account: SAFE,
    module: MODULE,
    accountKind: "safe",
    owner,
    grants: [],
    fromBlock: undefined,
  };
  const safe: SafeStanding = { deployed: true, nonce: 7n, threshold: 1n, isOwner: true, epoch: 5n };
  const call = encodeRevokeAll({ module: MODULE });
  const plan = (changes: Partial<ManagedAccount> = {}, standing: SafeStanding | undefined = safe) =>
    planChange({ ...managed, ...changes }, SIGNER, call, standing);
  const failureOf = (made: ReturnType<typeof plan>) =>
    "kind" in made && made.kind === "failure" ? made.failure.code : undefined;

  it("has the passkey sign exactly this call with the Safe's next nonce", () => {
    const made = plan();
    const { typedData } = safeTransaction({ safe: SAFE, chainId: 1, nonce: 7n, calls: [call] });
    if (!("action" in made)) throw new Error("there is no plan");
    expect(made.action.challenge).to.equal(hashTypedData(typedData));
    expect(typedData.message).to.deep.include({ to: MODULE, data: call.data, operation: 0 });
    expect(made).to.include({ nonce: 7n, epoch: 5n });
  });

  it("creates the account first if it does not exist yet, only as determined by its own passkey", () => {
    const absent: SafeStanding = { ...safe, deployed: false, nonce: 0n };
    const { address, creation } = predictSafe({ x: 2n, y: 3n }, SIGNER);
    const mine = { account: address, owner: { ...owner, address } };
    expect("action" in plan(mine, absent)).to.equal(true);
    const sent = changeTransactions({ nonce: "0", signature: "0x" }, { ...managed, ...mine }, SIGNER, call);
    expect(sent.creation).to.deep.equal({ chainId: "0x1", ...creation, value: "0x0" });
    expect(failureOf(plan({}, absent))).to.equal("NO_ACCOUNT_THERE");
    const stranger = changeTransactions({ nonce: "0", signature: "0x" }, managed, SIGNER, call);
    expect(stranger.creation).to.equal(undefined);
    // What a file that was imported says of it has no say.
    const altered = { ...owner, creation: { to: OTHER, data: "0x1234", value: "0x0" } };
    expect(failureOf(plan({ owner: altered }, absent))).to.equal("NO_ACCOUNT_THERE");
    expect(parseSaved(JSON.stringify({ ...nothingSaved, accounts: [owner] }))).not.to.equal(undefined);
    expect(parseSaved(JSON.stringify({ ...nothingSaved, accounts: [altered] }))).to.equal(undefined);
  });

  it("sends nothing from the saved data but this change of this account", () => {
    const kept = { nonce: "7", signature: "0x1234" } as const;
    const { change } = changeTransactions(kept, managed, SIGNER, call);
    const transaction = safeTransaction({ safe: SAFE, chainId: 1, nonce: 7n, calls: [call] });
    const { to, data } = transaction.encode(kept.signature);
    expect(change).to.deep.equal({ chainId: "0x1", to, data, value: "0x0" });
    expect(to).to.equal(SAFE);
  });

  it("does not prompt for a passkey that the Safe would not accept", () => {
    expect(failureOf(plan({}, { ...safe, threshold: 2n }))).to.equal("THRESHOLD_ABOVE_ONE");
    expect(failureOf(plan({}, { ...safe, isOwner: false }))).to.equal("OWNER_NOT_PASSKEY");
  });

  it("says what is missing: the passkey, the chain's response, or a Safe", () => {
    expect(plan({ owner: undefined })).to.deep.equal({ kind: "unknownPasskey" });
    expect(planChange(managed, SIGNER, call, undefined)).to.deep.equal({ kind: "asking" });
    expect(plan({ accountKind: "kernel" })).to.deep.equal({ kind: "otherKind" });
  });
});
