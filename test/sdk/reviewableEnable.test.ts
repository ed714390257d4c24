import { SAFE_VERSIONS } from "@latchkey/devchain";
import {
  type EncodedCall,
  enabledGrant,
  enableSession,
  executeAsSafe,
  hashSession,
  isRefusal,
  type Owner,
  type Proposal,
  replaceSession,
  verifyGrant,
} from "@latchkey/sdk";
import { sessionLensAbi, sessionModuleAbi } from "@latchkey/sdk/abis";
import { sessionLensAddress } from "@latchkey/sdk/addresses";
import {
  decodeCalldata,
  decodeReviewableEnable,
  encodeEnable,
  encodePause,
  encodeReviewableEnable,
  encodeSession,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  decodeFunctionData,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  parseAbi,
  size,
  slice,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { grantOf, mined, owner, propose, refusalOf, stateOf, useSafe, walletOf } from "./safeFixture.ts";

const ownersAbi = parseAbi(["function addOwnerWithThreshold(address owner, uint256 threshold)"]);
const safeAbi = parseAbi([
  "function execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
]);
const multiSendAbi = parseAbi(["function multiSend(bytes)"]);
const coSigner = privateKeyToAccount(`0x${"c0".repeat(32)}`);

for (const version of SAFE_VERSIONS)
  describe(`several owners of a Safe ${version} who enable a session`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const client = () => world().env.testChain.client;
    const wallet = () => walletOf(world(), owner);
    const both: readonly Owner[] = [owner, coSigner];

    beforeEach(async () => {
      const { env, safe } = world();
      await env.testChain.setBalance(owner.address, 10n ** 19n);
      await mined(
        world(),
        executeAsSafe(wallet(), {
          safe: safe.address,
          calls: [addOwner(safe.address, coSigner.address)],
        }),
      );
    });

    /** What the Safe was made to do by a transaction, call by call. */
    const callsOf = async (hash: Hex): Promise<EncodedCall[]> => {
      const { input } = await client().getTransaction({ hash });
      const [to, value, data, operation] = decodeFunctionData({ abi: safeAbi, data: input }).args;
      if (operation === 0) return [{ to, value, data }];
      const calls: EncodedCall[] = [];
      let [rest] = decodeFunctionData({ abi: multiSendAbi, data }).args;
      while (size(rest) > 0) {
        const length = Number(hexToBigInt(slice(rest, 53, 85)));
        calls.push({
          to: slice(rest, 1, 21),
          value: hexToBigInt(slice(rest, 21, 53)),
          data: slice(rest, 85, 85 + length),
        });
        rest = size(rest) > 85 + length ? slice(rest, 85 + length) : "0x";
      }
      return calls;
    };

    it("see all of it as a struct in the batch that they sign", async () => {
      const proposal = await propose(world());
      const hash = await enableSession(wallet(), { proposal, owner: both });
      await mined(world(), Promise.resolve(hash));
      const [shown, enabled, ...others] = await callsOf(hash);
      expect(others).to.have.length(0);
      const session = proposal.session;
      expect(decodeCalldata(shown?.data as Hex, { to: shown?.to as Address })).to.deep.include({ session });
      expect(decodeCalldata(enabled?.data as Hex, { to: enabled?.to as Address })).to.deep.include({
        session,
      });
      expect(await verifyGrant(client(), enabledGrant(proposal))).to.deep.equal({ valid: true });
    });

    it("enable nothing where the struct is another than the bytes beside it", async () => {
      const [narrow, wide] = [await propose(world()), await propose(world(), wider)];
      const [, enable] = encodeReviewableEnable(wide);
      const lie = { to: sessionLensAddress(), value: 0n, data: requireSame(narrow, wide) };
      const calls = [lie, enable as EncodedCall];
      await refusalOf(executeAsSafe(wallet(), { safe: world().safe.address, calls, owner: both }));
      expect([await stateOf(world(), narrow), await stateOf(world(), wide)]).to.deep.equal([
        "UNKNOWN",
        "UNKNOWN",
      ]);
      expect(refusedBatch(calls)).to.equal("INVALID_CALLDATA");
    });

    it("are warned where one session is proved and another enabled, which the chain alone lets pass", async () => {
      const [narrow, wide] = [await propose(world()), await propose(world(), wider)];
      const [proof] = encodeReviewableEnable(narrow) as [EncodedCall, EncodedCall];
      const calls = [proof, encodeEnable(wide)];
      expect(refusedBatch(calls)).to.equal("INVALID_CALLDATA");
      await mined(world(), executeAsSafe(wallet(), { safe: world().safe.address, calls, owner: both }));
      expect(await stateOf(world(), wide)).to.equal("ENABLED");
    });

    it("see it of a session that replaces another, too", async () => {
      const old = await grantOf(world(), {}, both);
      const replacement = await propose(world());
      const hash = await replaceSession(wallet(), { old, replacement, owner: both, floors: [] });
      await mined(world(), Promise.resolve(hash));
      const [, ...shown] = await callsOf(hash);
      expect(decodeReviewableEnable(shown).session).to.deep.equal(replacement.session);
      expect(await stateOf(world(), replacement)).to.equal("ENABLED");
    });

    it("are not asked where there is no lens, unless they do without it", async () => {
      await world().env.testChain.setCode(sessionLensAddress(), "0x");
      const proposal = await propose(world());
      const asked = { address: coSigner.address, signTypedData: () => expect.fail("asked") };
      const owners = [owner, { ...coSigner, ...asked }] as readonly Owner[];
      const refusal = await refusalOf(enableSession(wallet(), { proposal, owner: owners }));
      expect([refusal.code, refusal.details.path]).to.deep.equal(["INVALID_ADDRESS", "reviewable"]);
      expect(refusal.message).to.include("reviewable: false");
      await mined(world(), enableSession(wallet(), { proposal, owner: both, reviewable: false }));
      expect(await stateOf(world(), proposal)).to.equal("ENABLED");
    });
  });

