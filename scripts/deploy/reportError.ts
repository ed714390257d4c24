import { BaseError, HttpRequestError, TimeoutError } from "viem";
import { DeployError } from "./DeployError.ts";

/**
 * Prints why a command ended, on the error output and with `--json` also as JSON, and says its exit code. No URL is
 * repeated: there may be an API key in it.
 */
export function reportError(error: unknown, json: boolean): number {
  const { code, message, exitCode } = toDeployError(error);
  console.error(message);
  if (json) console.log(JSON.stringify({ error: { code, message } }));
  return exitCode;
}

/** viem's long messages quote the URL; its short ones do not. */
function toDeployError(error: unknown): DeployError {
  if (error instanceof DeployError) return error;
  if (!(error instanceof BaseError)) throw error;
  const unanswered = error.walk(
    (cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError,
  );
  if (!unanswered) return new DeployError("NODE", `${error.shortMessage} Run this again.`);
  const reason = reasonOf(unanswered);
  return new DeployError(
    "NODE",
    `The node did not respond (${reason}). Check the RPC URL, or run this again.`,
  );
}

/** Why there is no response, without any part of the URL: `ECONNREFUSED`, `HTTP status 401`. */
function reasonOf(error: Error): string {
  if (error instanceof TimeoutError) return "it took too long";
  if (error instanceof HttpRequestError && error.status !== undefined) return `HTTP status ${error.status}`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && typeof cause.code === "string") return cause.code;
  return "the request failed";
}
