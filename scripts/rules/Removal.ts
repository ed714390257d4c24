/** A kind of account, for which the contracts are compiled apart from the others'. */
export type AccountKind = "Safe" | "ERC-7579";

/** A rule of the contracts, and how it is left out: where `find` stands, `replace` is put. */
export type Removal = {
  /** Names it on the command line. */
  name: string;
  /** What is not enforced any more without it. */
  rule: string;
  /** Below contracts/. */
  file: string;
  /** Must stand in the file exactly once. */
  find: string;
  replace: string;
  /** On which accounts its tests are; Safes if left out. */
  accounts?: AccountKind;
};
