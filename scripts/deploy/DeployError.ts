/**
 * Why a deployment, a verification or a check failed. Codes with 2 are wrong usage, those with 3 can
 * simply be run again; the others need attention first.
 */
export const EXIT_CODES = {
  /** No chain of this name is configured, or neither a name nor an RPC URL was given. */
  NO_NETWORK: 2,
  /** The network's RPC URL is neither in the keystore nor in the environment. */
  NO_RPC_URL: 2,
  /** The deployer's key is neither in the keystore nor in the environment, or is not a private key. */
  NO_KEY: 2,
  /** The chain behind the RPC URL is not the one that was named. */
  WRONG_CHAIN: 1,
  /** The chain cannot run the contracts: it lacks opcodes of cancun. */
  OLD_EVM: 1,
  /** The chain lacks the factory that gives the contracts their addresses. */
  NO_FACTORY: 1,
  /** Other code is where the factory should be. */
  WRONG_FACTORY: 1,
  /** Another factory was requested, on a chain that has the usual one. */
  NEEDLESS_FACTORY: 1,
  /** The deployer cannot pay. */
  NO_BALANCE: 1,
  /** Other code is where a contract should be. */
  WRONG_CODE: 1,
  /** What was built is not what was released under this version. */
  NOT_RELEASED_CODE: 1,
  /** The version that is to be released already is. */
  RELEASED: 1,
  /** A release of sources that are in no commit. */
  NOT_COMMITTED: 1,
  /** There is no build, or its code is not the same on every chain. */
  NOT_COMPILED: 1,
  /** A file of the deployments folder is broken, or is of something else. */
  BAD_RECORD: 1,
  /** The deployer has pending transactions that the journal does not know. */
  UNKNOWN_PENDING: 1,
  /** The user declined at the prompt. */
  DECLINED: 1,
  /** What is recorded, published or verified is not what is on the chain. */
  MISMATCH: 1,
  /** A creation was mined, but created no code. */
  REVERTED: 3,
  /** A creation was sent and is not mined yet. */
  NOT_MINED: 3,
  /** The node did not respond, or rejected the request. */
  NODE: 3,
} as const;

/** The stable name of a {@link DeployError}. */
export type DeployErrorCode = keyof typeof EXIT_CODES;

/** Thrown for every failure here; the message says what to do, and contains no secret. */
export class DeployError extends Error {
  override name = "DeployError";
  readonly code: DeployErrorCode;

  /** The exit code of a command that ends with this. */
  get exitCode(): number {
    return EXIT_CODES[this.code];
  }

  constructor(code: DeployErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
