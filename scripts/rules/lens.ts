import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const lens = rulesOf("SessionLens.sol");
const packer = rulesOf("libraries/SessionPacker.sol");

/** What SessionLens says of bytes, and which sessions it packs. */
export const sessionLens: Removal[] = [
  lens(
    "lens-readable",
    "bytes that do not encode a session are refused",
    "if (!SessionReader.tryRead(carried, packed)) revert MalformedSession(Flaw.ENCODING, 0);",
    "SessionReader.tryRead(carried, packed);",
  ),
  lens(
    "lens-left-out",
    "bytes from which parts are left out do not hold the session",
    "if (carried.leftOut != 0) revert PartLeftOut(carried.leftOut);",
  ),
  lens(
    "lens-same",
    "bytes of another session do not hold the session",
    "if (id != carried.id) revert NotTheSameSession(id, carried.id);",
  ),
  lens(
    "lens-token-left-out",
    "the token of a budget that is left out can be decoded",
    "if ((leftOut >> i) & 1 != 0) session.budgets[i].token = address(0);",
  ),
  packer("packs-budgets", "no more than 8 budgets are packed", "budgets > MAX_BUDGETS || "),
  packer("packs-actions", "no more than 32 actions are packed", " || actions > MAX_ACTIONS"),
  packer(
    "packs-no-actions",
    "an empty list of actions is never left out",
    "actions != 0 && (leftOut",
    "(leftOut",
  ),
  packer(
    "packs-initial",
    "an initial amount without a stream is not packed",
    "if (!stream && budget.initial != 0) revert ISessionErrors.MalformedSession(Flaw.STREAM, i);",
  ),
  packer("packs-signatures", "signatures above 7 are not packed", "budget.signatures > 7 || "),
  packer("packs-sizes", "sizes above 15 are not packed", "budget.sizes > 15 || "),
  packer("packs-kind", "no budget is packed as one that is left out", " || kind == 255"),
  packer(
    "packs-anyone",
    "[ANYONE] is packed as a count alone",
    'if (count == 1 && recipients[0] == ANYONE) return hex"ff";',
  ),
  packer("packs-no-recipient", "a budget without recipients is not packed", "count == 0 || "),
  packer("packs-recipients", "no more than 32 recipients are packed", " || count > MAX_RECIPIENTS"),
  packer(
    "packs-anyone-beside-others",
    "ANYONE beside others is not packed",
    "if (recipients[r] == ANYONE) revert ISessionErrors.MalformedSession(Flaw.RECIPIENTS, i);",
  ),
  packer(
    "packs-rules",
    "no more than 8 rules are packed",
    "if (count > MAX_RULES) revert ISessionErrors.MalformedSession(Flaw.ENCODING, i);",
  ),
];
