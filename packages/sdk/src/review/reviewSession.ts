import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { readContract } from "../internal/chainActions.ts";
import { tokenDecimals } from "../internal/tokenDecimals.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import { describeSession } from "./describeSession.ts";
import type { SessionReview } from "./SessionReview.ts";
import type { TokenFacts } from "./TokenFacts.ts";

/**
 * What a proposal or a grant allows, for the page that shows it: each limit in human form, the most that it could ever
 * spend, and what the chain does not limit. The tokens' names and decimals are asked of the chain; names of tokens that
 * this SDK does not know are shown with their addresses, as anybody can call a token anything.
 *
 * @param client Any viem client of the session's chain.
 * @throws {Refusal} WRONG_CHAIN; UNKNOWN_TOKEN: a token does not tell its decimals; NETWORK.
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
    session.budgets.map(({ token }, index) =>
      readFacts(client, token, proposal.chainId, `budgets[${index}]`),
    ),
  );
  return describeSession({ ...proposal, session }, tokens);
}

async function readFacts(
  client: Client<Transport, Chain | undefined>,
  token: Address,
  chainId: number,
  path: string,
): Promise<TokenFacts> {
  if (isAddressEqual(token, zeroAddress)) {
    const { symbol = "native coin", decimals = 18 } = client.chain?.nativeCurrency ?? {};
    return { token, symbol, decimals, known: true };
  }
  const usdc = usdcAddress(chainId);
  if (usdc && isAddressEqual(token, usdc)) return { token, symbol: "USDC", decimals: 6, known: true };
  const [decimals, symbol] = await Promise.all([
    tokenDecimals(client, token, path),
    readSymbol(client, token),
  ]);
  return { token, symbol, decimals, known: false };
}

/** Longest symbol that is shown. */
const MOST_SIGNS = 16;

/** Letters, digits and little else: what a token calls itself must not pass for a part of the page. */
async function readSymbol(client: Client<Transport, Chain | undefined>, token: Address): Promise<string> {
  try {
    const symbol = await readContract(client, { address: token, abi: erc20Abi, functionName: "symbol" });
    return symbol.replace(/[^A-Za-z0-9.$+-]/g, "").slice(0, MOST_SIGNS) || "token";
  } catch (error) {
    if (!isContractRefusal(error)) throw error;
    return "token";
  }
}
