import {
  type Abi,
  type AbiFunction,
  type Address,
  concat,
  decodeAbiParameters,
  encodeAbiParameters,
  getAddress,
  type Hex,
  isAddressEqual,
  size,
  slice,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { erc7579Abi } from "../accounts/erc7579/erc7579Abi.ts";
import type { LatchkeyContract } from "../addresses/findAddress.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { Refusal } from "../errors/Refusal.ts";
import { erc7579SessionModuleAbi } from "../generated/abis/erc7579SessionModuleAbi.ts";
import { safeSessionHandlerAbi } from "../generated/abis/safeSessionHandlerAbi.ts";
import { safeSessionModuleAbi } from "../generated/abis/safeSessionModuleAbi.ts";
import { sessionLensAbi } from "../generated/abis/sessionLensAbi.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { hashCarriedSession } from "../session/hashCarriedSession.ts";
import type { Call } from "../session/Session.ts";
import {
  type CarriedSession,
  decodeSession,
  type UnpackedSession,
  unpackSession,
} from "../session/unpackSession.ts";
import { type DecodedPayload, decodePayload } from "./payload/decodePayload.ts";
import { decodePermissionContext, type PermissionContext } from "./permissionContext.ts";
import {
  decodeSessionUserOpCallData,
  type SessionUserOpCallData,
} from "./userOp/decodeSessionUserOpCallData.ts";

/** Decoded calldata of a contract of Latchkey, not validated. */
export type DecodedCalldata = {
  functionName: string;
  /** The arguments by their ABI names; `argument1` is the second one, if it has no name. */
  args: { readonly [name: string]: unknown };
  /** The session that they carry. An omitted part is replaced by its EIP-712 hash. */
  session?: CarriedSession;
  /** That session's id. */
  id?: Hex;
  /** Of `onInstall`: the granter, if there is one, and the sessions that are enabled on installation. */
  installation?: {
    granter: Hex | undefined;
    sessions: readonly (UnpackedSession & { key: Address })[];
  };
  /** Of `validateUserOp`, and of an account's own `execute`: what the session's userOp does, if it is one. */
  userOp?: SessionUserOpCallData;
  /** Of `redeemDelegations`: its entries. */
  redemptions?: readonly { context: PermissionContext; calls: readonly Call[] }[];
  /** Of a signature query: what the key signed, if the signature is a payload. */
  payload?: DecodedPayload;
  /** Bytes after the arguments, if there are any. */
  suffix?: Hex;
};

const abis: { readonly [contract in LatchkeyContract]: Abi } = {
  erc7579SessionModule: erc7579SessionModuleAbi,
  safeSessionHandler: safeSessionHandlerAbi,
  safeSessionModule: safeSessionModuleAbi,
  sessionLens: sessionLensAbi,
};

/** An ERC-7579 account's own `execute`, which the callData of a session's userOp is. */
const accountAbi: Abi = erc7579Abi.filter(({ name }) => name === "execute");

/**
 * Decodes calldata of any function of the session modules, the handler and the lens, and the callData of a session's
 * userOp: the function, the arguments by name, and the session that they carry. For logs, explorers, co-signers and
 * simulations. Decoding does not mean that the chain would accept it.
 *
 * @param data The calldata, selector included.
 * @param options.to The called contract. If it is the address of one of this version's contracts, only that
 * contract's functions are considered.
 * @throws {Refusal} INVALID_CALLDATA: another function, arguments that are not ABI-encoded, or no session
 * where one is expected; INVALID_INPUT; INVALID_ADDRESS.
 *
 * @example
 * const { functionName, args, session } = decodeCalldata(transaction.input, { to: transaction.to });
 */
export function decodeCalldata(data: Hex, options: { to?: Address } = {}): DecodedCalldata {
  const written = parseHex(data, "data").toLowerCase() as Hex;
  if (typeof options !== "object" || options === null)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The options are not an object.",
      metaMessages: ["Pass { to }, or omit them."],
    });
  const to = options.to === undefined ? undefined : parseAddress(options.to, "to");
  const called = functionOf(written, to);
  if (!called) throw invalid("No function of Latchkey's contracts has this selector.");
  let values: readonly unknown[];
  let canonical: Hex;
  try {
    const encoded = size(written) > 4 ? slice(written, 4) : "0x";
    values = called.inputs.length > 0 ? decodeAbiParameters(called.inputs, encoded) : [];
    canonical = encodeAbiParameters(called.inputs, values).toLowerCase() as Hex;
    canonical = concat([slice(written, 0, 4), canonical]);
  } catch (cause) {
    throw invalid(`The arguments of ${called.name} cannot be decoded.`, cause);
  }
  if (!written.startsWith(canonical))
    throw invalid(`The arguments of ${called.name} are not in the ABI's standard encoding.`);
  const args = Object.fromEntries(
    called.inputs.map(({ name }, index) => [name || `argument${index}`, values[index]]),
  );
  const carried = carriedBy(called, args, written);
  return loggable({
    functionName: called.name,
    args,
    ...carried,
    ...(carried.session ? { id: hashCarriedSession(carried.session) } : {}),
    ...(size(written) > size(canonical) ? { suffix: slice(written, size(canonical)) } : {}),
  });
}

