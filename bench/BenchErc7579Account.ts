import { deployMock } from "@latchkey/accounts/deployMock";
import { type ModularAccount, validatorOwnedAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { ecdsaValidatorOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { kernelAccount, nexusAccount, safe7579Account } from "@latchkey/accounts/erc7579/modularAccounts";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type EntryPoint, fallbackHandlerOf, installEntryPoints, type Transaction } from "@latchkey/devchain";
import {
  type Address,
  concat,
  encodeFunctionData,
  encodePacked,
  type Hex,
  keccak256,
  numberToHex,
  parseAbi,
  slice,
} from "viem";
import { entryPoint07Abi, type PackedUserOperation } from "viem/account-abstraction";
import { erc7579AdapterOf } from "#sdk/accounts/accountAdapterOf.ts";
import {
  EXECUTOR_TYPE,
  erc7579Abi,
  SINGLE_CALL_MODE,
  VALIDATOR_TYPE,
} from "#sdk/accounts/erc7579/erc7579Abi.ts";
import { erc7579Installation } from "#sdk/accounts/erc7579/erc7579Installation.ts";
import { validatorNonceKey } from "#sdk/accounts/erc7579/validatorNonceKey.ts";
import { wrapForErc7579 } from "#sdk/accounts/erc7579/wrapForErc7579.ts";
import { signPaymentUserOp } from "#sdk/agent/userOp/signPaymentUserOp.ts";
import { encodePaymentUserOpCallData } from "#sdk/encoding/userOp/encodePaymentUserOpCallData.ts";
import { encodeSessionUserOpCallData } from "#sdk/encoding/userOp/encodeSessionUserOpCallData.ts";
import { grantDigest } from "#sdk/session/grantDigest.ts";
import { encodeSession } from "#sdk/session/packSession.ts";
import type { Session } from "#sdk/session/Session.ts";
import { type BenchChain, ONE_USDC } from "./BenchChain.ts";
import type { StructLog } from "./gasFrames.ts";
import { hasZeroByte } from "./hasZeroByte.ts";
import { payment, transferOneUsdc } from "./sessions.ts";
import { structLogsOf } from "./traceTransaction.ts";

/** The ERC-7579 accounts of the bench, by the name that their rows have. */
export const ERC7579_ACCOUNTS = ["oz", "nexus", "kernel", "safe7579"] as const;
export type Erc7579AccountName = (typeof ERC7579_ACCOUNTS)[number];

/** The same for people. */
export const ERC7579_ACCOUNT_NAMES: Readonly<Record<Erc7579AccountName, string>> = {
  oz: "OpenZeppelin 5.7",
  nexus: "Nexus 1.0.0",
  kernel: "Kernel 3.1",
  safe7579: "Safe7579 1.0.0",
};

/** An ERC-7579 account with USDC, a deposit at EntryPoint 0.7, an owner with a key, and Latchkey installed. */
export type BenchErc7579Account = {
  name: Erc7579AccountName;
  address: Address;
  entryPoint: Address;
  /** Other contracts that run for it, and what they are. */
  contracts: readonly (readonly [Address, string])[];
  /** A userOp of the owner that makes the account perform one call, alone in a bundle. */
  ownerUserOp(to: Address, data: Hex): Promise<Transaction>;
  /** A userOp of a session by which the account itself pays 1 USDC, alone in a bundle. */
  paymentUserOp(session: Session, grant?: Hex): Promise<Transaction>;
  /** A userOp of a session that has the module execute the payment of 1 USDC, alone in a bundle. */
  executionUserOp(session: Session, grant?: Hex): Promise<Transaction>;
  /** The owner installs a module that checks nothing for the key of sessions. */
  installUncheckedModule(): Promise<void>;
  /** A userOp of that module that pays 1 USDC, alone in a bundle. */
  uncheckedUserOp(): Promise<Transaction>;
  /** The owner enables a session. */
  enable(session: Session): Promise<void>;
  /** The owner's signature over a session, as it is carried. */
  grant(session: Session): Promise<Hex>;
  /** Whether the account asks the module about a hash of its own. */
  wrapsHash: boolean;
  /** The ERC-1271 signature that a payload goes as. */
  wrap(payload: Hex): Hex;
};

/** More than any validation of the bench needs; what is left of it costs nothing. */
const VERIFICATION_GAS = 3_000_000n;
/** In wei a unit of gas. */
const FEE = 2_000_000_000n;
const DEPOSIT = 10n ** 18n;

const safeOpAbi = parseAbi([
  "struct PackedUserOperation { address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature; }",
  "function getSafeOp(PackedUserOperation userOp, address entryPoint) view returns (bytes operationData, uint48 validAfter, uint48 validUntil, bytes signatures)",
]);
/** A SafeOp without a window: two uint48. */
const ALWAYS: Hex = `0x${"00".repeat(12)}`;

/** Who speaks for an account, and by which key of the nonce. */
type Owner = {
  account: ModularAccount;
  nonceKey: bigint;
  sign(userOp: PackedUserOperation): Promise<Hex>;
  contracts: readonly (readonly [Address, string])[];
};

/** EIP-1967's. */
const IMPLEMENTATION_SLOT: Hex = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

/**
 * All ERC-7579 accounts of the bench, each made an ERC-7579 account without Latchkey first. Always all and in this order,
 * since who deploys them counts: an address must not depend on which rows are measured.
 */
export async function createBenchErc7579Accounts(
  chain: BenchChain,
): Promise<Record<Erc7579AccountName, BenchErc7579Account>> {
  const { testChain } = chain;
  const entryPoint = (await installEntryPoints(testChain))["0.7"];
  const on = { testChain, entryPoint };
  const owners: Record<Erc7579AccountName, Owner> = {
    oz: await openzeppelin(chain, entryPoint),
    nexus: await validatorOwned(await nexusAccount(on), "owner of a Nexus", "Nexus 1.0.0"),
    kernel: await validatorOwned(await kernelAccount(on), "owner of a Kernel", "Kernel 3.1"),
    safe7579: await safe7579(chain, entryPoint),
  };
  const accounts: Partial<Record<Erc7579AccountName, BenchErc7579Account>> = {};
  for (const name of ERC7579_ACCOUNTS) accounts[name] = await furnish(chain, name, owners[name]);
  return accounts as Record<Erc7579AccountName, BenchErc7579Account>;
}

/** OpenZeppelin's AccountERC7579, whose owner has a key by the simplest of validators. */
async function openzeppelin({ testChain }: BenchChain, entryPoint: EntryPoint): Promise<Owner> {
  const seed = "owner of an OpenZeppelin account";
  const owner = await ecdsaValidatorOwner(testChain, seed);
  const { address } = await deployMock(testChain, "ModularAccount", [
    entryPoint.address,
    owner.validator,
    owner.installation,
  ]);
  return validatorOwned(
    validatorOwnedAccount({ testChain, kind: "openzeppelin", address, entryPoint, owner }),
    seed,
    undefined,
  );
}

/** @param seed What the owner's key comes from. */
async function validatorOwned(
  account: ModularAccount,
  seed: string,
  implementationName: string | undefined,
): Promise<Owner> {
  const { testChain, kind, address, entryPoint, granter } = account;
  const { sign } = ecdsaOwner(seed);
  const word = await testChain.client.getStorageAt({ address, slot: IMPLEMENTATION_SLOT });
  const implementation: Address = `0x${(word ?? "0x").slice(-40)}`;
  return {
    account,
    // On a Kernel the root validator needs no name; on the others a grant begins with the validator's.
    nonceKey: kind === "kernel" ? 0n : validatorNonceKey({ kind, validator: granter }),
    sign: async (userOp) => sign(await entryPoint.hash(userOp)),
    contracts: implementationName ? [[implementation, implementationName]] : [],
  };
}

/** A Safe 1.4.1 with Rhinestone's adapter, which asks the Safe's owners where a userOp names no validator. */
async function safe7579(chain: BenchChain, entryPoint: EntryPoint): Promise<Owner> {
  const { testChain } = chain;
  const owner = ecdsaOwner("owner of a Safe7579");
  const account = await safe7579Account({ testChain, entryPoint }, chain.safe, "1.4.1");
  const { address } = account;
  const adapter = await fallbackHandlerOf(testChain, address);
  return {
    account,
    nonceKey: 0n,
    async sign(userOp) {
      const [operation] = await testChain.client.readContract({
        address: adapter,
        abi: safeOpAbi,
        functionName: "getSafeOp",
        args: [{ ...userOp, signature: ALWAYS }, entryPoint.address],
      });
      return concat([ALWAYS, await owner.sign(keccak256(operation))]);
    },
    contracts: [[adapter, "Safe7579 1.0.0"]],
  };
}

async function furnish(
  chain: BenchChain,
  name: Erc7579AccountName,
  { account, nonceKey, sign, contracts }: Owner,
): Promise<BenchErc7579Account> {
  const { testChain, usdc, erc7579Module: module, uncheckedErc7579Module: unchecked } = chain;
  const { kind, address, entryPoint, granter } = account;
  await usdc.mint(address, 1000n * ONE_USDC);
  await entryPoint.deposit(address, DEPOSIT);
  await testChain.setBalance(address, DEPOSIT);
  await account.execute(erc7579Installation({ kind, account: address, module, granter }));
  return {
    name,
    address,
    entryPoint: entryPoint.address,
    contracts,
    ownerUserOp: (to, data) => bundle(chain, account, { nonceKey, callData: encodeSingle(to, data), sign }),
    paymentUserOp: (session, signature = "0x") =>
      bundle(chain, account, {
        nonceKey: validatorNonceKey({ kind, validator: module }),
        callData: encodePaymentUserOpCallData({ token: usdc.address, to: chain.recipient, amount: ONE_USDC }),
        sign: async (userOp) =>
          signPaymentUserOp(chain.key, {
            session: { module, session },
            chainId: testChain.chainId,
            signature,
            period: 0n,
            payment: { token: usdc.address, to: chain.recipient, amount: ONE_USDC },
            userOpHash: await entryPoint.hash(userOp),
          }),
      }),
    executionUserOp: (session, signature = "0x") =>
      bundle(chain, account, {
        nonceKey: validatorNonceKey({ kind, validator: module }),
        callData: encodeSessionUserOpCallData({
          session: { module, session },
          signature,
          calls: payment(chain),
        }),
        sign: async (userOp) => chain.key.sign({ hash: await entryPoint.hash(userOp) }),
      }),
    async installUncheckedModule() {
      const install = (type: typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE) => ({
        to: address,
        value: 0n,
        data: encodeFunctionData({
          abi: erc7579Abi,
          functionName: "installModule",
          args: [type, unchecked, erc7579AdapterOf(kind).installationBytes(type, chain.key.address)],
        }),
      });
      await account.execute([install(VALIDATOR_TYPE), install(EXECUTOR_TYPE)]);
    },
    uncheckedUserOp: () =>
      bundle(chain, account, {
        nonceKey: validatorNonceKey({ kind, validator: unchecked }),
        callData: encodeSingle(
          unchecked,
          encodeFunctionData({
            abi: chain.uncheckedErc7579ModuleAbi,
            functionName: "forward",
            args: [usdc.address, transferOneUsdc(chain)],
          }),
        ),
        sign: async (userOp) => chain.key.sign({ hash: await entryPoint.hash(userOp) }),
      }),
    async enable(session) {
      const data = encodeFunctionData({
        abi: chain.erc7579ModuleAbi,
        functionName: "enable",
        args: [encodeSession(session)],
      });
      await account.execute([{ to: module, value: 0n, data }]);
    },
    grant: (session) => account.sign(grantDigest(session, { chainId: testChain.chainId, module })),
    wrapsHash: kind === "kernel",
    wrap: (payload) => wrapForErc7579(payload, { kind, module }),
  };
}

const encodeSingle = (to: Address, data: Hex): Hex =>
  encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [SINGLE_CALL_MODE, encodePacked(["address", "uint256", "bytes"], [to, 0n, data])],
  });

