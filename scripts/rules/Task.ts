import type { AccountKind } from "./Removal.ts";

/** What a worker is to test. */
export type Task = {
  /** A JSON file of runtime code, as LATCHKEY_CODE names it. */
  code: string;
  /** The contract whose tests are to run first, by its path below contracts/. */
  file?: string;
  /** Whose tests are to run. */
  accounts: AccountKind;
};
