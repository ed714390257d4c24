import type { Chain, Client, Transport } from "viem";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { readTokenUnit } from "../internal/readTokenUnit.ts";
import { describeSession } from "./describeSession.ts";
import type { SessionReview } from "./SessionReview.ts";

/**
 * What a proposal or a grant allows, for the page that shows it: each limit in human form, the most that it could ever
 * spend, and what the chain does not limit. The tokens' symbols and decimals are read from the chain; tokens that this
 * SDK does not know are shown with their addresses, as anyone can give a token any symbol.
 *
 * @param client Any viem client of the session's chain.
 * @throws {Refusal} WRONG_CHAIN; UNKNOWN_TOKEN: a token does not return its decimals; NETWORK.
 *
 * @example
 * const { budgets, notEnforced } = await reviewSession(client, proposal);
 * for (const { sentences } of budgets) console.log(sentences.join("\n"));
 */
export async function reviewSession(
  client: Client<Transport, Chain | undefined>,
  proposal: Proposal | Grant,
): Promise<SessionReview> {
  await requireGrantChain(client, proposal);
  const session = sessionIn(proposal);
  const tokens = await Promise.all(
    session.budgets.map(async ({ token }, index) => ({
      token,
      ...(await readTokenUnit(client, token, proposal.chainId, `budgets[${index}]`)),
    })),
  );
  return describeSession({ ...proposal, session }, tokens);
}
