import { createPasskey, type SafeVersion, type Transaction } from "@latchkey/devchain";
import { passkeyVerifiers, safeInitializer, safeInstallation } from "@latchkey/sdk";
import { hashSafeMessage, safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import {
  type Address,
  concat,
  encodeFunctionData,
  encodePacked,
  type Hex,
  pad,
  parseAbi,
  parseEventLogs,
  size,
  slice,
  zeroAddress,
} from "viem";
import { wrapForSafe } from "#sdk/accounts/safe/wrapForSafe.ts";
import { grantDigest } from "#sdk/session/grantDigest.ts";
import type { Session } from "#sdk/session/Session.ts";
import { type BenchChain, ONE_USDC } from "./BenchChain.ts";
import { hasZeroByte } from "./hasZeroByte.ts";
import type { Payer } from "./sessions.ts";

/** Who speaks for a Safe of the bench: one key, or one passkey by Safe's shared signer. */
export type OwnerKind = "ecdsa" | "passkey";

/** A Safe 1-of-1 with USDC and with Latchkey installed. */
export type BenchSafe = {
  version: SafeVersion;
  ownerKind: OwnerKind;
  address: Address;
  /** The owner's own transaction through the Safe. For Safes of a key only. */
  byOwner(to: Address, data: Hex): Transaction;
  /** The same of several calls, by Safe's MultiSendCallOnly. For Safes of a key only. */
  byOwnerBatch(calls: readonly { to: Address; data: Hex }[]): Transaction;
  /** The owner's signature over a session, as it is carried. */
  grant(session: Session): Promise<Hex>;
  /** The ERC-1271 signature that a payload goes as. */
  wrap: Payer["wrap"];
};

const executionAbi = parseAbi([
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
]);
const multiSendAbi = parseAbi(["function multiSend(bytes transactions) payable"]);
const factoryAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
  "event ProxyCreation(address indexed proxy, address singleton)",
]);
const sharedSignerAbi = parseAbi(["function configure((uint256 x, uint256 y, uint176 verifiers) signer)"]);

/** Creates a Safe as people have it, with Safe's compatibility handler, and then installs Latchkey on it. */
export async function createBenchSafe(
  chain: BenchChain,
  version: SafeVersion,
  ownerKind: OwnerKind,
): Promise<BenchSafe> {
  const { testChain, usdc, owner, relayer } = chain;
  const contracts = chain.safe[version];
  const passkey = createPasskey("latchkey bench");
  const signer = ownerKind === "ecdsa" ? owner.address : chain.safe.passkey.sharedSigner;
  const initializer = safeInitializer({
    owners: [signer],
    threshold: 1,
    to: ownerKind === "ecdsa" ? zeroAddress : signer,
    data:
      ownerKind === "ecdsa"
        ? "0x"
        : encodeFunctionData({
            abi: sharedSignerAbi,
            functionName: "configure",
            args: [
              {
                ...passkey.publicKey,
                verifiers: passkeyVerifiers(undefined, chain.safe.passkey.daimoP256Verifier),
              },
            ],
          }),
    fallbackHandler: contracts.compatibilityFallbackHandler,
  });
  const { logs } = await testChain.send({
    from: relayer,
    to: contracts.proxyFactory,
    data: encodeFunctionData({
      abi: factoryAbi,
      functionName: "createProxyWithNonce",
      args: [contracts.safe, initializer, 0n],
    }),
  });
  // The event has its first argument indexed from 1.4.1 on.
  const [created] = parseEventLogs({ abi: factoryAbi, eventName: "ProxyCreation", logs });
  if (!created) throw new Error(`no Safe ${version} was created`);
  const address = created.args.proxy;

  const byOwner = (to: Address, data: Hex, operation = 0): Transaction => ({
    from: owner.address,
    to: address,
    data: encodeFunctionData({
      abi: executionAbi,
      functionName: "execTransaction",
      // The owner is the sender: v = 1 says so, and r names the owner.
      args: [
        to,
        0n,
        data,
        operation,
        0n,
        0n,
        0n,
        zeroAddress,
        zeroAddress,
        concat([pad(owner.address), pad("0x"), "0x01"]),
      ],
    }),
  });
  const byOwnerBatch = (calls: readonly { to: Address; data: Hex }[]): Transaction => {
    const packed = calls.map(({ to, data }) =>
      encodePacked(
        ["uint8", "address", "uint256", "uint256", "bytes"],
        [0, to, 0n, BigInt(size(data)), data],
      ),
    );
    const data = encodeFunctionData({ abi: multiSendAbi, functionName: "multiSend", args: [concat(packed)] });
    // 1: a delegatecall.
    return byOwner(contracts.multiSendCallOnly, data, 1);
  };
  // A Safe obeys itself. Where a passkey owns it the bench speaks for the Safe, which leaves the same storage behind.
  const asSafe = (to: Address, data: Hex) =>
    testChain.send(ownerKind === "ecdsa" ? byOwner(to, data) : { from: address, to, data });

  const rail =
    version === "1.5.0"
      ? {
          version,
          handler: contracts.extensibleFallbackHandler as Address,
          domainSeparators: [usdc.domainSeparator],
        }
      : { version, handler: chain.handler };
  for (const { to, data } of safeInstallation({ ...rail, safe: address, module: chain.module })) {
    await asSafe(to, data);
  }
  await asSafe(
    address,
    encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [chain.uncheckedModule] }),
  );
  await usdc.mint(address, 1000n * ONE_USDC);

  return {
    version,
    ownerKind,
    address,
    byOwner,
    byOwnerBatch,
    async grant(session) {
      const digest = grantDigest(session, { chainId: testChain.chainId, module: chain.module });
      const hash = hashSafeMessage({ safe: address, chainId: testChain.chainId, digest });
      const sign =
        ownerKind === "ecdsa" ? () => owner.sign({ hash }) : () => withoutZeroBytes(() => passkey.sign(hash));
      return safeSignatures([{ signer, signature: await sign(), isContract: ownerKind === "passkey" }]);
    },
    wrap: (payload, authorization) =>
      wrapForSafe(
        payload,
        version === "1.5.0"
          ? { handler: "extensible", domainSeparator: usdc.domainSeparator, authorization }
          : { handler: "session" },
      ),
  };
}

/**
 * A passkey's signature that costs the same every time. Authenticators sign with a random number, and a zero byte
 * of calldata is cheaper than another: so ask again until r and s (words 2 and 3 of the encoding) have none.
 */
async function withoutZeroBytes(sign: () => Promise<Hex>): Promise<Hex> {
  for (;;) {
    const signature = await sign();
    if (!hasZeroByte(slice(signature, 64, 128))) return signature;
  }
}
