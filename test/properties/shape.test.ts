import { expect } from "chai";
import fc from "fast-check";
import { encodeAbiParameters, type Hex } from "viem";
import type { Session } from "../../packages/sdk/src/Session.ts";
import { SEED } from "../environment/seed.ts";
import { FLAWS, flawsOf } from "../model/flawsOf.ts";
import { grantDigest, hashSession, slotNonce } from "../model/typedData.ts";
import { spoilings, wellFormedSession } from "./anySession.ts";
import { openErc7579Playground } from "./erc7579Playground.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import type { Playground } from "./Playground.ts";
import { sessionParameter } from "./packPayload.ts";
import { openSafePlayground } from "./safePlayground.ts";

const numRuns = process.env.LATCHKEY_DEEP ? 20_000 : 300;
const seed = SEED;

/** What an ERC-7579 account hands to the module that it installs: nobody may grant, one session. */
const installationOf = (session: Session): Hex =>
  encodeAbiParameters([{ type: "bytes" }, { ...sessionParameter, type: "tuple[]" }], ["0x", [session]]);

const modules = [
  { module: "the Safe module", open: openSafePlayground, installs: false },
  { module: "the ERC-7579 module", open: openErc7579Playground, installs: true },
];

for (const { module, open, installs } of modules) {
  describe(`any session at all, in ${module} and in the model (seed ${seed})`, function () {
    this.timeout(process.env.LATCHKEY_DEEP ? 0 : 120_000);

    let ground: Playground;
    let account: PlayedAccount;
    let sessions: fc.Arbitrary<Session>;
    /** How many of the sessions that were tried are well formed, and how many have which flaw. */
    const tally: Record<string, number> = {};

    before(async () => {
      ground = await open();
      account = ground.accounts[0] as PlayedAccount;
      sessions = wellFormedSession(account.address, await ground.now());
    });

    const ask = async (functionName: string, args: readonly unknown[]): Promise<unknown> => {
      const [answer] = await ground.ask([{ to: ground.module, data: ground.encode(functionName, args) }]);
      return ground.decode(functionName, answer as Hex);
    };

    it("has the id and the digest that EIP-712 gives it", () =>
      fc.assert(
        fc.asyncProperty(sessions, async (session) => {
          expect(await ask("hashSession", [session])).to.equal(hashSession(session));
          expect(await ask("grantDigest", [session])).to.equal(
            grantDigest(session, ground.module, ground.chainId),
          );
        }),
        { numRuns, seed },
      ));

    it("has the nonces of its slots by the formula of the design", () => {
      const number = fc.oneof(
        fc.bigInt({ min: 0n, max: 300n }),
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      );
      const id = fc
        .bigInt({ min: 0n, max: 2n ** 256n - 1n })
        .map((n): Hex => `0x${n.toString(16).padStart(64, "0")}`);
      return fc.assert(
        fc.asyncProperty(id, fc.nat(7), number, number, fc.nat(7), number, async (...parts) => {
          const [of, budget, period, lot, size, index] = parts;
          const nonce = await ask("slotNonce", [of, budget, period, lot, size, index]);
          expect(nonce).to.equal(slotNonce(of, budget, period, { lot, size, index }));
          expect(nonce).to.match(/0{16}$/);
        }),
        { numRuns, seed },
      );
    });

    const trial = async (session: Session) => {
      await judge(session, "enable", [session]);
      if (installs) await judge(session, "onInstall", [installationOf(session)]);
    };

    /** The account asks for the session in one of the ways that it has. */
    const judge = async (session: Session, functionName: string, args: readonly unknown[]) => {
      const flaws = flawsOf(session, ground.module);
      const answer = await ground.call(account.address, ground.module, ground.encode(functionName, args));
      for (const { flaw } of flaws) tally[flaw] = (tally[flaw] ?? 0) + 1;
      if (flaws.length === 0) {
        tally.none = (tally.none ?? 0) + 1;
        expect(
          "answer" in answer,
          `refused: ${"revert" in answer && ground.errorIn(answer.revert)?.args}`,
        ).to.equal(true);
        return;
      }
      expect("revert" in answer, `accepted with ${JSON.stringify(flaws)}`).to.equal(true);
      const error = "revert" in answer ? ground.errorIn(answer.revert) : undefined;
      expect(error?.name).to.equal("MalformedSession");
      const [flaw, index] = (error?.args ?? []) as [number, bigint];
      const known = flaws.map((one) => `${FLAWS[one.flaw]} at ${one.index}`);
      expect(known).to.include(`${flaw} at ${index}`);
    };

    it("is enabled exactly if no bound is broken, and the bound that is broken is named", () =>
      fc.assert(
        fc.asyncProperty(
          sessions,
          fc.array(fc.constantFrom(...Object.keys(spoilings)), { maxLength: 2 }),
          async (session, names) => {
            const spoilt = names.reduce((so, name) => spoilings[name]?.(so, ground.module) ?? so, session);
            await trial(spoilt);
          },
        ),
        { numRuns, seed },
      ));

    for (const [name, spoil] of Object.entries(spoilings)) {
      it(`is judged alike with ${name}`, async () => {
        const whole = sessions.filter(
          ({ budgets, actions }) =>
            budgets.length > 0 && actions.length > 0 && (actions.at(-1)?.rules.length ?? 0) > 0,
        );
        for (const session of fc.sample(whole, { numRuns: 3, seed }))
          await trial(spoil(session, ground.module));
      });
    }

    it("was tried with every flaw that ABI-encoded types leave room for", () => {
      const { WIDTH: _, ...others } = FLAWS;
      expect(tally).to.include.all.keys("none", ...Object.keys(others));
    });
  });
}
