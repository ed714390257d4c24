import { isContractRefusal } from "../errors/isContractRefusal.ts";

/** What a contract answered; undefined where it refused to, or answered in no such form. */
export async function answerOf<answer>(asked: Promise<answer>): Promise<answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isContractRefusal(error)) return undefined;
    throw error;
  }
}
