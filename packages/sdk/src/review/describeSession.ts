import { type Address, formatUnits, isAddressEqual, maxUint128, zeroAddress } from "viem";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { utcText } from "../errors/utcText.ts";
import type { Proposal } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseList } from "../internal/parseList.ts";
import { parseChainId, parseWhole } from "../internal/parseWhole.ts";
import { hashSession } from "../session/hashSession.ts";
import { isPaidByPermit2, paymentMethods } from "../session/paymentMethods.ts";
import { type Action, ANYONE, type Budget, type Rule, type Session } from "../session/Session.ts";
import { bypassableRules } from "./bypassableRules.ts";
import { formatSpan } from "./formatSpan.ts";
import { mostSpendable } from "./mostSpendable.ts";
import { narrowsNothing } from "./narrowsNothing.ts";
import type { ActionReview, BudgetReview, SessionReview } from "./SessionReview.ts";
import type { TokenFacts } from "./TokenFacts.ts";
import { unenforcedLimits } from "./unenforcedLimits.ts";

/**
 * What a session allows, in numbers and in words, for the owner's page. Every number comes from the session
 * itself and from the rule that the chain enforces; no chain is read. {@link reviewSession} reads the
 * tokens' symbols.
 *
 * @param proposal What is to be signed, or was.
 * @param tokens Symbol and decimals of every token that has a budget.
 * @throws {InvalidInput} UNKNOWN_TOKEN: one of them is missing, so its amounts could not be shown; INVALID_GRANT;
 * MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT.
 */
export function describeSession(
  proposal: Pick<Proposal, "chainId" | "module" | "accountKind" | "session">,
  tokens: readonly TokenFacts[],
): SessionReview {
  const { accountKind } = proposal;
  const session = sessionIn(proposal);
  const chainId = parseChainId(proposal.chainId);
  const module = parseAddress(proposal.module, "module");
  const known = parseList(tokens, "tokens", (one, path) => ({
    ...one,
    token: parseAddress(one?.token, `${path}.token`),
    decimals: parseWhole(one.decimals, `${path}.decimals`, 256),
  }));
  const sendsUserOps = accountAdapterOf(accountKind).sendsUserOps;
  const facts = session.budgets.map(({ token }) => factsOf(token, known));
  return loggable({
    id: hashSession(session),
    chainId,
    module,
    accountKind,
    account: session.account,
    key: session.key,
    validAfter: session.validAfter,
    validAfterText: utcText(session.validAfter),
    validUntil: session.validUntil,
    validUntilText: utcText(session.validUntil),
    budgets: session.budgets.map((budget, index) =>
      describeBudget(session, budget, facts[index] ?? factsOf(budget.token, known)),
    ),
    actions: session.actions.map(describeAction),
    gas: sendsUserOps ? describeGas(session) : undefined,
    notEnforced: unenforcedLimits(session, { tokens: facts, sendsUserOps }),
  });
}

function factsOf(token: Address, tokens: readonly TokenFacts[]): TokenFacts {
  const facts = tokens.find((one) => isAddressEqual(one.token, token));
  if (facts) return facts;
  throw new InvalidInput({
    code: "UNKNOWN_TOKEN",
    shortMessage: `The token ${token} is unknown, so its amounts cannot be shown.`,
    metaMessages: [
      "Pass its symbol and decimals in tokens, or use reviewSession, which reads them from the chain.",
    ],
    details: { token },
  });
}

