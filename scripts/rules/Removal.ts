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
};
