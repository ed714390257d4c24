/** Why there is no development chain. */
export type DevChainErrorCode =
  /** An option is not what it has to be. */
  | "INVALID_OPTION"
  /** anvil's npm package for this machine is not installed, or there is none. */
  | "NO_ANVIL"
  /** Another program has the port. */
  | "PORT_TAKEN"
  /** The page is not installed, or not built. */
  | "NO_PAGE"
  /** anvil ended, or said nothing, before it listened. */
  | "NOT_STARTED";

/** What {@link startDevChain} and {@link servePage} throw. */
export class DevChainError extends Error {
  override readonly name = "DevChainError";
  /** For programs; the message is for people. */
  readonly code: DevChainErrorCode;

  constructor(code: DevChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
