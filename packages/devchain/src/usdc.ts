import {
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  type TransactionReceipt,
  toHex,
} from "viem";
import { genuineCode } from "./genuineCode.ts";
import type { TestChain } from "./TestChain.ts";

/** The functions and events of USDC that tests speak of; both overloads of those that have two. */
export const usdcAbi = parseAbi([
  "function name() view returns (string)",
  "function symbol() view returns (string)",
  "function version() pure returns (string)",
  "function decimals() view returns (uint8)",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function totalSupply() view returns (uint256)",
  "function balanceOf(address account) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "function nonces(address owner) view returns (uint256)",
  "function owner() view returns (address)",
  "function masterMinter() view returns (address)",
  "function pauser() view returns (address)",
  "function blacklister() view returns (address)",
  "function paused() view returns (bool)",
  "function isBlacklisted(address account) view returns (bool)",
  "function transfer(address to, uint256 value) returns (bool)",
  "function approve(address spender, uint256 value) returns (bool)",
  "function transferFrom(address from, address to, uint256 value) returns (bool)",
  "function increaseAllowance(address spender, uint256 increment) returns (bool)",
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)",
  "function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  "function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)",
  "function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)",
  "function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)",
  "function permit(address owner, address spender, uint256 value, uint256 deadline, bytes signature)",
  "function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
  "function mint(address to, uint256 amount) returns (bool)",
  "function configureMinter(address minter, uint256 minterAllowedAmount) returns (bool)",
  "function pause()",
  "function unpause()",
  "function blacklist(address account)",
  "function unBlacklist(address account)",
  "function initialize(string tokenName, string tokenSymbol, string tokenCurrency, uint8 tokenDecimals, address newMasterMinter, address newPauser, address newBlacklister, address newOwner)",
  "function initializeV2(string newName)",
  "function initializeV2_1(address lostAndFound)",
  "function initializeV2_2(address[] accountsToBlacklist, string newSymbol)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "event Approval(address indexed owner, address indexed spender, uint256 value)",
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)",
]);

/** What the proxy itself answers, to its admin only. */
export const usdcProxyAbi = parseAbi([
  "function admin() returns (address)",
  "function implementation() returns (address)",
  "function upgradeTo(address newImplementation)",
]);

/** EIP-3009's struct, for `signTypedData`. */
export const transferWithAuthorizationTypes = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

/** keccak256 of "org.zeppelinos.proxy.admin" and "org.zeppelinos.proxy.implementation": older than EIP-1967. */
export const ADMIN_SLOT: Hex = "0x10d6a54a4754c8869d6886b5f5d7fbfa5b4522237ea5c60d11bc4e7a1ff9390b";
export const IMPLEMENTATION_SLOT: Hex = "0x7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3";

/** The contracts that USDC is made of. */
export type UsdcPart = "proxy" | "implementation" | "signatureChecker";

/** USDC on one chain, pinned. */
export type UsdcDeployment = {
  chainId: number;
  address: Record<UsdcPart, Address>;
  domainSeparator: Hex;
  /** Of the runtime code on the chain. */
  codeHash: Record<UsdcPart, Hex>;
  /** Digest of the compiler's metadata at the end of the code; none where it is not known. */
  metadata: Record<UsdcPart, string | undefined>;
};

/** USDC as it stands on the two chains. */
export const USDC = {
  ethereum: {
    chainId: 1,
    address: {
      proxy: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
      implementation: "0x43506849D7C04F9138D1A2050bbF3A0c054402dd",
      signatureChecker: "0x800C32EaA2a6c93cF4CB51794450ED77fBfbB172",
    },
    domainSeparator: "0x06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335",
    codeHash: {
      proxy: "0xd80d4b7c890cb9d6a4893e6b52bc34b56b25335cb13716e0d1d31383e6b41505",
      implementation: "0xcdfb7d322961af3acae7a8f7ee8b69c205b36f576cc5b077f170c7eb8ecbe3ea",
      signatureChecker: "0x76cfc2ce63b1f05cb58ae553090665c2aabf2e13cf8a0e6da755c096fc5295dd",
    },
    metadata: {
      proxy: "a4a547cfc7202c5acaaae74d428e988bc62ad5024eb0165532d3a8f91db4ed24",
      implementation: "05677c3919f4b149e065a5983baa9e2fb099cab5463ccd06429f70b32d8d9bdf",
      signatureChecker: "88b3f76c8f3f938113d05ddd320db0206e166d8a08f648a7965b529867e5482d",
    },
  },
  base: {
    chainId: 8453,
    address: {
      proxy: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
      implementation: "0x2Ce6311ddAE708829bc0784C967b7d77D19FD779",
      signatureChecker: "0x2D943E25e1859ED786AFe4AFB2B42e14EFAC691e",
    },
    domainSeparator: "0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f",
    codeHash: {
      proxy: "0xa6705a10bb756b5dea144591118be77d7af0c3eee3bf2dfe2583dcb0364fefab",
      implementation: "0x11b75a237997ab8328f65b2d5a55c10f0346d0a175741ed42ddf4f2c66b9e873",
      signatureChecker: "0x150ffd179e8052572b1f2a18fa2f51c387038269a39d4284c83064aa1f41de3f",
    },
    metadata: {
      // Not known: away from a live chain Base has the npm build of the same proxy, alike in behaviour only.
      proxy: undefined,
      implementation: "95af58d34dc61f2d38582351b7afb76e51215fd029dc4b9dabd56172fbaac9d5",
      signatureChecker: "c2590ee3f923f1dfd854d10faf866a41e28a7e561a876964586308dae918306a",
    },
  },
} as const satisfies Record<string, UsdcDeployment>;

