import { deployMock } from "@latchkey/accounts/deployMock";
import { encodeBatch, type ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { passkeyValidatorOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { fallbackHandlerOf } from "@latchkey/devchain";
import { erc7579Abi, VALIDATOR_TYPE, validatorNonceKey } from "@latchkey/sdk/erc7579";
import { toKernelSmartAccount, toNexusSmartAccount, toSafeSmartAccount } from "permissionless/accounts";
import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  hashTypedData,
  parseAbi,
  slice,
  zeroHash,
} from "viem";
import {
  entryPoint08Abi,
  getUserOperationHash,
  type SmartAccount,
  toSmartAccount,
} from "viem/account-abstraction";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { Erc7579Chain } from "./erc7579Chain.ts";

/** The accounts that the pages are followed with, by their kind. */
export const FOLLOWED = {
  openzeppelin: "OpenZeppelin AccountERC7579 on EntryPoint 0.8",
  nexus: "Nexus 1.0.0",
  kernel: "Kernel 3.1",
  safe7579: "Safe7579 1.0.0 on Safe 1.4.1",
} as const;
export type FollowedKind = keyof typeof FOLLOWED;

/** What a reader has, who owns an account. */
export type Erc7579Reader = {
  account: ModularAccount;
  entryPoint: "0.7" | "0.8";
  /** The module that knows the owner; a Safe7579's is the Safe. */
  validator?: Address;
  /** The owner's key, as the account's own tools want one. */
  ownerKey?: PrivateKeyAccount;
  ownerAccount: SmartAccount;
};

/**
 * The owner's key of an account of the tests. Their validators take a hash as it is, where those of the accounts' makers
 * take it signed as a message, too.
 */
function rawSigner(seed: string): PrivateKeyAccount {
  const key = privateKeyToAccount(ecdsaOwner(seed).signer as Hex);
  return {
    ...key,
    signMessage: ({ message }) =>
      typeof message === "object" && typeof message.raw === "string"
        ? key.sign({ hash: message.raw })
        : key.signMessage({ message }),
  };
}

/** OpenZeppelin has contracts and no client: this one speaks for the account of the tests, which a passkey owns. */
async function openzeppelinReader({ world, client }: Erc7579Chain): Promise<Erc7579Reader> {
  const account = world.accounts[FOLLOWED.openzeppelin];
  const { address, entryPoint, kind, granter: validator } = account;
  const { sign } = await passkeyValidatorOwner(world.testChain, "owner of an OpenZeppelin account");
  const signTyped = async (hash: Hex) => concat([validator, await sign(hash)]);
  const ownerAccount = await toSmartAccount({
    client,
    entryPoint: { abi: entryPoint08Abi, address: entryPoint.address, version: "0.8" },
    getAddress: async () => address,
    getFactoryArgs: async () => ({ factory: undefined, factoryData: undefined }),
    encodeCalls: async (calls) =>
      encodeBatch(calls.map(({ to, value = 0n, data = "0x" }) => ({ to, value, data }))),
    getStubSignature: () => sign(zeroHash),
    // The validator rejects another hash's assertion before it checks the curve: too little for a good one.
    userOperation: { estimateGas: async () => ({ verificationGasLimit: 500_000n }) },
    signMessage: () => Promise.reject(new Error("it signs no messages")),
    signTypedData: (typedData) => signTyped(hashTypedData(typedData as Parameters<typeof hashTypedData>[0])),
    signUserOperation: ({ chainId = world.testChain.chainId, ...userOperation }) =>
      sign(
        getUserOperationHash({
          chainId,
          entryPointAddress: entryPoint.address,
          entryPointVersion: "0.8",
          userOperation: { ...userOperation, sender: address, signature: "0x" },
        }),
      ),
  });
  const getNonce = () =>
    client.readContract({
      address: entryPoint.address,
      abi: entryPoint08Abi,
      functionName: "getNonce",
      args: [address, validatorNonceKey({ kind, validator })],
    });
  return { account, entryPoint: "0.8", validator, ownerAccount: { ...ownerAccount, getNonce } };
}

/** A Nexus gets a validator that asks for ERC-7739, as Biconomy's own does. */
async function nexusReader({ world, client }: Erc7579Chain): Promise<Erc7579Reader> {
  const account = world.accounts[FOLLOWED.nexus];
  const { address, entryPoint } = account;
  const owner = rawSigner("owner of a Nexus");
  const { address: validator } = await deployMock(world.testChain, "Erc7739OwnerValidator");
  const data = encodeFunctionData({
    abi: erc7579Abi,
    functionName: "installModule",
    args: [VALIDATOR_TYPE, validator, owner.address],
  });
  await account.execute([{ to: address, value: 0n, data }]);
  const { version } = (await client.getEip712Domain({ address })).domain;
  const ownerAccount = await toNexusSmartAccount({
    client,
    owners: [owner],
    // What the account's domain says; permissionless' types know of one version only, its code takes any.
    version: version as "1.0.0",
    address,
    validatorAddress: validator,
    entryPoint: { address: entryPoint.address, version: "0.7" },
  });
  return { account, entryPoint: "0.7", validator, ownerKey: owner, ownerAccount };
}

async function kernelReader({ world, client }: Erc7579Chain): Promise<Erc7579Reader> {
  const account = world.accounts[FOLLOWED.kernel];
  const { address, entryPoint } = account;
  const owner = rawSigner("owner of a Kernel");
  const root = await client.readContract({
    address,
    abi: parseAbi(["function rootValidator() view returns (bytes21)"]),
    functionName: "rootValidator",
  });
  const validator = slice(root, 1);
  const ownerAccount = await toKernelSmartAccount({
    client,
    owners: [owner],
    version: "0.3.1",
    address,
    validatorAddress: validator,
    entryPoint: { address: entryPoint.address, version: "0.7" },
  });
  return { account, entryPoint: "0.7", validator, ownerKey: owner, ownerAccount };
}

async function safe7579Reader({ world, client }: Erc7579Chain): Promise<Erc7579Reader> {
  const account = world.accounts[FOLLOWED.safe7579];
  const { address, entryPoint } = account;
  const owner = privateKeyToAccount(ecdsaOwner("owner of a Safe7579").signer as Hex);
  const adapter = await fallbackHandlerOf(world.testChain, address);
  const ownerAccount = await toSafeSmartAccount({
    client,
    owners: [owner],
    version: "1.4.1",
    address,
    safe4337ModuleAddress: adapter,
    // Asked for by accounts that are yet to be made.
    erc7579LaunchpadAddress: adapter,
    entryPoint: { address: entryPoint.address, version: "0.7" },
  });
  return { account, entryPoint: "0.7", ownerKey: owner, ownerAccount };
}

/** Makes the reader of a page, with the account's own client where its makers or permissionless have one. */
export const readerOf: Record<FollowedKind, (chain: Erc7579Chain) => Promise<Erc7579Reader>> = {
  openzeppelin: openzeppelinReader,
  nexus: nexusReader,
  kernel: kernelReader,
  safe7579: safe7579Reader,
};
