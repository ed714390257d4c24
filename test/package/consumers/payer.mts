/** An agent that pays for two requests: the same module as a program, and as a Worker, which is asked by HTTP. */
import { parseGrant, payingFetch } from "@latchkey/sdk";
import { createPublicClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

export type PayersOrders = { rpcUrl: string; url: string; privateKey: Hex; grant: string };

/** @returns Of each answer its status, whether it names a transaction, and what it says. */
export async function payTwice({ rpcUrl, url, privateKey, grant }: PayersOrders): Promise<string[]> {
  const fetch = payingFetch({
    client: createPublicClient({ transport: http(rpcUrl) }),
    key: privateKeyToAccount(privateKey),
    grant: parseGrant(grant),
  });
  const answers: string[] = [];
  for (const body of ["first", "second"]) {
    const answer = await fetch(url, { method: "POST", body });
    answers.push(`${answer.status} ${answer.headers.has("payment-response")} ${await answer.text()}`);
  }
  return answers;
}

export default {
  fetch: async (request: Request) => Response.json(await payTwice((await request.json()) as PayersOrders)),
};
