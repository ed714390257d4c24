import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
  signAsSafe,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import {
  fallbackHandlerOf,
  SAFE_VERSIONS,
  transferWithAuthorizationTypes,
  USDC,
  type UsdcChain,
  usdcAbi,
} from "@latchkey/devchain";
import { encodeEnable, encodeRevoke } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  maxUint256,
  pad,
  parseAbi,
  slice,
  toBytes,
  toHex,
} from "viem";
import { ADMIN_SLOT, IMPLEMENTATION_SLOT, usdcProxyAbi } from "#devchain/usdc.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { refusal } from "../environment/refusal.ts";
import { type Environment, LIVE, setUp } from "../environment/setUp.ts";
import { openBooks } from "./books.ts";
import { refusalCode } from "./refusalCode.ts";
import { type SessionPayer, sessionPayer } from "./SessionPayer.ts";

const DOLLAR = 1_000_000n;
const QUARTER = 250_000n;
/** An address that nobody else uses, on a live chain either. */
const addressOf = (name: string): Address => getAddress(slice(keccak256(toBytes(name)), 12));
const [shop, stranger] = [addressOf("the shop of the USDC tests"), addressOf("a stranger of the USDC tests")];
const erc1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);

/** The other messages of USDC's domain that a contract may be asked about. */
const otherTypes = {
  Permit: "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
  ReceiveWithAuthorization:
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  CancelAuthorization: "CancelAuthorization(address authorizer,bytes32 nonce)",
} as const;

