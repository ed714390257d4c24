import type { ExitCode } from "./exitCodes.ts";

/** A failure of a command that the SDK has no refusal for. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** For programs; once published, a code keeps its meaning. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** One sentence a line. */
  readonly whatToDo: readonly string[];
  /** Never a secret. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(parameters: {
    code: string;
    exitCode: ExitCode;
    message: string;
    whatToDo: readonly string[];
    details?: Readonly<Record<string, unknown>>;
    cause?: unknown;
  }) {
    super(parameters.message, { cause: parameters.cause });
    this.code = parameters.code;
    this.exitCode = parameters.exitCode;
    this.whatToDo = parameters.whatToDo;
    this.details = parameters.details ?? {};
  }
}
