import type { ActionReview, TokenFacts } from "@latchkey/sdk/review";
import { type Address, getAddress, type Hex, slice, toFunctionSelector } from "viem";
import { amountText } from "../ui/amountText.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** What an allowed call can do to the user's money. */
export type CallWords = {
  /** The function's signature; undefined if the page does not know it. */
  signature: string | undefined;
  /** What the agent can do with it, in one sentence. */
  title: string;
  /** What that means. */
  text: string;
};

/** A function that moves money or grants rights over it. Offsets are those of the arguments' words in the calldata. */
type KnownCall = { signature: string; to?: number; amount?: number; does: (words: ArgumentWords) => string };

/** The arguments, as far as the rules fix them. */
type ArgumentWords = {
  /** The token, if the page knows it. */
  what: string;
  /** `"anyone"`, or the only address the rules allow. */
  whom: string;
  /** `"in any amount"`, or the maximum the rules allow. */
  howMuch: string;
};

const sends = ({ what, whom, howMuch }: ArgumentWords) => `It can send ${what} to ${whom}, ${howMuch}.`;
const lends = ({ what, whom, howMuch }: ArgumentWords) =>
  `It can approve ${whom} to spend ${what}, ${howMuch}.`;
const sendsPieces = ({ whom }: ArgumentWords) => `It can send NFTs of this contract to ${whom}.`;
const lendsAll = ({ what, whom }: ArgumentWords) =>
  `It can approve ${whom} to take all your NFTs of this contract, or ${what}.`;
const burns = ({ what, howMuch }: ArgumentWords) => `It can burn ${what}, ${howMuch}.`;
const drains = ({ whom }: ArgumentWords) =>
  `It can withdraw what this contract holds for you and send it to ${whom}.`;
const executes = () => "It can make this contract execute any other calls.";

const known: readonly KnownCall[] = [
  { signature: "transfer(address,uint256)", to: 4, amount: 36, does: sends },
  { signature: "transferFrom(address,address,uint256)", to: 36, amount: 68, does: sends },
  { signature: "transferAndCall(address,uint256)", to: 4, amount: 36, does: sends },
  { signature: "transferAndCall(address,uint256,bytes)", to: 4, amount: 36, does: sends },
  { signature: "send(address,uint256,bytes)", to: 4, amount: 36, does: sends },
  { signature: "approve(address,uint256)", to: 4, amount: 36, does: lends },
  { signature: "increaseAllowance(address,uint256)", to: 4, does: lends },
  { signature: "increaseApproval(address,uint256)", to: 4, does: lends },
  { signature: "approveAndCall(address,uint256)", to: 4, amount: 36, does: lends },
  { signature: "approveAndCall(address,uint256,bytes)", to: 4, amount: 36, does: lends },
  { signature: "authorizeOperator(address)", to: 4, does: lends },
  {
    signature: "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    to: 36,
    amount: 68,
    does: lends,
  },
  { signature: "permit(address,address,uint256,uint256,bytes)", to: 36, amount: 68, does: lends },
  { signature: "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)", to: 36, does: lends },
  { signature: "approve(address,address,uint160,uint48)", to: 36, does: lends },
  { signature: "setApprovalForAll(address,bool)", to: 4, does: lendsAll },
  { signature: "safeTransferFrom(address,address,uint256)", to: 36, does: sendsPieces },
  { signature: "safeTransferFrom(address,address,uint256,bytes)", to: 36, does: sendsPieces },
  { signature: "safeTransferFrom(address,address,uint256,uint256,bytes)", to: 36, does: sendsPieces },
  {
    signature: "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    to: 36,
    does: sendsPieces,
  },
  { signature: "burn(uint256)", amount: 4, does: burns },
  { signature: "withdraw(uint256,address,address)", to: 36, does: drains },
  { signature: "redeem(uint256,address,address)", to: 36, does: drains },
  { signature: "execute(address,uint256,bytes)", does: executes },
  { signature: "execute(bytes32,bytes)", does: executes },
  { signature: "execute(bytes,bytes[])", does: executes },
  { signature: "execute(bytes,bytes[],uint256)", does: executes },
  { signature: "executeBatch((address,uint256,bytes)[])", does: executes },
  { signature: "executeFromExecutor(bytes32,bytes)", does: executes },
  {
    signature: "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
    does: executes,
  },
  { signature: "execTransactionFromModule(address,uint256,bytes,uint8)", does: executes },
  { signature: "multiSend(bytes)", does: executes },
  { signature: "multicall(bytes[])", does: executes },
  { signature: "multicall(uint256,bytes[])", does: executes },
  { signature: "aggregate((address,bytes)[])", does: executes },
  { signature: "aggregate3((address,bool,bytes)[])", does: executes },
  { signature: "aggregate3Value((address,bool,uint256,bytes)[])", does: executes },
];

const bySelector = new Map<Hex, KnownCall>(known.map((one) => [toFunctionSelector(one.signature), one]));

const UNCOUNTED = "The limits on this page do not count this, nor how often it happens.";

/**
 * Describes a call by its selector. A hostile contract may do something else under the same selector, so no call is
 * ever described as harmless.
 *
 * @param facts The target's facts, if it is a token the page vouches for.
 */
export function callWords(action: ActionReview, facts: TokenFacts | undefined): CallWords {
  const call = bySelector.get(action.selector.toLowerCase() as Hex);
  if (call)
    return {
      signature: call.signature,
      title: call.does({
        what: facts?.symbol ?? "this token",
        whom: onlyAddress(action, call.to) ?? "anyone",
        howMuch: mostText(action, call.amount, facts),
      }),
      text: `${UNCOUNTED} Decline unless this is exactly what you want to allow.`,
    };
  return {
    signature: undefined,
    title: action.anyArguments
      ? "It can call another contract with any arguments."
      : "It can do more than pay: it can call another contract.",
    text: action.anyArguments
      ? `The agent can move anything that contract can move from your account, including tokens and NFTs. ${UNCOUNTED}`
      : action.bypassable.length > 0
        ? `Its conditions are listed below. Some can be bypassed: the agent may be able to do what they seem to forbid. ${UNCOUNTED}`
        : `Its conditions are listed below. This page cannot tell what the call does within them. ${UNCOUNTED}`,
  };
}

/** The only address the rules allow. */
function onlyAddress({ rules }: ActionReview, at: number | undefined): Address | undefined {
  const rule = rules.find(({ offset, op }) => offset === at && op === 0);
  return rule && getAddress(slice(rule.value, 12));
}

/** The maximum amount the rules allow. */
function mostText({ rules }: ActionReview, at: number | undefined, facts: TokenFacts | undefined): string {
  const bounds = rules.flatMap(({ offset, op, value }) => {
    if (offset !== at) return [];
    if (op === 0 || op === 3) return [BigInt(value)];
    return op === 2 && BigInt(value) > 0n ? [BigInt(value) - 1n] : [];
  });
  const [least] = bounds.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (least === undefined || isBeyondAll(least, facts?.decimals ?? 18)) return "in any amount";
  return `at most ${amountText(least, facts)} each time`;
}
