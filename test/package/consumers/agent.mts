/**
 * A viem user's program: type-checked as a user's own, and run by Node with the URL of a development chain. Prints
 * what it found, as JSON.
 */
import {
  addressOf,
  createSession,
  decodeError,
  type Grant,
  hashSession,
  InvalidInput,
  isRefusal,
  type LatchkeyContract,
  payingFetch,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import { safeSessionModuleAbi, sessionErrorsAbi, sessionModuleAbi } from "@latchkey/sdk/abis";
import { deployedAddresses, deterministicAddresses } from "@latchkey/sdk/addresses";
import { safeSessionModuleBytecode, safeSessionModuleRuntimeBytecode } from "@latchkey/sdk/bytecode";
import { encodeSession } from "@latchkey/sdk/encoding";
import { filePaymentStore } from "@latchkey/sdk/node";
import { deployLatchkey } from "@latchkey/sdk/testing";
import {
  type Address,
  type ContractErrorName,
  type ContractEventName,
  createPublicClient,
  createTestClient,
  decodeErrorResult,
  encodeErrorResult,
  getContract,
  getContractAddress,
  http,
  parseEventLogs,
  zeroHash,
} from "viem";

const url = process.argv[2] ?? "";
const client = createPublicClient({ transport: http(url) });
const addresses = await deployLatchkey(createTestClient({ mode: "hardhat", transport: http(url) }));
const module = getContract({ client, abi: safeSessionModuleAbi, address: addresses.safeSessionModule });

const account: Address = "0x00000000000000000000000000000000000000A1";
const session = createSession(
  {
    account,
    key: "0x00000000000000000000000000000000000000b2",
    budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [addresses.safeSessionHandler] } },
    until: "7d",
  },
  { chainId: 8453, module: addresses.safeSessionModule, now: 1_800_000_000, epoch: 0n, salt: 1n },
);

// Errors and events have their own types: names that there are, arguments by name.
const data = encodeErrorResult({
  abi: sessionErrorsAbi,
  errorName: "PeriodExceeded",
  args: [account, 3n, 2n, 1n],
});
const error = decodeErrorResult({ abi: sessionErrorsAbi, data });
if (error.errorName !== "PeriodExceeded") throw new Error(error.errorName);
const remaining: bigint = error.args[2];
export const errorName: ContractErrorName<typeof sessionModuleAbi> = "Expired";
export const eventName: ContractEventName<typeof sessionModuleAbi> = "Spent";
// @ts-expect-error: there is no such error
export const noError: ContractErrorName<typeof sessionModuleAbi> = "TooMuch";
// @ts-expect-error: there is no such event
export const noEvent: ContractEventName<typeof sessionModuleAbi> = "Paid";
for (const { args } of parseEventLogs({ abi: sessionModuleAbi, eventName: "Spent", logs: [] })) {
  const spent: { account: Address; amount: bigint; period: bigint } = args;
  console.error(spent);
}
// @ts-expect-error: epochs are bigints
const epoch: number = await module.read.epochOf([account]);

export const contract: LatchkeyContract = "erc7579SessionModule";
// @ts-expect-error: there is no such contract
export const noContract: LatchkeyContract = "splitsSessionModule";
// @ts-expect-error: an agent that pays needs a grant
export const noGrant = () => payingFetch({ client, key: { address: account } });
export const paying = (grant: Grant, key: Parameters<typeof payingFetch>[0]["key"]) =>
  payingFetch({ client, grant, key, store: filePaymentStore("payments.jsonl") });

let unknown: unknown;
try {
  addressOf("safeSessionModule", 999_999_999);
} catch (reason) {
  unknown = isRefusal(reason, "UNKNOWN_CHAIN") && reason instanceof InvalidInput && reason.toJSON();
}

console.log(
  JSON.stringify({
    hashed: hashSession(session) === (await module.read.hashSession([encodeSession(session)])),
    epoch: String(epoch),
    remaining: String(remaining),
    code: decodeError(data)?.code,
    address: safeSessionModuleAddress(),
    computed: getContractAddress({
      opcode: "CREATE2",
      from: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7",
      salt: zeroHash,
      bytecode: safeSessionModuleBytecode,
    }),
    running:
      (await client.getCode({ address: deterministicAddresses.safeSessionModule })) ===
      safeSessionModuleRuntimeBytecode,
    chains: Object.keys(deployedAddresses),
    unknown,
  }),
);