/** A chain whose USDC is pinned here. */
export type UsdcChain = keyof typeof USDC;

export const USDC_PARTS: readonly UsdcPart[] = ["implementation", "signatureChecker", "proxy"];

/**
 * The runtime code of USDC's three contracts on a chain.
 * @throws If the code is not the pinned one.
 */
export function genuineUsdcCode(chain: UsdcChain): Record<UsdcPart, Hex> {
  const { codeHash, metadata }: UsdcDeployment = USDC[chain];
  const code = Object.fromEntries(
    USDC_PARTS.map((part) => [part, genuineCode(`USDC ${part} on ${chain}`).code]),
  ) as Record<UsdcPart, Hex>;
  for (const part of USDC_PARTS) {
    if (metadata[part] && keccak256(code[part]) !== codeHash[part]) {
      throw new Error(`USDC ${part} on ${chain}: the code that was built is not the chain's`);
    }
  }
  return code;
}

/** The slot of `mapping(address => …)` number `position`. */
export const mappingSlot = (key: Address, position: bigint): Hex =>
  keccak256(encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [key, position]));

/** An address that nobody holds a key of, for a role. */
const roleAddress = (n: number): Address => getAddress(pad(toHex(0xc1c1e0 + n), { size: 20 }));

/** USDC on a development chain, with everybody's consent to be tested. */
export type Usdc = {
  address: Address;
  implementation: Address;
  signatureChecker: Address;
  chainId: number;
  /** Whether it was there (`live fork`) or was placed (`hermetic`). */
  mode: "hermetic" | "live fork";
  /** EIP-712 domain, for `signTypedData`. */
  domain: { name: string; version: string; chainId: number; verifyingContract: Address };
  domainSeparator: Hex;
  /** Who may change the proxy, and nothing else. */
  admin: Address;
  roles: Record<"owner" | "masterMinter" | "pauser" | "blacklister", Address>;
  balanceOf(account: Address): Promise<bigint>;
  /** Whether an authorization's nonce was used or cancelled. */
  authorizationState(authorizer: Address, nonce: Hex): Promise<boolean>;
  /** Mints base units (6 decimals) as Circle does; the total supply stays right. */
  mint(to: Address, amount: bigint): Promise<TransactionReceipt>;
  /** Writes a balance in base units. The total supply does not follow, and a blacklisting is lifted. */
  deal(to: Address, amount: bigint): Promise<void>;
  pause(): Promise<TransactionReceipt>;
  unpause(): Promise<TransactionReceipt>;
  blacklist(account: Address): Promise<TransactionReceipt>;
  unBlacklist(account: Address): Promise<TransactionReceipt>;
};

/**
 * Genuine USDC on a development chain.
 *
 * Placed from npm artifacts at its real addresses unless `live`; then it must be there already, as it is on a
 * fork of a live chain. Both times the implementation, the code hashes and the domain separator must be the
 * pinned ones: a difference on a live fork says that Circle has upgraded USDC, and every claim of ours about it
 * has to be looked at again.
 * @param parameters.chain Which chain's USDC. By default that of the chain id; Ethereum's on any other.
 * @throws If a byte of code differs from what is pinned.
 */
