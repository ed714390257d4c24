import { InvalidInput } from "../errors/InvalidInput.ts";
import type { AccountAdapter, Erc7579Adapter } from "./AccountAdapter.ts";
import type { AccountKind } from "./AccountKind.ts";
import type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";
import { kernel, kernel032, kernel033 } from "./kernel.ts";
import { nexus } from "./nexus.ts";
import { openzeppelin } from "./openzeppelin.ts";
import { reference } from "./reference.ts";
import { safe } from "./safe.ts";
import { safe7579 } from "./safe7579.ts";

/** Every ERC-7579 account that Latchkey was tested with. */
export const erc7579Adapters: { readonly [kind in Erc7579AccountKind]: Erc7579Adapter } = {
  openzeppelin,
  reference,
  nexus,
  kernel,
  "kernel-0.3.2": kernel032,
  "kernel-0.3.3": kernel033,
  safe7579,
};

const adapters: { readonly [kind in AccountKind]: AccountAdapter } = { safe, ...erc7579Adapters };

/** Every kind of account, in the order in which messages list them. */
export const ACCOUNT_KINDS = Object.keys(adapters) as [AccountKind, ...AccountKind[]];

/**
 * The adapter for accounts of a kind.
 *
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT
 */
export function accountAdapterOf(kind: AccountKind): AccountAdapter {
  if (Object.hasOwn(adapters, kind)) return adapters[kind];
  throw unknown(kind, "account", adapters);
}

/**
 * The adapter for ERC-7579 accounts of a kind.
 *
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT
 */
export function erc7579AdapterOf(kind: Erc7579AccountKind): Erc7579Adapter {
  if (Object.hasOwn(erc7579Adapters, kind)) return erc7579Adapters[kind];
  throw unknown(kind, "ERC-7579 account", erc7579Adapters);
}

const unknown = (kind: unknown, what: string, known: object) =>
  new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `"${String(kind)}" is not a supported kind of ${what}.`,
    metaMessages: [`Use one of ${Object.keys(known).join(", ")}.`],
    details: { kind },
  });