for (const chain of Object.keys(USDC) as UsdcChain[]) {
  for (const version of SAFE_VERSIONS) {
    describe(`a session of a Safe ${version} with USDC on ${chain} (${LIVE[chain] ? "live fork" : "hermetic"})`, function () {
      this.timeout(LIVE[chain] ? 300_000 : 60_000);

      let environment: Environment;
      let latchkey: Latchkey;
      let account: SafeAccount;
      let payer: SessionPayer;
      let proxyBefore: Record<string, Hex | undefined>;
      let checkBooks: () => Promise<void>;
      let restore: () => Promise<void>;

      before(async () => {
        environment = await setUp(chain);
        const { testChain, usdc, connection } = environment;
        latchkey = await installLatchkey(testChain);
        account = await createSafe(environment, { version, owner: ecdsaOwner(`usdc ${version}`) });
        await installOnSafe(account, latchkey, [usdc.domainSeparator]);
        await usdc.mint(account.address, 100n * DOLLAR);
        payer = await sessionPayer(account, {
          latchkey,
          token: usdc,
          payee: shop,
          // Three lots, each worth one dollar or four quarters.
          budgets: {
            [usdc.address]: {
              perTransaction: "1",
              perDay: "3",
              recipients: [shop],
              x402: { typicalPrice: "0.25" },
            },
          },
        });
        await asSafe(account, [encodeEnable(payer.grant)]);
        proxyBefore = await proxyState();
        checkBooks = await openBooks(testChain, usdc.address);
        const snapshot = await connection.networkHelpers.takeSnapshot();
        restore = () => snapshot.restore();
      });
      // What no session may ever change, looked at after every test: the books, and USDC itself.
      afterEach(async function () {
        if (this.currentTest?.state === "passed") {
          await checkBooks();
          expect(await proxyState()).to.deep.equal(proxyBefore);
        }
        await restore();
      });
      after(() => environment.connection.close());

      /** The proxy's code, admin and implementation, and the slots of roles, names, supply, pause and versions. */
      async function proxyState(): Promise<Record<string, Hex | undefined>> {
        const { client } = environment.testChain;
        const { address, implementation } = environment.usdc;
        const slots = [
          ADMIN_SLOT,
          IMPLEMENTATION_SLOT,
          ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 18].map((slot) => toHex(slot)),
        ];
        const words = slots.map(
          async (slot) => [slot, await client.getStorageAt({ address, slot })] as const,
        );
        const codes = [address, implementation].map(
          async (of) => [of, keccak256((await client.getCode({ address: of })) ?? "0x")] as const,
        );
        return Object.fromEntries(await Promise.all([...words, ...codes]));
      }

      /** The next transaction happens in this second. */
      const at = (second: bigint) => environment.connection.networkHelpers.time.setNextBlockTimestamp(second);
      const now = async () => (await environment.testChain.client.getBlock()).timestamp;
      const balances = async () => ({
        safe: await environment.usdc.balanceOf(account.address),
        shop: await environment.usdc.balanceOf(shop),
      });
      const transfer = (to: Address, amount: bigint) => ({
        to: environment.usdc.address,
        data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] }),
      });
      /** Sends a call to USDC from anyone. */
      const send = (from: Address, data: Hex) =>
        environment.testChain.send({ from, to: environment.usdc.address, data });
      /** The owner's signature, in the Safe's form, over an authorization of the Safe that no session knows of. */
      async function signedByOwner(nonce: Hex) {
        const message = {
          from: account.address,
          to: stranger,
          value: 42n * DOLLAR,
          validAfter: 0n,
          validBefore: maxUint256,
          nonce,
        };
        const digest = hashTypedData({
          domain: environment.usdc.domain,
          types: transferWithAuthorizationTypes,
          primaryType: "TransferWithAuthorization",
          message,
        });
        return {
          ...message,
          digest,
          keySignature: "0x" as Hex,
          signature: await signAsSafe(account, digest),
        };
      }
      /** The digest of one of the domain's other messages, and what a handler is shown to compute it. */
      function otherQuestion(type: keyof typeof otherTypes, words: readonly (Address | bigint | Hex)[]) {
        const typeHash = keccak256(toBytes(otherTypes[type]));
        const encodedFields = encodeAbiParameters(
          words.map(() => ({ type: "bytes32" })),
          words.map((word) => (typeof word === "bigint" ? toHex(word, { size: 32 }) : pad(word))),
        );
        const structHash = keccak256(`${typeHash}${encodedFields.slice(2)}`);
        const digest = keccak256(
          `0x1901${environment.usdc.domainSeparator.slice(2)}${structHash.slice(2)}` as Hex,
        );
        return { digest, typeHash, encodedFields };
      }

      it("pays by execution exactly what was asked for", async () => {
        await payer.execute([transfer(shop, 123_456n), transfer(shop, 1n)]);
        expect(await balances()).to.deep.equal({ safe: 100n * DOLLAR - 123_457n, shop: 123_457n });
        expect(await payer.spent()).to.equal(123_457n);
      });

      it("pays by ERC-7710 exactly what was asked for, again and again with one context", async () => {
        const { to: target, data = "0x" } = transfer(shop, 123_456n);
        for (let i = 1n; i <= 2n; ++i) {
          const { status } = await payer.redeem({ target, value: 0n, data });
          expect(status).to.equal("success");
          expect(await payer.spent()).to.equal(i * 123_456n);
        }
        expect(await balances()).to.deep.equal({ safe: 100n * DOLLAR - 246_912n, shop: 246_912n });
      });

      it("pays with authorizations, openers and followers, from any submitter", async () => {
        const slots = [
          { lot: 0n, size: 0, index: 0n },
          ...[0n, 1n, 2n, 3n].map((index) => ({ lot: 1n, size: 1, index })),
        ];
        for (const slot of slots) {
          const payment = await payer.sign({ slot, value: slot.size === 0 ? DOLLAR : QUARTER });
          expect(await environment.usdc.authorizationState(account.address, payment.nonce)).to.equal(false);
          await payer.settle(payment);
          expect(await environment.usdc.authorizationState(account.address, payment.nonce)).to.equal(true);
        }
        expect(await balances()).to.deep.equal({ safe: 98n * DOLLAR, shop: 2n * DOLLAR });
      });

      it("pays with an authorization that carries the owner's signature, before anything is on chain", async () => {
        const other = await sessionPayer(account, {
          latchkey,
          token: environment.usdc,
          payee: stranger,
          budgets: {
            [environment.usdc.address]: {
              perTransaction: "1",
              inAll: "1",
              recipients: [stranger],
              x402: true,
            },
          },
        });
        expect(await refusal(other.settle(await other.sign()))).to.include("invalid signature");
        await other.settle(await other.sign({ carriesGrant: true }));
        expect(await environment.usdc.balanceOf(stranger)).to.equal(QUARTER);
      });

      it("charges both rails to one budget", async () => {
        await payer.settle(await payer.sign({ slot: { lot: 0n, size: 0, index: 0n }, value: DOLLAR }));
        await payer.execute([transfer(shop, DOLLAR)]);
        await payer.settle(await payer.sign({ slot: { lot: 1n, size: 1, index: 0n } }));
        expect(await refusalCode(payer.execute([transfer(shop, DOLLAR)]))).to.equal("LOT_OPENED");
        const reached = await payer.sign({ slot: { lot: 2n, size: 1, index: 0n } });
        expect(await refusal(payer.settle(reached))).to.include("invalid signature");
        for (const index of [1n, 2n, 3n])
          await payer.settle(await payer.sign({ slot: { lot: 1n, size: 1, index } }));
        expect((await balances()).shop).to.equal(3n * DOLLAR);
      });

      it("does not accept the key's own 65 bytes as the Safe's signature, with either overload", async () => {
        const payment = await payer.sign();
        const bare = { ...payment, signature: payment.keySignature };
        for (const overload of ["bytes", "v, r, s"] as const)
          expect(await refusal(payer.settle(bare, overload))).to.include("invalid signature");
        await payer.settle(payment, "bytes");
        expect((await balances()).shop).to.equal(QUARTER);
      });

      it("keeps the overload with v, r, s for the owner's 65-byte signature", async () => {
        const payment = await signedByOwner(keccak256("0x01"));
        await payer.settle(payment, "v, r, s");
        expect(await environment.usdc.balanceOf(stranger)).to.equal(42n * DOLLAR);
        expect(await refusal(payer.settle(payment, "v, r, s"))).to.include("used or canceled");
        const altered = { ...(await signedByOwner(keccak256("0x02"))), value: 43n * DOLLAR };
        expect(await refusal(payer.settle(altered, "v, r, s"))).to.include("invalid signature");
      });

      it("refuses an authorization the second time", async () => {
        const payment = await payer.sign();
        await payer.settle(payment);
        expect(await refusal(payer.settle(payment))).to.include("authorization is used or canceled");
        expect((await balances()).shop).to.equal(QUARTER);
      });

      it("rejects an authorization whose nonce the Safe's owner canceled, and loses only that slot", async () => {
        const payment = await payer.sign();
        const cancellation = hashTypedData({
          domain: environment.usdc.domain,
          types: {
            CancelAuthorization: [
              { name: "authorizer", type: "address" },
              { name: "nonce", type: "bytes32" },
            ],
          },
          primaryType: "CancelAuthorization",
          message: { authorizer: account.address, nonce: payment.nonce },
        });
        await send(
          stranger,
          encodeFunctionData({
            abi: usdcAbi,
            functionName: "cancelAuthorization",
            args: [account.address, payment.nonce, await signAsSafe(account, cancellation)],
          }),
        );
        expect(await refusal(payer.settle(payment))).to.include("authorization is used or canceled");
        for (const index of [1n, 2n, 3n])
          await payer.settle(await payer.sign({ slot: { lot: 0n, size: 1, index } }));
        expect((await balances()).shop).to.equal(3n * QUARTER);
      });

      it("settles after validAfter, not in the same second", async () => {
        const validAfter = (await now()) + 100n;
        const payment = await payer.sign({ validAfter });
        await at(validAfter);
        expect(await refusal(payer.settle(payment))).to.include("authorization is not yet valid");
        await at(validAfter + 1n);
        await payer.settle(payment);
      });

      it("settles before validBefore, not in the same second", async () => {
        const validBefore = (await now()) + 100n;
        const [late, last] = await Promise.all([
          payer.sign({ validBefore }),
          payer.sign({ validBefore: validBefore + 1n }),
        ]);
        await at(validBefore);
        expect(await refusal(payer.settle(late))).to.include("authorization is expired");
        await at(validBefore);
        await payer.settle(last);
      });

      it("settles in the last second of the slot's period, and not in the first of the next", async () => {
        const next = BigInt(payer.grant.session.validAfter) + 86_400n;
        const [last, late] = await Promise.all([
          payer.sign(),
          payer.sign({ slot: { lot: 1n, size: 1, index: 0n } }),
        ]);
        await at(next - 1n);
        await payer.settle(last);
        await at(next);
        expect(await refusal(payer.settle(late))).to.include("invalid signature");
        await at(next);
        await payer.settle(await payer.sign({ period: 1n }));
      });

      it("pays in the session's last second, and on no rail from validUntil on", async () => {
        const end = BigInt(payer.grant.session.validUntil);
        const changes = { validBefore: end + 1000n, period: 6n };
        const [last, late] = await Promise.all([
          payer.sign(changes),
          payer.sign({ ...changes, slot: { lot: 1n, size: 1, index: 0n } }),
        ]);
        await at(end - 1n);
        await payer.settle(last);
        await at(end);
        expect(await refusal(payer.settle(late))).to.include("invalid signature");
        await environment.connection.networkHelpers.time.increaseTo(end);
        expect(await refusalCode(payer.execute([transfer(shop, 1n)]))).to.equal("EXPIRED");
      });

      it("pays no blacklisted recipient, and charges nothing for the attempt", async () => {
        const { usdc } = environment;
        const payment = await payer.sign();
        for (const party of [shop, account.address]) {
          await usdc.blacklist(party);
          expect(await refusal(payer.settle(payment))).to.include("account is blacklisted");
          expect(await refusalCode(payer.execute([transfer(shop, 1n)]))).to.equal("TOKEN_BLACKLISTED");
          await usdc.unBlacklist(party);
        }
        expect(await payer.spent()).to.equal(0n);
        await payer.settle(payment);
        await payer.execute([transfer(shop, 1n)]);
        expect((await balances()).shop).to.equal(QUARTER + 1n);
      });

      it("pays nobody while the token is paused, and charges nothing for the attempt", async () => {
        const { usdc } = environment;
        const payment = await payer.sign();
        await usdc.pause();
        expect(await refusal(payer.settle(payment))).to.include("paused");
        expect(await refusalCode(payer.execute([transfer(shop, 1n)]))).to.equal("TOKEN_PAUSED");
        await usdc.unpause();
        expect(await payer.spent()).to.equal(0n);
        await payer.settle(payment);
        await payer.execute([transfer(shop, 1n)]);
      });

      it("pays no more than the Safe has, on either rail", async () => {
        const { usdc } = environment;
        await asSafe(account, [{ ...transfer(stranger, 100n * DOLLAR - QUARTER + 1n), value: 0n }]);
        expect(await refusal(payer.settle(await payer.sign()))).to.include("exceeds balance");
        expect(await refusalCode(payer.execute([transfer(shop, QUARTER)]))).to.equal(
          "TOKEN_INSUFFICIENT_BALANCE",
        );
        expect(await payer.spent()).to.equal(0n);
        await payer.execute([transfer(shop, QUARTER - 1n)]);
        expect(await usdc.balanceOf(account.address)).to.equal(0n);
      });

      it("never accepts permit, receive or cancel messages for the Safe, from any signer", async () => {
        const { usdc } = environment;
        const { nonce } = await payer.sign();
        const deadline = maxUint256;
        const questions = {
          Permit: otherQuestion("Permit", [account.address, shop, QUARTER, 0n, deadline]),
          ReceiveWithAuthorization: otherQuestion("ReceiveWithAuthorization", [
            account.address,
            shop,
            QUARTER,
            0n,
            deadline,
            nonce,
          ]),
          CancelAuthorization: otherQuestion("CancelAuthorization", [account.address, nonce]),
        };
        const calls = {
          Permit: (signature: Hex) =>
            encodeFunctionData({
              abi: usdcAbi,
              functionName: "permit",
              args: [account.address, shop, QUARTER, deadline, signature],
            }),
          ReceiveWithAuthorization: (signature: Hex) =>
            encodeFunctionData({
              abi: usdcAbi,
              functionName: "receiveWithAuthorization",
              args: [account.address, shop, QUARTER, 0n, deadline, nonce, signature],
            }),
          CancelAuthorization: (signature: Hex) =>
            encodeFunctionData({
              abi: usdcAbi,
              functionName: "cancelAuthorization",
              args: [account.address, nonce, signature],
            }),
        };
        for (const type of Object.keys(calls) as (keyof typeof calls)[]) {
          const { signature: paying } = await payer.sign();
          for (const signature of [
            await payer.signOther(questions[type]),
            await payer.key.sign({ hash: questions[type].digest }),
            paying,
          ])
            expect(await refusal(send(shop, calls[type](signature))), type).to.include("invalid signature");
          // The very bytes of the calls are good: signed by the owner they pass.
          const snapshot = await environment.connection.networkHelpers.takeSnapshot();
          await send(shop, calls[type](await signAsSafe(account, questions[type].digest)));
          await snapshot.restore();
        }
        expect(await usdc.authorizationState(account.address, nonce)).to.equal(false);
        expect(await balances()).to.deep.equal({ safe: 100n * DOLLAR, shop: 0n });
      });

      it("cannot pay a different amount or recipient than the key signed", async () => {
        const payment = await payer.sign();
        for (const altered of [
          { ...payment, value: QUARTER + 1n },
          { ...payment, to: stranger },
          { ...payment, validBefore: payment.validBefore + 1n },
          { ...payment, nonce: keccak256(payment.nonce) },
        ])
          expect(await refusal(payer.settle(altered))).to.include("invalid signature");
        await payer.settle(payment);
      });

      it("settles nothing signed before the owner revoked the session", async () => {
        const payment = await payer.sign();
        await asSafe(account, [encodeRevoke(payer.grant)]);
        expect(await refusal(payer.settle(payment))).to.include("invalid signature");
        expect(await refusalCode(payer.execute([transfer(shop, 1n)]))).to.equal("REVOKED");
      });

      it("keeps the owner's logins and permits working", async () => {
        const { usdc, testChain } = environment;
        const handler =
          version === "1.5.0" ? account.safe[version].extensibleFallbackHandler : latchkey.handler;
        expect(getAddress(await fallbackHandlerOf(testChain, account.address))).to.equal(handler);
        const login = keccak256(toBytes("log me in"));
        const ask = async (signature: Hex) =>
          testChain.client.readContract({
            address: account.address,
            abi: erc1271,
            functionName: "isValidSignature",
            args: [login, signature],
          });
        expect(await ask(await signAsSafe(account, login))).to.equal("0x1626ba7e");
        await refusal(ask(await payer.key.sign({ hash: login })));

        const { digest } = otherQuestion("Permit", [account.address, stranger, 7n, 0n, maxUint256]);
        const permit = encodeFunctionData({
          abi: usdcAbi,
          functionName: "permit",
          args: [account.address, stranger, 7n, maxUint256, await signAsSafe(account, digest)],
        });
        await send(stranger, permit);
        const allowance = await testChain.client.readContract({
          address: usdc.address,
          abi: usdcAbi,
          functionName: "allowance",
          args: [account.address, stranger],
        });
        expect(allowance).to.equal(7n);
      });

      it("keeps the proxy's admin, who still cannot pay", async () => {
        const { usdc, testChain } = environment;
        const payment = await payer.sign();
        const settle = encodeFunctionData({
          abi: usdcAbi,
          functionName: "transferWithAuthorization",
          args: [
            payment.from,
            payment.to,
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            payment.signature,
          ],
        });
        expect(await refusal(send(usdc.admin, settle))).to.include(
          "Cannot call fallback function from the proxy admin",
        );
        await payer.settle(payment);
        const { result } = await testChain.client.simulateContract({
          address: usdc.address,
          abi: usdcProxyAbi,
          functionName: "implementation",
          account: usdc.admin,
        });
        expect(result).to.equal(usdc.implementation);
      });
    });
  }
}
