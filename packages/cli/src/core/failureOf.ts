import { CommandError } from "./CommandError.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exitCodes.ts";
import { UsageError } from "./UsageError.ts";

/** A failure as it is printed, with or without `--json`. */
export type Failure = {
  code: string;
  message: string;
  /** One sentence a line. */
  whatToDo: readonly string[];
  details: Readonly<Record<string, unknown>>;
  exitCode: ExitCode;
};

/** What the file system says where a folder or a disk cannot be used. */
const OF_DISK = new Set([
  ...["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "ENOTDIR", "EISDIR", "ELOOP"],
  ...["ENAMETOOLONG", "EMFILE", "ENFILE", "ENOENT", "EEXIST"],
]);

/**
 * What a caught error is reported as.
 *
 * @param state.interrupted Whether Ctrl-C came before.
 */
export async function failureOf(error: unknown, state: { interrupted: boolean }): Promise<Failure> {
  if (error instanceof UsageError)
    return { code: "USAGE", message: error.message, whatToDo: [], details: {}, exitCode: EXIT.usage };
  if (error instanceof CommandError) {
    const { code, message, whatToDo, details, exitCode } = error;
    return { code, message, whatToDo, details, exitCode };
  }
  // Loaded only now: a wrong option is reported at once.
  const { decodeError, isRefusal } = await import("@latchkey/sdk");
  const { code, shortMessage, metaMessages, details } = decodeError(error);
  // An outcome that is unknown stays the more important thing to say.
  if (state.interrupted && code !== "OUTCOME_UNKNOWN")
    return {
      code: "INTERRUPTED",
      message: "Interrupted.",
      whatToDo: [],
      details: {},
      exitCode: EXIT.interrupted,
    };
  if (code === "UNKNOWN" && !isRefusal(error)) return diskFailure(error) ?? { ...unexpected(error), details };
  return {
    code,
    message: shortMessage,
    whatToDo: metaMessages,
    details,
    // A grant that cannot be read from its file, unlike one that the account does not accept.
    exitCode: code === "INVALID_GRANT" && "path" in details ? EXIT.folder : exitCodeOf(code),
  };
}

function diskFailure(error: unknown): Failure | undefined {
  const { code, path, syscall } = Object(error) as NodeJS.ErrnoException;
  if (code === undefined || !OF_DISK.has(code)) return undefined;
  return {
    code: "DISK",
    message: code === "ENOSPC" || code === "EDQUOT" ? "The disk is full." : (error as Error).message,
    whatToDo: ["Check the folder, its owner, its mode, and the space on its disk."],
    details: {
      errno: code,
      ...(path === undefined ? {} : { path }),
      ...(syscall === undefined ? {} : { syscall }),
    },
    exitCode: EXIT.folder,
  };
}

const unexpected = (error: unknown): Omit<Failure, "details"> => ({
  code: "UNEXPECTED",
  message: error instanceof Error ? error.message : String(error),
  whatToDo: ["This is a fault of latchkey, or of something that it does not know. Please report it."],
  exitCode: EXIT.unexpected,
});
