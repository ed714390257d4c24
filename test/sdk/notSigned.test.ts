import {
  type AccountKind,
  createSession,
  enabledGrant,
  erc7579SessionModuleAddress,
  type Owner,
  type Proposal,
  safeSessionModuleAddress,
  signGrant,
  type ValidatorSigner,
} from "@latchkey/sdk";
import { signExecution } from "@latchkey/sdk/encoding";
import { toSessionSmartAccount, type UserOpKey } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  createWalletClient,
  custom,
  getAddress,
  type Hex,
  keccak256,
  type LocalAccount,
  toBytes,
  toHex,
  UserRejectedRequestError,
} from "viem";
import { privateKeyToAccount, toAccount } from "viem/accounts";
import { base } from "viem/chains";
import { DOCS_BASE } from "#sdk/errors/docsPath.ts";
import { refusalOf } from "./safeFixture.ts";

const agent = privateKeyToAccount(keccak256(toBytes("an agent whose owner rejects")));
const shop = getAddress(toHex(0x5409, { size: 20 }));

function proposalOf(accountKind: AccountKind): Proposal {
  const module = accountKind === "safe" ? safeSessionModuleAddress() : erc7579SessionModuleAddress();
  const session = createSession(
    {
      account: getAddress(toHex(0xacc0, { size: 20 })),
      key: agent,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    },
    { chainId: base.id, module, now: 1_800_000_000, epoch: 0n },
  );
  return { version: 1, chainId: base.id, module, accountKind, session };
}

describe("a signer that does not sign", () => {
  const says = (answer: () => Promise<unknown>) =>
    createWalletClient({
      account: agent.address,
      chain: base,
      transport: custom({ request: answer }, { retryCount: 0 }),
    });
  /** As browsers do when a prompt is closed. */
  const closed = new DOMException("The operation either timed out or was not allowed.", "NotAllowedError");
  const fails = async (): Promise<never> => {
    throw closed;
  };
  const signers: { readonly [who: string]: Owner | ValidatorSigner } = {
    "an owner in their wallet": says(async () => {
      throw new UserRejectedRequestError(new Error("User rejected the request."));
    }),
    "a wallet without an answer": says(async () => null),
    "a passkey": { rawId: "0x01", getFn: fails },
    "a key that is kept elsewhere": { ...agent, signTypedData: fails },
    "a validator's signer": { granter: "0x00", sign: fails },
  };

  for (const [who, signer] of Object.entries(signers))
    it(`is a refusal, of ${who}, with the reason below it`, async () => {
      const proposal = proposalOf("granter" in signer ? "openzeppelin" : "safe");
      const refusal = await refusalOf(signGrant(signer, proposal));
      expect(refusal.code).to.equal("NOT_SIGNED");
      expect(refusal.shortMessage).to.match(/^[^\n]+\.$/);
      expect(refusal.docsPath).to.equal(`${DOCS_BASE}/errors.md#not-signed`);
      if (who !== "a wallet without an answer") expect(refusal.cause).to.be.instanceOf(Error);
    });

  it("is a refusal of the agent's key as well", async () => {
    const key = { ...agent, signTypedData: fails, sign: fails } as LocalAccount & UserOpKey;
    const safe = enabledGrant(proposalOf("safe"));
    const signing = signExecution(key, { grant: safe, calls: [{ to: shop }], caller: "anyone", deadline: 9 });
    expect((await refusalOf(signing)).code).to.equal("NOT_SIGNED");

    const client = says(async () => null);
    const grant = enabledGrant(proposalOf("nexus"));
    const account = await toSessionSmartAccount({ client, key, grant, entryPoint: "0.7" });
    expect((await refusalOf(account.getStubSignature())).code).to.equal("NOT_SIGNED");
  });

  it("is asked again the next time, where a key could not be reached", async () => {
    let reached = false;
    const sign = async ({ hash }: { hash: Hex }): Promise<Hex> => {
      if (!reached) throw new Error("the vault is sealed");
      return agent.sign({ hash });
    };
    const account = await toSessionSmartAccount({
      client: says(async () => null),
      key: { address: agent.address, sign },
      grant: enabledGrant(proposalOf("nexus")),
      entryPoint: "0.7",
    });
    expect((await refusalOf(account.getStubSignature())).code).to.equal("NOT_SIGNED");
    reached = true;
    expect(await account.getStubSignature()).to.have.length(2 + 2 * 65);
  });

  it("is said at once where an account cannot sign hashes at all", async () => {
    const { address, signMessage, signTransaction, signTypedData } = agent;
    const handless: LocalAccount = toAccount({ address, signMessage, signTransaction, signTypedData });
    const grant = enabledGrant(proposalOf("nexus"));
    const made = toSessionSmartAccount({
      client: says(async () => null),
      key: handless,
      grant,
      entryPoint: "0.7",
    });
    expect((await refusalOf(made)).code).to.equal("INVALID_SIGNER");
  });
});
