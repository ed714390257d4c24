import { safeCreation, safeInitializer } from "@latchkey/sdk";
import { permit2Domain } from "@latchkey/sdk/encoding";
import {
  type Address,
  domainSeparator,
  encodeFunctionData,
  hexToBigInt,
  parseAbi,
  parseEventLogs,
} from "viem";
import { generatePrivateKey } from "viem/accounts";
import type { LatchkeyContracts } from "./latchkey.ts";
import { createPasskey, type Passkey } from "./passkey.ts";
import { RELAYER } from "./relayer.ts";
import type { SafeContracts } from "./safe.ts";
import type { TestChain } from "./TestChain.ts";
import type { Usdc } from "./usdc.ts";

/** A Safe on a development chain, and who owns it. */
export type DevSafe = {
  address: Address;
  /** Its owner, as `signGrant` and the other functions of the SDK take one. Its user approves everything. */
  owner: Passkey & { signer: Address };
};

const factoryAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
  "event ProxyCreation(address indexed proxy, address singleton)",
]);

/** Creates a Safe 1.5.0 that a new passkey owns and that has Latchkey installed, in one transaction. */
export async function createSafe({
  testChain,
  usdc,
  safe,
  latchkey,
}: {
  testChain: TestChain;
  usdc: Usdc;
  safe: SafeContracts;
  latchkey: LatchkeyContracts;
}): Promise<DevSafe> {
  const contracts = safe["1.5.0"];
  const passkey = createPasskey();
  const signer = safe.passkey.sharedSigner;
  const creation = safeCreation({
    version: "1.5.0",
    domainSeparators: [usdc.domainSeparator, domainSeparator({ domain: permit2Domain(testChain.chainId) })],
    module: latchkey.module,
    passkey: passkey.publicKey,
    sharedSigner: signer,
  });
  const { logs } = await testChain.send({
    from: RELAYER,
    to: contracts.proxyFactory,
    data: encodeFunctionData({
      abi: factoryAbi,
      functionName: "createProxyWithNonce",
      args: [contracts.safe, safeInitializer(creation), hexToBigInt(generatePrivateKey())],
    }),
  });
  const [created] = parseEventLogs({ abi: factoryAbi, eventName: "ProxyCreation", logs });
  if (!created) throw new Error("no Safe was created");
  return { address: created.args.proxy, owner: Object.assign(passkey, { signer }) };
}
