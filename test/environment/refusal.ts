/**
 * Waits for a refusal and gives its text.
 * @throws If the attempt succeeds: a test that expects a refusal must fail then.
 */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return String(error);
  }
  throw new Error("it was not refused");
}
