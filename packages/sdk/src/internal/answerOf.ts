import { isContractRefusal } from "../errors/isContractRefusal.ts";

/** What a contract returned; undefined if it reverted, or the result cannot be decoded. */
export async function answerOf<answer>(asked: Promise<answer>): Promise<answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isContractRefusal(error)) return undefined;
    throw error;
  }
}