function functionOf(data: Hex, to: Address | undefined): AbiFunction | undefined {
  if (size(data) < 4) return undefined;
  const selector = slice(data, 0, 4);
  const contracts = Object.keys(abis) as LatchkeyContract[];
  const known = contracts.find((contract) => to && isAddressEqual(deterministicAddresses[contract], to));
  const searched = known ? abis[known] : [...contracts.flatMap((contract) => abis[contract]), ...accountAbi];
  return searched.find(
    (item): item is AbiFunction => item.type === "function" && toFunctionSelector(item) === selector,
  );
}

type Carried = Pick<DecodedCalldata, "session" | "installation" | "userOp" | "redemptions" | "payload">;

/** What the arguments hold in Latchkey's own encodings. */
function carriedBy(called: AbiFunction, args: DecodedCalldata["args"], data: Hex): Carried {
  switch (called.name) {
    case "onInstall":
      return { installation: reading(called, () => installationIn(args.data as Hex)) };
    case "redeemDelegations":
      return { redemptions: reading(called, () => redemptionsIn(args as Redemptions)) };
    case "validateUserOp":
      return userOpIn(args.userOp as { sender: Address; callData: Hex; signature: Hex });
    case "isValidSafeSignature":
    case "isValidSignatureFor":
      return payloadIn(args.payload as Hex);
    case "isValidSignature":
    case "isValidSignatureWithSender":
      return payloadIn(args.signature as Hex);
  }
  if ("executionCalldata" in args) {
    const userOp = reading(called, () => userOpBy(data));
    return userOp.form === "execution" ? { userOp, session: userOp.session } : { userOp };
  }
  const session = args.session ?? args.packed;
  if (session === undefined) return {};
  // The lens also takes sessions as Solidity structs.
  if (typeof session !== "string") return { session: session as CarriedSession };
  return { session: reading(called, () => decodeSession(session as Hex)) };
}

/** The callData of a session's userOp. The account calls the module, unless it pays itself. */
function userOpBy(callData: Hex): SessionUserOpCallData {
  const [, execution] = decodeAbiParameters([{ type: "bytes32" }, { type: "bytes" }], slice(callData, 4));
  const isExecution = size(execution) > 56 && slice(execution, 52, 56) === executeSelector;
  return decodeSessionUserOpCallData(
    callData,
    isExecution ? getAddress(slice(execution, 0, 20)) : zeroAddress,
  );
}

const executeSelector = toFunctionSelector(
  "function execute(bytes session, bytes grant, (address target, uint256 value, bytes data)[] calls)",
);

/** Another userOp is for the validator to reject. */
function userOpIn({
  sender,
  callData,
  signature,
}: {
  sender: Address;
  callData: Hex;
  signature: Hex;
}): Carried {
  try {
    const userOp = userOpBy(callData);
    if (userOp.form === "execution") return { userOp, session: userOp.session };
    // 65 bytes of the key's signature, 6 of the period, 20 of the key; 20 zeros at the end.
    const key = getAddress(slice(signature, 71, 91));
    const { session } = unpackSession(slice(signature, 91, size(signature) - 20));
    return { userOp, session: { account: sender, key, ...session } };
  } catch {
    return {};
  }
}

type Redemptions = { contexts: readonly Hex[]; modes: readonly Hex[]; executions: readonly Hex[] };

function redemptionsIn({ contexts, modes, executions }: Redemptions) {
  return contexts.map((context, index) => ({
    context: decodePermissionContext(context),
    calls: callsIn(modes[index] ?? "0x", executions[index] ?? "0x"),
  }));
}

/** ERC-7579's encoding of one call, or of a batch. */
function callsIn(mode: Hex, execution: Hex): readonly Call[] {
  if (BigInt(mode) === 0n) {
    const data: Hex = size(execution) > 52 ? slice(execution, 52) : "0x";
    const value = BigInt(slice(execution, 20, 52, { strict: true }));
    return [{ target: getAddress(slice(execution, 0, 20)), value, data }];
  }
  const [calls] = decodeAbiParameters(batchParameters, execution);
  return calls;
}

const batchParameters = [
  {
    type: "tuple[]",
    components: [
      { name: "target", type: "address" },
      { name: "value", type: "uint256" },
      { name: "data", type: "bytes" },
    ],
  },
] as const;

/** Owners' signatures are not payloads. */
function payloadIn(signature: Hex): Carried {
  try {
    return { payload: decodePayload(signature) };
  } catch {
    return {};
  }
}

function installationIn(data: Hex): NonNullable<DecodedCalldata["installation"]> {
  if (data === "0x") return { granter: undefined, sessions: [] };
  const length = Number(slice(data, 0, 1));
  const granter = length === 0 ? undefined : slice(data, 1, 1 + length, { strict: true });
  const sessions: (UnpackedSession & { key: Address })[] = [];
  let rest: Hex = size(data) > 1 + length ? slice(data, 1 + length) : "0x";
  while (rest !== "0x") {
    const key = getAddress(slice(rest, 0, 20, { strict: true }));
    const read = unpackSession(size(rest) > 20 ? slice(rest, 20) : "0x");
    sessions.push({ key, ...read.session });
    rest = read.rest;
  }
  return { granter, sessions };
}

function reading<value>({ name }: AbiFunction, read: () => value): value {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Refusal ? ` ${cause.shortMessage}` : "";
    throw invalid(`The argument of ${name} cannot be decoded.${reason}`, cause);
  }
}

const invalid = (shortMessage: string, cause?: unknown) =>
  new InvalidInput({
    code: "INVALID_CALLDATA",
    shortMessage,
    metaMessages: ["Pass calldata of a session module, the handler or the lens of this version."],
    cause,
  });
