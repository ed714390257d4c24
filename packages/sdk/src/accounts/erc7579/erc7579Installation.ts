import { type Address, concat, encodeFunctionData, type Hex, numberToHex, size } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseList } from "../../internal/parseList.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";
import { packSession } from "../../session/packSession.ts";
import { readSession } from "../../session/readSession.ts";
import type { Session } from "../../session/Session.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { EXECUTOR_TYPE, erc7579Abi, VALIDATOR_TYPE } from "./erc7579Abi.ts";

/** Parameters of {@link erc7579Installation}. */
export type Erc7579InstallationParameters = {
  kind: Erc7579AccountKind;
  /** The account that installs. */
  account: Address;
  /** The deployed ERC7579SessionModule. */
  module: Address;
  /**
   * What grants must start with, 1 to 23 bytes: {@link granterPrefix}. If omitted, an earlier granter is kept, even
   * one that was set while the account ran other code; without an earlier one, signatures do not grant and only the account
   * can enable sessions. {@link granterOf} reads it; {@link encodeRevokeGranter} clears it.
   */
  granter?: Hex;
  /** Sessions to enable on installation. */
  sessions?: readonly Session[];
};

/**
 * The calls with which an ERC-7579 account installs Latchkey as validator and executor, in one batch with one approval
 * of its owner.
 *
 * @throws {InvalidInput} GRANTER_TOO_LONG: the granter is empty or too long; INVALID_ADDRESS;
 * INVALID_INPUT; MALFORMED_SESSION; UNSUPPORTED_ACCOUNT.
 */
export function erc7579Installation(parameters: Erc7579InstallationParameters): EncodedCall[] {
  const { kind } = parameters;
  const { installationBytes } = erc7579AdapterOf(kind);
  const account = parseAddress(parameters.account, "account");
  const module = parseAddress(parameters.module, "module");
  const granter = parameters.granter === undefined ? undefined : parseHex(parameters.granter, "granter");
  const sessions = parseList(parameters.sessions ?? [], "sessions", readSession);
  if (granter !== undefined && (size(granter) === 0 || size(granter) > 23))
    throw new InvalidInput({
      code: "GRANTER_TOO_LONG",
      shortMessage: `A granter has 1 to 23 bytes, not ${size(granter)}.`,
      metaMessages: [
        "Create it with granterPrefix: the bytes before a signature with which the account selects the validator.",
        "Omit granter if signatures should not grant.",
      ],
      details: { length: size(granter) },
    });
  const inner: Hex =
    granter === undefined && sessions.length === 0
      ? "0x"
      : concat([
          numberToHex(granter === undefined ? 0 : size(granter), { size: 1 }),
          granter ?? "0x",
          ...sessions.flatMap((session) => [session.key, packSession(session)]),
        ]);
  const install = (type: typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE, data: Hex): EncodedCall => ({
    to: account,
    value: 0n,
    data: encodeFunctionData({
      abi: erc7579Abi,
      functionName: "installModule",
      args: [type, module, installationBytes(type, data)],
    }),
  });
  // Only one of the two carries the data.
  return loggable([install(VALIDATOR_TYPE, inner), install(EXECUTOR_TYPE, "0x")]);
}
