import { isContractRefusal } from "../errors/isContractRefusal.ts";

/**
 * What a contract answered, or the error with which it refused to.
 *
 * @throws What says nothing about the contract: a chain that cannot be asked is another matter.
 */
export async function contractAnswer(answer: Promise<boolean>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (!isContractRefusal(error)) throw error;
    return error;
  }
}