describe("a batch that owners are to review", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");

  it("is made for one owner where that is asked for, and is plain otherwise", async () => {
    const [proposal, other] = [await propose(world()), await propose(world())];
    const sent: EncodedCall[][] = [];
    const send = async (calls: readonly EncodedCall[]): Promise<Hex> => {
      sent.push([...calls]);
      return "0x12";
    };
    const client = world().env.testChain.client;
    await enableSession(client, { proposal, send });
    await enableSession(client, { proposal: other, send, reviewable: true });
    expect(sent).to.deep.equal([[encodeEnable(proposal)], encodeReviewableEnable(other)]);
  });

  it("is told from every other", async () => {
    const proposal = await propose(world());
    const [shown, enable] = encodeReviewableEnable(proposal) as [EncodedCall, EncodedCall];
    const session = proposal.session;
    expect(decodeReviewableEnable([shown, enable])).to.deep.equal({
      module: proposal.module,
      session,
      id: hashSession(session),
      approvals: [],
    });
    const elsewhere = encodeEnable({ ...proposal, module: owner.address });
    expect(decodeReviewableEnable([shown, elsewhere]).module).to.equal(owner.address);
    const others: Record<string, readonly EncodedCall[]> = {
      none: [],
      "the first alone": [shown],
      "the second alone": [enable],
      "the other order": [enable, shown],
      "one call more": [shown, enable, enable],
      "native coin with the first": [{ ...shown, value: 1n }, enable],
      "native coin with the second": [shown, { ...enable, value: 1n }],
      "a lens of somebody else": [{ ...shown, to: owner.address }, enable],
      "a proof of another kind": [{ ...shown, data: lensData("hash", [session]) }, enable],
      "a pause": [shown, encodePause(proposal)],
      "bytes behind the proof": [{ ...shown, data: `${shown.data}00` }, enable],
      "bytes behind the enabling": [shown, { ...enable, data: `${enable.data}00` }],
      "parts left out": [
        shown,
        { ...enable, data: enableBytes(encodeSession(session, { budgets: [], actions: true })) },
      ],
    };
    for (const [what, calls] of Object.entries(others))
      expect(refusedBatch(calls), what).to.equal("INVALID_CALLDATA");
  });
});

const wider = { budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: "anyone" } } } as const;

const refusedBatch = (calls: readonly EncodedCall[]): string => {
  try {
    decodeReviewableEnable(calls);
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return "none";
};

const lensData = (functionName: "hash" | "requireSame", args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: sessionLensAbi, functionName, args } as never);

const requireSame = (shown: Proposal, packed: Proposal): Hex =>
  lensData("requireSame", [shown.session, encodeSession(packed.session)]);

const enableBytes = (session: Hex): Hex =>
  encodeFunctionData({ abi: sessionModuleAbi, functionName: "enable", args: [session] });

const addOwner = (safe: Address, coSigner: Address): EncodedCall => ({
  to: safe,
  value: 0n,
  data: encodeFunctionData({ abi: ownersAbi, functionName: "addOwnerWithThreshold", args: [coSigner, 2n] }),
});
