import { isContractRefusal } from "../errors/isContractRefusal.ts";

/**
 * What a contract returned, or the error with which it reverted.
 *
 * @throws Errors that are not the contract's, such as a failed request.
 */
export async function contractAnswer(answer: Promise<boolean>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (!isContractRefusal(error)) throw error;
    return error;
  }
}