export async function installUsdc(
  testChain: TestChain,
  { chain, live = false }: { chain?: UsdcChain; live?: boolean } = {},
): Promise<Usdc> {
  const deployment: UsdcDeployment =
    USDC[chain ?? (testChain.chainId === USDC.base.chainId ? "base" : "ethereum")];
  const { address: addresses, codeHash, metadata } = deployment;
  const address = addresses.proxy;
  const { client } = testChain;
  type Call = Parameters<typeof encodeFunctionData<typeof usdcAbi>>[0];
  const write = (from: Address, call: Omit<Call, "abi">) =>
    testChain.send({ from, to: address, data: encodeFunctionData({ abi: usdcAbi, ...call } as Call) });

  if (!live) {
    const code = genuineUsdcCode(deployment.chainId === USDC.base.chainId ? "base" : "ethereum");
    for (const part of USDC_PARTS) await testChain.setCode(addresses[part], code[part]);
    const [admin, owner, masterMinter, pauser, blacklister, lostAndFound] = [1, 2, 3, 4, 5, 6].map(
      roleAddress,
    ) as [Address, Address, Address, Address, Address, Address];
    await testChain.setStorageAt(address, ADMIN_SLOT, pad(admin));
    await testChain.setStorageAt(address, IMPLEMENTATION_SLOT, pad(addresses.implementation));
    await write(owner, {
      functionName: "initialize",
      args: ["USD Coin", "USDC", "USD", 6, masterMinter, pauser, blacklister, owner],
    });
    await write(owner, { functionName: "initializeV2", args: ["USD Coin"] });
    await write(owner, { functionName: "initializeV2_1", args: [lostAndFound] });
    await write(owner, { functionName: "initializeV2_2", args: [[], "USDC"] });
    // On the chains the bare implementation is locked: initialized, at version 3.
    await testChain.setStorageAt(addresses.implementation, toHex(8), pad(toHex(1n << 160n)));
    await testChain.setStorageAt(addresses.implementation, toHex(18), pad("0x03"));
  }

  const addressIn = async (slot: Hex) =>
    getAddress(`0x${((await client.getStorageAt({ address, slot })) ?? pad("0x")).slice(26)}`);
  const current = await addressIn(IMPLEMENTATION_SLOT);
  if (current !== addresses.implementation) {
    throw new Error(`USDC's implementation is ${current}, pinned is ${addresses.implementation}`);
  }
  for (const part of USDC_PARTS) {
    if (!live && !metadata[part]) continue;
    const code = await client.getCode({ address: addresses[part] });
    if (keccak256(code ?? "0x") !== codeHash[part])
      throw new Error(`USDC ${part}: the code is not the pinned one`);
  }
  const contract = { address, abi: usdcAbi } as const;
  const [name, version, domainSeparator, owner, masterMinter, pauser, blacklister] = await Promise.all([
    client.readContract({ ...contract, functionName: "name" }),
    client.readContract({ ...contract, functionName: "version" }),
    client.readContract({ ...contract, functionName: "DOMAIN_SEPARATOR" }),
    client.readContract({ ...contract, functionName: "owner" }),
    client.readContract({ ...contract, functionName: "masterMinter" }),
    client.readContract({ ...contract, functionName: "pauser" }),
    client.readContract({ ...contract, functionName: "blacklister" }),
  ]);
  if (testChain.chainId === deployment.chainId && domainSeparator !== deployment.domainSeparator) {
    throw new Error(`USDC's domain separator is ${domainSeparator}, pinned is ${deployment.domainSeparator}`);
  }

  const minter = roleAddress(9);
  await write(masterMinter, { functionName: "configureMinter", args: [minter, 10n ** 15n] });
  return {
    address,
    implementation: addresses.implementation,
    signatureChecker: addresses.signatureChecker,
    chainId: testChain.chainId,
    mode: live ? "live fork" : "hermetic",
    domain: { name, version, chainId: testChain.chainId, verifyingContract: address },
    domainSeparator,
    admin: await addressIn(ADMIN_SLOT),
    roles: { owner, masterMinter, pauser, blacklister },
    balanceOf: (account) => client.readContract({ ...contract, functionName: "balanceOf", args: [account] }),
    authorizationState: (authorizer, nonce) =>
      client.readContract({ ...contract, functionName: "authorizationState", args: [authorizer, nonce] }),
    mint: (to, amount) => write(minter, { functionName: "mint", args: [to, amount] }),
    deal: (to, amount) => {
      if (amount < 0n || amount >> 255n) throw new RangeError(`${amount} is not a valid balance of USDC`);
      return testChain.setStorageAt(address, mappingSlot(to, 9n), pad(toHex(amount)));
    },
    pause: () => write(pauser, { functionName: "pause" }),
    unpause: () => write(pauser, { functionName: "unpause" }),
    blacklist: (account) => write(blacklister, { functionName: "blacklist", args: [account] }),
    unBlacklist: (account) => write(blacklister, { functionName: "unBlacklist", args: [account] }),
  };
}
