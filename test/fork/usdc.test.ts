import {
  installUsdc,
  transferWithAuthorizationTypes,
  USDC,
  type UsdcChain,
  usdcAbi,
} from "@latchkey/devchain";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  maxUint256,
  pad,
  parseSignature,
  toFunctionSelector,
  toHex,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { genuineUsdcCode, IMPLEMENTATION_SLOT, usdcProxyAbi } from "#devchain/usdc.ts";
import { fiatTokenAbi } from "../environment/fiatTokenAbi.ts";
import { refusal } from "../environment/refusal.ts";
import { LIVE, setUp } from "../environment/setUp.ts";

/** Runtime code that answers ERC-1271's magic value to any call, and one that answers zero. */
const ACCEPT_ALL: Hex = "0x631626ba7e60e01b5f5260205ff3";
const REJECT_ALL: Hex = "0x5f5f5260205ff3";
const FOREVER = 2n ** 48n;

const addressOf = (n: number): Address => getAddress(toHex(n, { size: 20 }));

for (const chain of Object.keys(USDC) as UsdcChain[]) {
  describe(`USDC on ${chain} (${LIVE[chain] ? "live fork" : "hermetic"})`, function () {
    this.timeout(LIVE[chain] ? 300_000 : 60_000);

    const payer = privateKeyToAccount(generatePrivateKey());
    const accepting = addressOf(0x127100);
    const rejecting = addressOf(0x127101);
    const relayer = addressOf(0x4e1a7e4);
    const payee = addressOf(0xa11ce);
    let environment: Awaited<ReturnType<typeof setUp>>;
    let restore: () => Promise<void>;

    before(async () => {
      environment = await setUp(chain);
      const { testChain, usdc, connection } = environment;
      await testChain.setCode(accepting, ACCEPT_ALL);
      await testChain.setCode(rejecting, REJECT_ALL);
      for (const who of [payer.address, accepting, rejecting]) await usdc.mint(who, 1_000_000_000n);
      const snapshot = await connection.networkHelpers.takeSnapshot();
      restore = () => snapshot.restore();
    });
    afterEach(() => restore());

    const send = (data: Hex) =>
      environment.testChain.send({ from: relayer, to: environment.usdc.address, data });

    const sign = (value: bigint, nonce: Hex, to: Address = payee) =>
      payer.signTypedData({
        domain: environment.usdc.domain,
        types: transferWithAuthorizationTypes,
        primaryType: "TransferWithAuthorization",
        message: { from: payer.address, to, value, validAfter: 0n, validBefore: FOREVER, nonce },
      });

    const payBytes = (from: Address, value: bigint, nonce: Hex, signature: Hex) =>
      encodeFunctionData({
        abi: usdcAbi,
        functionName: "transferWithAuthorization",
        args: [from, payee, value, 0n, FOREVER, nonce, signature],
      });

    const payVrs = (from: Address, value: bigint, nonce: Hex, signature: Hex) => {
      const { r, s, yParity } = parseSignature(signature);
      return encodeFunctionData({
        abi: usdcAbi,
        functionName: "transferWithAuthorization",
        args: [from, payee, value, 0n, FOREVER, nonce, 27 + yParity, r, s],
      });
    };

    it("has the code that is pinned, at the pinned addresses", async () => {
      const { address, codeHash } = USDC[chain];
      const parts = ["implementation", "signatureChecker", "proxy"] as const;
      for (const part of parts) {
        // The bytes of Base's proxy are known to a live chain only.
        if (chain === "base" && part === "proxy" && !LIVE.base) continue;
        const code = await environment.testChain.client.getCode({ address: address[part] });
        expect(keccak256(code ?? "0x"), part).to.equal(codeHash[part]);
      }
    });

    it("is not considered genuine once it is upgraded, or its code differs", async () => {
      const { testChain, usdc } = environment;
      const again = () => installUsdc(testChain, { chain, live: true });
      const code = await testChain.client.getCode({ address: usdc.signatureChecker });
      await testChain.setCode(usdc.signatureChecker, `${code ?? "0x"}00`);
      expect(await refusal(again())).to.include("signatureChecker: the code is not the pinned one");
      await testChain.setCode(usdc.signatureChecker, code ?? "0x");
      await testChain.setStorageAt(usdc.address, IMPLEMENTATION_SLOT, pad(accepting));
      expect(await refusal(again())).to.include(`implementation is ${accepting}`);
    });

    it("can be built from npm packages to the last byte", () => {
      const code = genuineUsdcCode(chain);
      expect(keccak256(code.implementation)).to.equal(USDC[chain].codeHash.implementation);
      expect(keccak256(code.signatureChecker)).to.equal(USDC[chain].codeHash.signatureChecker);
      if (chain === "ethereum") expect(keccak256(code.proxy)).to.equal(USDC.ethereum.codeHash.proxy);
    });

    it("has the public name, version and domain separator", async () => {
      const { usdc } = environment;
      expect(usdc.domain.name).to.equal("USD Coin");
      expect(usdc.domain.version).to.equal("2");
      expect(usdc.domainSeparator).to.equal(USDC[chain].domainSeparator);
    });

    it("has every function that the tests call", () => {
      const compiled = new Set(
        fiatTokenAbi.flatMap((item) => (item.type === "function" ? [toFunctionSelector(item)] : [])),
      );
      for (const item of usdcAbi) {
        if (item.type === "function")
          expect(compiled.has(toFunctionSelector(item)), item.name).to.equal(true);
      }
    });

    for (const [overload, pay] of [
      ["bytes", payBytes],
      ["v, r, s", payVrs],
    ] as const) {
      it(`pays from an EOA by the overload with ${overload}, and marks the nonce`, async () => {
        const { usdc } = environment;
        const nonce = generatePrivateKey();
        const before = await usdc.balanceOf(payee);
        const supply = await usdc.balanceOf(payer.address);
        await send(pay(payer.address, 1_000_000n, nonce, await sign(1_000_000n, nonce)));
        expect(await usdc.balanceOf(payee)).to.equal(before + 1_000_000n);
        expect(await usdc.balanceOf(payer.address)).to.equal(supply - 1_000_000n);
        expect(await usdc.authorizationState(payer.address, nonce)).to.equal(true);
      });

      it(`refuses a replay by the overload with ${overload}`, async () => {
        const nonce = generatePrivateKey();
        const data = pay(payer.address, 1n, nonce, await sign(1n, nonce));
        await send(data);
        expect(await refusal(send(data))).to.include("authorization is used or canceled");
      });

      it(`refuses an EOA's signature over another value, by the overload with ${overload}`, async () => {
        const nonce = generatePrivateKey();
        const data = pay(payer.address, 2n, nonce, await sign(1n, nonce));
        expect(await refusal(send(data))).to.include("invalid signature");
        expect(await environment.usdc.authorizationState(payer.address, nonce)).to.equal(false);
      });

      it(`asks a contract by ERC-1271, by the overload with ${overload}`, async () => {
        const { usdc } = environment;
        const before = await usdc.balanceOf(payee);
        const anything = await sign(0n, generatePrivateKey());
        await send(pay(accepting, 5n, generatePrivateKey(), anything));
        expect(await usdc.balanceOf(payee)).to.equal(before + 5n);
        expect(await refusal(send(pay(rejecting, 5n, generatePrivateKey(), anything)))).to.include(
          "invalid signature",
        );
      });
    }

    it("calls the delegate of an EIP-7702 account, and no longer accepts the owner's own signature", async () => {
      const nonce = generatePrivateKey();
      const data = payBytes(payer.address, 1n, nonce, await sign(1n, nonce));
      await environment.testChain.setCode(payer.address, concat(["0xef0100", rejecting]));
      expect(await refusal(send(data))).to.include("invalid signature");
    });

    it("accepts an ERC-1271 permit in the same domain, so the validator must check the type", async () => {
      const { usdc, testChain } = environment;
      await send(
        encodeFunctionData({
          abi: usdcAbi,
          functionName: "permit",
          args: [accepting, payee, 5n, maxUint256, "0x"],
        }),
      );
      const allowance = await testChain.client.readContract({
        address: usdc.address,
        abi: usdcAbi,
        functionName: "allowance",
        args: [accepting, payee],
      });
      expect(allowance).to.equal(5n);
    });

    it("rejects transfers while paused, and works again afterwards", async () => {
      const { usdc } = environment;
      await usdc.pause();
      const pay = () => send(payBytes(accepting, 1n, generatePrivateKey(), "0x"));
      expect(await refusal(pay())).to.include("paused");
      await usdc.unpause();
      await pay();
    });

    it("refuses a payer and a payee that are blacklisted", async () => {
      const { usdc } = environment;
      for (const party of [accepting, payee]) {
        await usdc.blacklist(party);
        const pay = () => send(payBytes(accepting, 1n, generatePrivateKey(), "0x"));
        expect(await refusal(pay())).to.include("blacklisted");
        await usdc.unBlacklist(party);
        await pay();
      }
    });

    it("has an admin who can read and change the proxy, and do nothing else", async () => {
      const { usdc, testChain } = environment;
      const { result } = await testChain.client.simulateContract({
        address: usdc.address,
        abi: usdcProxyAbi,
        functionName: "admin",
        account: usdc.admin,
      });
      expect(result).to.equal(usdc.admin);
      const transfer = encodeFunctionData({ abi: usdcAbi, functionName: "transfer", args: [payee, 0n] });
      expect(
        await refusal(testChain.send({ from: usdc.admin, to: usdc.address, data: transfer })),
      ).to.include("Cannot call fallback function from the proxy admin");
      const upgrade = encodeFunctionData({
        abi: usdcProxyAbi,
        functionName: "upgradeTo",
        args: [usdc.signatureChecker],
      });
      await refusal(testChain.send({ from: relayer, to: usdc.address, data: upgrade }));
      await refusal(testChain.send({ from: usdc.roles.owner, to: usdc.address, data: upgrade }));
    });

    it("cannot be initialized again, neither behind the proxy nor bare", async () => {
      const { usdc, testChain } = environment;
      const data = encodeFunctionData({
        abi: usdcAbi,
        functionName: "initialize",
        args: ["X", "X", "X", 6, relayer, relayer, relayer, relayer],
      });
      for (const to of [usdc.address, usdc.implementation]) {
        expect(await refusal(testChain.send({ from: relayer, to, data }))).to.include("already initialized");
      }
    });

    it("mints as Circle does, and deals without touching the supply", async () => {
      const { usdc, testChain } = environment;
      const supply = () =>
        testChain.client.readContract({ address: usdc.address, abi: usdcAbi, functionName: "totalSupply" });
      const before = await supply();
      await usdc.mint(payee, 7n);
      expect(await supply()).to.equal(before + 7n);
      await usdc.deal(payee, 12_345n);
      expect(await usdc.balanceOf(payee)).to.equal(12_345n);
      expect(await supply()).to.equal(before + 7n);
    });
  });
}