function describeBudget(session: Session, budget: Budget, facts: TokenFacts): BudgetReview {
  const { perTransaction, perPeriod, period, initial, perSecond, recipients } = budget;
  const methods = paymentMethods(budget);
  const byPermit2 = isPaidByPermit2(budget);
  const upTo = methods.includes("permit2-upto");
  const { periods, most } = mostSpendable(session, budget);
  const name = facts.known ? facts.symbol : `${facts.symbol} (${facts.token})`;
  const text = (amount: bigint) => `${formatUnits(amount, facts.decimals)} ${name}`;
  const toAnyone = recipients.some((one) => isAddressEqual(one, ANYONE));
  const stream =
    perSecond > 0n
      ? { initial, initialText: text(initial), perSecond, perSecondText: text(perSecond) }
      : undefined;
  const periodText = periods === 1n ? "the whole session" : formatSpan(period);
  return {
    ...facts,
    perTransaction,
    perTransactionText: text(perTransaction),
    perPeriod,
    perPeriodText: text(perPeriod),
    period,
    periodText,
    periods,
    most,
    mostText: text(most),
    stream,
    bySignature: methods.length > 0,
    signedPayments: byPermit2 ? "permit2" : methods.length > 0 ? "eip3009" : undefined,
    upTo,
    approval: byPermit2 ? { amount: most, text: text(most) } : undefined,
    recipients: toAnyone ? "anyone" : recipients,
    sentences: [
      // The largest amount stands for a stream without a maximum: what it releases is the limit.
      ...(stream && perTransaction === maxUint128 ? [] : [`At most ${text(perTransaction)} per payment.`]),
      ...(stream && perPeriod === maxUint128
        ? []
        : periods === 1n
          ? [`At most ${text(perPeriod)} in all.`]
          : [`At most ${text(perPeriod)} per period of ${periodText}, counted from the start.`]),
      ...(stream
        ? [
            `${periods === 1n ? "It" : "Each period"} starts with ${stream.initialText}; every second adds ${stream.perSecondText}.`,
          ]
        : []),
      `At most ${text(most)} until the session ends.`,
      byPermit2
        ? "With transactions and signatures (x402) by Permit2, which share these limits."
        : methods.length > 0
          ? "With transactions and signatures (x402), which share these limits."
          : "With transactions only, not with signatures.",
      ...(upTo
        ? ['A signed payment of "up to" an amount counts in full until the period ends, whatever it charges.']
        : []),
      ...(byPermit2
        ? [
            `Approves ${text(most)} to Permit2: anything else that can sign for this account could take up to that.`,
          ]
        : []),
      toAnyone ? "To anyone." : `Only to ${recipients.join(", ")}.`,
    ],
  };
}

const comparisons = ["=", "≠", "<", "≤", ">", "≥"] as const;

const describeRule = ({ offset, op, value }: Rule): string =>
  `word at byte ${offset} ${comparisons[op]} ${BigInt(value)}`;

function bypassWarning(rules: readonly Rule[]): string {
  const bytes = [...new Set(rules.map(({ offset }) => offset))].join(", ");
  return ` The conditions on byte ${bytes} can be bypassed if the function takes bytes, a string or a list.`;
}

function describeAction({ target, selector, rules }: Action): ActionReview {
  const conditions = rules.map(describeRule);
  const anyArguments = rules.every(narrowsNothing);
  const bypassable = bypassableRules({ selector, rules });
  const where = `where ${conditions.join(" and ")}`;
  return {
    target,
    selector,
    conditions,
    rules,
    anyArguments,
    bypassable,
    sentence: `May call ${selector} of ${target}, ${
      conditions.length === 0
        ? "with any arguments"
        : anyArguments
          ? `with practically any arguments (${where})`
          : where
    }.${bypassable.length > 0 ? bypassWarning(bypassable) : ""}`,
  };
}

function describeGas({ gasAllowance, paymaster }: Session): NonNullable<SessionReview["gas"]> {
  const uncounted = gasAllowance === maxUint128;
  return {
    allowance: gasAllowance,
    text:
      gasAllowance === 0n
        ? "It cannot send userOps."
        : uncounted
          ? "The gas cost of its userOps is not limited."
          : `Its userOps may cost at most ${formatUnits(gasAllowance, 18)} native coin of gas in total.`,
    uncounted,
    paymaster: isAddressEqual(paymaster, ANYONE)
      ? "anyone"
      : isAddressEqual(paymaster, zeroAddress)
        ? "none"
        : paymaster,
  };
}
