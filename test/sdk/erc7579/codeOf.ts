import { isRefusal, type RefusalCode } from "@latchkey/sdk";

/** The code of the refusal at the bottom of an error; viem's clients wrap some of them. */
export async function codeOf(attempt: Promise<unknown>): Promise<RefusalCode> {
  try {
    await attempt;
  } catch (error) {
    for (let one = error; one instanceof Error; one = one.cause) if (isRefusal(one)) return one.code;
    throw error;
  }
  throw new Error("it was not refused");
}
