import { access, readFile } from "node:fs/promises";
import { createPasskeySafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { createPasskey } from "@latchkey/devchain";
import { type EncodedCall, type Grant, type Session, verifyGrant } from "@latchkey/sdk";
import { decodePermissionContext } from "@latchkey/sdk/encoding";
import { type HandoffRequest, handoffCode, type PermissionResponse } from "@latchkey/sdk/handoff";
import type { PermissionHandoff, SessionHandoff } from "@latchkey/sdk/node";
import { expect } from "chai";
import { toFunctionSelector } from "viem";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/page.md";
const address = new URL(`../../${page}`, import.meta.url);
const given = ["client", "agent", "shop", "safe", "passkey"] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let account: SafeAccount;
  const passkey = createPasskey();
  const agent = keyOf("the agent of the hand-off");
  const shop = keyOf("the shop of the hand-off").address;

  before(async () => {
    chain = await openDocsChain();
    account = await createPasskeySafe(chain, {
      version: "1.4.1",
      passkey,
      latchkey: chain.latchkey,
      domainSeparators: [],
    });
  });
  after(() => chain?.close());

  it("does what it says at every step", async () => {
    const owner = { ...passkey, signer: chain.safe.passkey.sharedSigner };
    const printed: string[] = [];
    let asking: SessionHandoff | undefined;
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => printed.push(text) > 0) as typeof write;
    try {
      const outcomes: Outcomes = {
        handoff({ handoff }) {
          asking = handoff as SessionHandoff;
          const { link, code, fingerprint } = asking;
          for (const part of [link, code, fingerprint]) expect(printed.join("")).to.include(part);
        },
        compare({ compare, handoff, request, asked }) {
          const { code, fingerprint } = handoff as SessionHandoff;
          expect(compare).to.deep.equal([code, fingerprint]);
          expect(handoffCode(request as HandoffRequest)).to.equal(code);
          expect((asked as Session).budgets[0]).to.include({ perPeriod: 20_000_000n });
        },
        lowered({ lowered }) {
          expect((lowered as Session).budgets[0]).to.include({ perPeriod: 10_000_000n });
        },
        async grant({ grant, lowered }) {
          expect((grant as Grant).session).to.deep.equal(lowered);
          expect(await verifyGrant(chain.client, grant as Grant)).to.deep.equal({ valid: true });
          expect(printed.join("")).to.include("Granted; 0 to send.");
        },
        old({ old, grant, more }) {
          expect((old as Grant).session).to.deep.equal((grant as Grant).session);
          expect((more as SessionHandoff).request.replaces).to.include({ module: chain.latchkey.module });
        },
        calls({ standing, calls, replacement }) {
          expect(standing).to.deep.equal({ valid: true });
          expect((replacement as Grant).session.budgets[0]).to.include({ perPeriod: 20_000_000n });
          expect((calls as EncodedCall[]).map(({ data }) => data.slice(0, 10))).to.have.members([
            toFunctionSelector("revoke(bytes32)"),
            toFunctionSelector("enable(bytes)"),
          ]);
        },
        async response({ response, asking }) {
          const { context, delegationManager, dependencies } = response as PermissionResponse;
          const { session } = await (asking as PermissionHandoff).answer;
          expect(decodePermissionContext(context).session).to.deep.equal(session);
          expect({ delegationManager, dependencies }).to.deep.equal({
            delegationManager: chain.latchkey.module,
            dependencies: [],
          });
        },
        async wallet({ wallet }) {
          const request = (wallet as { request(asked: object): Promise<object> }).request;
          const supported = await request({ method: "wallet_getSupportedExecutionPermissions" });
          expect(supported).to.include.keys("erc20-token-stream");
        },
      };
      await followPage(
        {
          page,
          given: { client: chain.client, agent, shop, safe: account.address, passkey: owner },
        },
        outcomes,
      );
    } finally {
      process.stderr.write = write;
      // Where a step failed, it still waits, and would keep the tests from ending.
      await asking?.close();
    }
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("names only codes that docs/errors.md explains, and files that exist", async () => {
    const text = await readFile(address, "utf8");
    const errors = await readFile(new URL("errors.md", address), "utf8");
    const codes = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+|DECLINED|NETWORK)`/g)].map(([, code = ""]) => code);
    expect(codes).to.include.members(["INVALID_ANSWER", "NO_GAS", "DECLINED"]);
    expect(codes.filter((code) => !errors.includes(`\`${code}\` ·`))).to.deep.equal([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("agents.md");
    for (const link of links) await access(new URL(link, address));
  });
});
