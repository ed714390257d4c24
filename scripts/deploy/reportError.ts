import { BaseError } from "viem";
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
  if (error instanceof BaseError) return new DeployError("NODE", `${error.shortMessage} Run this again.`);
  throw error;
}
