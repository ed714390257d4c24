import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const node = rulesOf("libraries/Nodes.sol");
const permit2 = rulesOf("libraries/Permit2.sol");

/** What signed payments by Permit2 may spend, and which of Permit2's messages they are. */
export const nodes: Removal[] = [
  node(
    "node-within",
    "a node is one of the budget's, and worth the value",
    "if (!Slots.isWithin(budget, spent, node, depth, value)) return false;",
  ),
  node(
    "node-worth",
    "each depth is worth half of the one above",
    "Slots.isWithin(budget, spent, node, depth, value)",
    "Slots.isWithin(budget, spent, node, 2 * depth, value)",
  ),
  node(
    "node-relatives",
    "no node above or below is used",
    " && used & _relatives((1 << depth) | node.index) == 0;",
    ";",
  ),
  node(
    "node-unanswered",
    "a Permit2 that does not answer has not answered 0",
    "return answered && used",
    "return used",
  ),
  node("node-above", "no node above is used", "above != 0; above >>= 1", "above > 1; above >>= 1"),
  node("node-below", "no node below is used", "first < 256; first <<= 1", "first < 1; first <<= 1"),
  node("node-below-deep", "nor one far below", "first < 256; first <<= 1", "first < 128; first <<= 1"),
  node("node-below-row", "all nodes below count, not only the first of a row", "row <<= 1;"),
  node(
    "node-lot-used",
    "an execution reaches no lot of which a nonce is used",
    "if (used != 0) revert ISessionErrors.LotOpened(token, lot);",
  ),
  node(
    "node-lot-unanswered",
    "an execution reaches no lot that Permit2 is silent about",
    "if (!answered) revert ISessionErrors.UnreadableToken(PERMIT2);",
  ),
  node(
    "node-word",
    "a lot has a word of nonces of its own",
    "uint256(Slots.nonceOf(prefix, lot, 0, 0)) >> 8",
    "uint256(Slots.nonceOf(prefix, 0, 0, 0)) >> 8",
  ),
  node("node-nonce-depth", "a nonce stands for the depth", " | (1 << depth) | index;", " | index;"),
  node("node-nonce-index", "a nonce stands for the index", " | (1 << depth) | index;", " | (1 << depth);"),
  permit2(
    "permit2-answered",
    "a Permit2 that reverts has said nothing",
    "and(success, gt(returndatasize(), 31))",
    "gt(returndatasize(), 31)",
  ),
  permit2(
    "permit2-answer-length",
    "fewer than 32 bytes say nothing",
    "and(success, gt(returndatasize(), 31))",
    "success",
  ),
  {
    ...permit2("permit2-chain", "a transfer is for one chain", "block.chainid, ", "uint256(1), "),
    accounts: "ERC-7579",
  },
  permit2(
    "permit2-method",
    "each method has a witness, a type and a spender of its own",
    "if (payload.method == PERMIT2_EXACT) {",
    "if (payload.method != PERMIT2_EXACT) {",
  ),
  permit2("permit2-spender", "upto is spent by its own proxy", "spender = X402_UPTO;"),
  permit2(
    "permit2-token",
    "the digest is of the budget's token",
    "uint160(token), payload.value",
    "uint256(0), payload.value",
  ),
  permit2(
    "permit2-value",
    "the digest is of the payload's value",
    "uint160(token), payload.value",
    "uint160(token), uint256(0)",
  ),
  permit2(
    "permit2-nonce",
    "the digest is of the node's nonce",
    "                nonce,\n",
    "                uint256(0),\n",
  ),
  permit2(
    "permit2-deadline",
    "the digest is of the payload's deadline",
    "payload.validBefore,",
    "uint256(0),",
  ),
  permit2(
    "permit2-to",
    "the digest of exact is of the payee",
    "uint256(EXACT_WITNESS_TYPEHASH), uint160(to),",
    "uint256(EXACT_WITNESS_TYPEHASH), uint256(0),",
  ),
  permit2(
    "permit2-facilitator",
    "the digest of upto is of the payload's facilitator",
    "uint160(payload.facilitator),",
    "uint256(0),",
  ),
];
