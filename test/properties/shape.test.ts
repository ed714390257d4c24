import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, slice, toBytes, toHex } from "viem";
import type { Session } from "#sdk/session/Session.ts";
import { SEED } from "../environment/seed.ts";
import { FLAWS, flawsOf } from "../model/flawsOf.ts";
import { isWhole, type LeftOut, partLeftOut, WHOLE } from "../model/LeftOut.ts";
import { grantDigest, hashSession, slotNonce } from "../model/typedData.ts";
import { spoilings, wellFormedSession } from "./anySession.ts";
import { openErc7579Playground } from "./erc7579Playground.ts";
import { misspellings, misspelt } from "./misspellings.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import type { Playground } from "./Playground.ts";
import { installationData, installedBytes, sessionBytes } from "./packSession.ts";
import { openSafePlayground } from "./safePlayground.ts";

const numRuns = process.env.LATCHKEY_DEEP ? 20_000 : 300;
const seed = SEED;

/** What the module says of invalid session bytes. */
const NO_SESSION = { name: "MalformedSession", args: [FLAWS.ENCODING, 0n] };

/** What may be left out of a session. */
const leftOutOf = ({ budgets }: Session): fc.Arbitrary<LeftOut> =>
  fc.record({ budgets: fc.subarray([...budgets.keys()]), actions: fc.boolean() });

const modules = [
  { module: "the Safe module", open: openSafePlayground, installs: false },
  { module: "the ERC-7579 module", open: openErc7579Playground, installs: true },
];

for (const { module, open, installs } of modules) {
  describe(`any session, in ${module} and in the model (seed ${seed})`, function () {
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
          expect(await ask("hashSession", [sessionBytes(session)])).to.equal(hashSession(session));
          expect(await ask("grantDigest", [sessionBytes(session)])).to.equal(
            grantDigest(session, ground.module, ground.chainId),
          );
        }),
        { numRuns, seed },
      ));

    /** What the module refuses the account with; undefined: it does not. */
    const errorOf = async (functionName: string, args: readonly unknown[]) => {
      const answer = await ground.call(account.address, ground.module, ground.encode(functionName, args));
      return "revert" in answer ? (ground.errorIn(answer.revert) ?? answer.revert) : undefined;
    };

    it("has the same id with omitted parts, and is only granted, enabled and installed when complete", () =>
      fc.assert(
        fc.asyncProperty(
          sessions.chain((session) => fc.tuple(fc.constant(session), leftOutOf(session))),
          async ([session, leftOut]) => {
            const bytes = sessionBytes(session, leftOut);
            expect(await ask("hashSession", [bytes])).to.equal(hashSession(session));
            const expected = isWhole(leftOut) ? undefined : partLeftOut(leftOut);
            expect(await errorOf("grantDigest", [bytes])).to.deep.equal(expected);
            expect(await errorOf("enable", [bytes])).to.deep.equal(expected);
            const installed = installationData("0x", [installedBytes(session, leftOut)]);
            if (installs) expect(await errorOf("onInstall", [installed])).to.deep.equal(expected);
            for (const index of session.budgets.keys()) {
              expect(await errorOf("budgetOf", [bytes, BigInt(index)])).to.deep.equal(
                leftOut.budgets.includes(index) ? expected : undefined,
              );
            }
          },
        ),
        { numRuns: Math.ceil(numRuns / 3), seed },
      ));

    it("is another session, or malformed, with any byte changed", () =>
      fc.assert(
        fc.asyncProperty(
          sessions.chain((session) => fc.tuple(fc.constant(session), leftOutOf(session))),
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          async ([session, leftOut], place, by) => {
            const bytes = toBytes(sessionBytes(session, leftOut));
            const at = place % bytes.length;
            bytes[at] = (bytes[at] as number) ^ by;
            const data = ground.encode("hashSession", [toHex(bytes)]);
            const answer = await ground.call(account.address, ground.module, data);
            if ("answer" in answer) expect(answer.answer).not.to.equal(hashSession(session));
            else expect(ground.errorIn(answer.revert)).to.deep.equal(NO_SESSION);
          },
        ),
        { numRuns, seed },
      ));

    for (const name of Object.keys(misspellings)) {
      it(`is malformed with ${name}`, async () => {
        let tried = 0;
        const property = fc.asyncProperty(
          sessions.chain((session) => fc.tuple(fc.constant(session), leftOutOf(session))),
          fc.nat(),
          async ([session, leftOut], pick) => {
            // Whole, for what a part that is left out does not say.
            const own = misspelt(name, session, leftOut, pick) ?? misspelt(name, session, WHOLE, pick);
            if (!own) return;
            tried++;
            const bytes = concat([session.account, session.key, own]);
            for (const functionName of ["hashSession", "grantDigest", "enable", "renounce"]) {
              expect(await errorOf(functionName, [bytes])).to.deep.equal(NO_SESSION);
            }
            if (!installs) return;
            const whole = misspelt(name, session, WHOLE, pick) as Hex;
            const installed = installationData("0x", [concat([session.key, whole])]);
            expect(await errorOf("onInstall", [installed])).to.deep.equal(NO_SESSION);
          },
        );
        await fc.assert(property, { numRuns: numRuns / 10, seed });
        expect(tried).to.be.greaterThan(numRuns / 30);
      });
    }

    it("is malformed without its complete account and key", async () => {
      const [session] = fc.sample(sessions, { numRuns: 1, seed }) as [Session];
      for (const length of [0, 1, 19, 20, 39, 40]) {
        const bytes = slice(sessionBytes(session), 0, length);
        expect(await errorOf("hashSession", [bytes]), `${length} bytes`).to.deep.equal(NO_SESSION);
      }
    });

    it("has the nonces of its slots by the formula of the design", () => {
      const number = fc.oneof(
        fc.bigInt({ min: 0n, max: 300n }),
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      );
      const id = fc
        .bigInt({ min: 0n, max: 2n ** 256n - 1n })
        .map((n): Hex => `0x${n.toString(16).padStart(64, "0")}`);
      const slot = fc
        .record({ lot: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), size: fc.nat(7) })
        .chain((of) =>
          fc.bigInt({ min: 0n, max: 4n ** BigInt(of.size) - 1n }).map((index) => ({ ...of, index })),
        );
      return fc.assert(
        fc.asyncProperty(id, fc.nat(7), number, slot, async (of, budget, period, { lot, size, index }) => {
          const nonce = await ask("slotNonce", [of, budget, period, lot, size, index]);
          expect(nonce).to.equal(slotNonce(of, budget, period, { lot, size, index }));
          expect(nonce).to.match(/0{16}$/);
        }),
        { numRuns, seed },
      );
    });

    const trial = async (session: Session) => {
      await judge(session, "enable", [sessionBytes(session)]);
      const installed = installationData("0x", [installedBytes(session)]);
      if (installs) await judge(session, "onInstall", [installed]);
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

    it("is enabled exactly if it violates no bound, and a violation is named", () =>
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

    it("was tried with every flaw", () => {
      expect(tally).to.include.all.keys("none", ...Object.keys(FLAWS));
    });
  });
}