/**
 * A bundler's transaction with one userOp in it. The EntryPoint charges a tenth of the callGasLimit that is left over:
 * so the limit is a tenth above what the call uses, as after an estimate. What it uses is seen by trying.
 */
async function bundle(
  { testChain, relayer }: BenchChain,
  { address, entryPoint }: ModularAccount,
  {
    nonceKey,
    callData,
    sign,
  }: { nonceKey: bigint; callData: Hex; sign(userOp: PackedUserOperation): Promise<Hex> },
): Promise<Transaction> {
  const draft = await entryPoint.draft({
    sender: address,
    nonceKey,
    callData,
    gas: { verification: VERIFICATION_GAS, preVerification: 0n, fee: FEE },
  });
  const signed = async (callGasLimit: bigint): Promise<PackedUserOperation> => {
    const userOp = { ...draft, accountGasLimits: gasLimits(callGasLimit) };
    return { ...userOp, signature: await sign(userOp) };
  };
  const transaction = (userOp: PackedUserOperation): Transaction => ({
    from: relayer,
    to: entryPoint.address,
    data: encodeFunctionData({
      abi: entryPoint07Abi,
      functionName: "handleOps",
      args: [[userOp], relayer],
    }),
  });
  const snapshot = await testChain.client.snapshot();
  const { transactionHash } = await testChain.send(transaction(await signed(1_000_000n)));
  const steps = await structLogsOf(testChain.client, transactionHash, { stack: false });
  await testChain.client.revert({ id: snapshot });
  // What is signed names the limit: so that no zero byte comes and goes with it, take the next one that brings none.
  for (let callGasLimit = (gasOfCall(steps) * 11n) / 10n; ; callGasLimit++) {
    const userOp = await signed(callGasLimit);
    const changing = [numberToHex(callGasLimit), keySignatureIn(userOp.signature)];
    if (!changing.some(hasZeroByte)) return transaction(userOp);
  }
}

/** The first 65 bytes of a payment's signature, which ends in zeros; the last of any other. */
const keySignatureIn = (signature: Hex): Hex =>
  /0{40}$/.test(signature) ? slice(signature, 0, 65) : slice(signature, -65);

const gasLimits = (callGasLimit: bigint): Hex =>
  concat([numberToHex(VERIFICATION_GAS, { size: 16 }), numberToHex(callGasLimit, { size: 16 })]);

/**
 * What the account's call used, in gas. handleOps calls the EntryPoint itself, which makes that call as its only one; after
 * both the beneficiary is paid, which has no code.
 */
function gasOfCall(steps: readonly StructLog[]): bigint {
  const end = steps.findLastIndex(({ depth }) => depth === 3);
  const begin = steps.findLastIndex(({ depth }, i) => depth === 2 && i < end) + 1;
  const [first, last] = [steps[begin], steps[end]];
  if (!first || !last || first.depth !== 3) throw new Error("the EntryPoint did not call the account");
  return BigInt(first.gas - last.gas + last.gasCost);
}
