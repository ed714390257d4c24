import { decodeError, type RefusalCode } from "@latchkey/sdk";

/**
 * Waits for a refusal and gives its code; where a call of the account failed, the code of why.
 * @throws If the attempt succeeds: a test that expects a refusal must fail then.
 */
export async function refusalCode(attempt: Promise<unknown>): Promise<RefusalCode> {
  const reason: unknown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason === undefined) throw new Error("it was not refused");
  const { code, details } = decodeError(reason);
  return (details.reasonCode as RefusalCode | undefined) ?? code;
}
