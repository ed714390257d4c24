import { installSafe, installUsdc, openTestChain, type Usdc } from "@latchkey/devchain";
import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  parseAbi,
  parseAbiParameters,
  zeroAddress,
} from "viem";
import { SessionModel } from "../model/SessionModel.ts";
import { permit2Separator, safeMessageDigest } from "../model/typedData.ts";
import { owner, stranger } from "./actors.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import { Playground } from "./Playground.ts";

const safeAbi = parseAbi([
  "function setup(address[] owners, uint256 threshold, address to, bytes data, address handler, address paymentToken, uint256 payment, address paymentReceiver)",
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 salt) returns (address proxy)",
  "function enableModule(address module)",
  "function setFallbackHandler(address handler)",
  "function setSessionModule(address module)",
  "function setDomainVerifier(bytes32 domainSeparator, address verifier)",
]);

const questionAbi = parseAbi([
  "function isValidSignatureFor(address account, bytes32 hash, bytes payload) view returns (bytes4)",
]);

/** A Safe with the module installed, and the handler that asks the module about signatures. */
type InstalledSafe = { version: "1.4.1" | "1.5.0"; address: Address; handler: Address };

/** Two genuine Safes that share one owner, with the module. Takes some seconds. */
export async function openSafePlayground(): Promise<Playground> {
  const { provider, viem } = await network.create("ethereum");
  const testChain = await openTestChain(provider);
  const usdc = await installUsdc(testChain, { chain: "ethereum" });
  const safeContracts = await installSafe(testChain);
  const module = (await viem.deployContract("SafeSessionModule")).address;
  const sessionHandler = (await viem.deployContract("SafeSessionHandler")).address;

  const encode = (functionName: string, args: readonly unknown[]) =>
    encodeFunctionData({ abi: safeAbi, functionName, args } as never);
  const accounts: PlayedAccount[] = [];
  for (const version of ["1.4.1", "1.5.0"] as const) {
    const contracts = safeContracts[version];
    const handler = version === "1.4.1" ? sessionHandler : (contracts.extensibleFallbackHandler as Address);
    const initializer = encode("setup", [
      [owner.address],
      1n,
      zeroAddress,
      "0x",
      contracts.compatibilityFallbackHandler,
      zeroAddress,
      0n,
      zeroAddress,
    ]);
    const data = encode("createProxyWithNonce", [contracts.safe, initializer, 0n]);
    const from = owner.address;
    const params = [{ from, to: contracts.proxyFactory, data }, "latest"];
    const address = decodeFunctionResult({
      abi: safeAbi,
      functionName: "createProxyWithNonce",
      data: (await provider.request({ method: "eth_call", params })) as Hex,
    });
    await testChain.send({ from, to: contracts.proxyFactory, data });
    const installation = [
      encode("enableModule", [module]),
      encode("setFallbackHandler", [handler]),
      ...(version === "1.4.1"
        ? [encode("setSessionModule", [module])]
        : [usdc.domainSeparator, permit2Separator(usdc.chainId)].map((separator) =>
            encode("setDomainVerifier", [separator, module]),
          )),
    ];
    for (const call of installation) await testChain.send({ from: address, to: address, data: call });
    accounts.push(playedSafe({ version, address, handler }, module, usdc));
  }
  const moduleAbi = (await artifacts.readArtifact("SafeSessionModule")).abi as Abi;
  return Playground.open({ accounts, module, moduleAbi, usdc, testChain });
}

function playedSafe(safe: InstalledSafe, module: Address, usdc: Usdc): PlayedAccount {
  const { version, address, handler } = safe;
  const asMessage = (digest: Hex) => ({ hash: safeMessageDigest(digest, address, usdc.chainId) });
  return {
    name: `Safe ${version}`,
    address,
    handler,
    silence: undefined,
    createModel: (ledger, targets) =>
      new SessionModel({ account: address, module, fallbackHandler: handler }, ledger, targets),
    perform([call, ...others]) {
      if (!call || others.length > 0) throw new Error("one call at a time");
      return { from: address, to: call.target, data: call.data };
    },
    ownerSigns: (digest) => owner.sign(asMessage(digest)),
    strangerSigns: (digest) => stranger.sign(asMessage(digest)),
    // A Safe has no validators but its owners: these bytes are not a signature.
    weaklySigned: "0x1234",
    wrapsHash: false,
    wrap({ domainSeparator, typeHash, fields }, payload) {
      if (version === "1.4.1") return payload;
      return concat([
        "0x5fd7e97d",
        encodeAbiParameters(parseAbiParameters("bytes32, bytes32, bytes, bytes"), [
          domainSeparator,
          typeHash,
          fields,
          payload,
        ]),
      ]);
    },
    question: (digest, payload) => ({
      to: module,
      data: encodeFunctionData({
        abi: questionAbi,
        functionName: "isValidSignatureFor",
        args: [address, digest, payload],
      }),
    }),
    modular: undefined,
  };
}
