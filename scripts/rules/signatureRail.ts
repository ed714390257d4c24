import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const rail = rulesOf("SignatureRail.sol");

/** Whether a signed payment is one of a session's. */
export const signatureRail: Removal[] = [
  rail("rail-readable", "a payload's session can be read", "if (length == 0 || (length", "if ((length"),
  rail(
    "rail-appended",
    "nothing stands behind the session where no grant is carried",
    "(length == rest.length) == payload.hasGrant",
    "(length == rest.length && payload.hasGrant)",
  ),
  rail(
    "rail-no-grant",
    "a grant stands behind the session where one is carried",
    "(length == rest.length) == payload.hasGrant",
    "(length != rest.length && !payload.hasGrant)",
  ),
  rail(
    "rail-slot",
    "an authorization is in a slot",
    "return _isPayment(carried, record, hash, payload) && _isUsable",
    "return _isUsable",
  ),
  rail(
    "rail-usable",
    "an authorization is of a session that may be used",
    " && _isUsable(carried, record, rest[length:]);",
    ";",
  ),
  rail(
    "rail-not-yet-valid",
    "a signature is not good before validAfter",
    "block.timestamp < session.validAfter || ",
  ),
  rail(
    "rail-not-yet-valid-edge",
    "a signature is good from validAfter on",
    "block.timestamp < session.validAfter || ",
    "block.timestamp <= session.validAfter || ",
  ),
  rail(
    "rail-expired",
    "a signature is not good from validUntil on",
    " || block.timestamp >= session.validUntil",
  ),
  rail(
    "rail-expired-edge",
    "validUntil is the first second after",
    "block.timestamp >= session.validUntil",
    "block.timestamp > session.validUntil",
  ),
  rail("rail-budget", "a payload's budget exists", "if (index >= session.budgets.length) return false;"),
  rail("rail-period-is-0", "a budget that is left out has no period", "budget.period == 0 || "),
  rail(
    "rail-per-transaction-is-0",
    "a granted session's perTransaction is not 0",
    " || budget.perTransaction == 0",
  ),
  rail("rail-method", "the budget has the payment's method", "budget.signatures & payload.method == 0 || "),
  rail(
    "rail-signed-account",
    "what the key signs for Permit2 is for one account",
    "uint256(SIGNED_PAYMENT_TYPEHASH), uint160(account), uint256(digest)",
    "uint256(SIGNED_PAYMENT_TYPEHASH), uint256(0), uint256(digest)",
  ),
  rail("rail-payee", "the payee is a recipient", "if (!found) return false;"),
  rail(
    "rail-digest",
    "the hash is the digest that the payload makes",
    "if (digest != hash) return false;",
    "digest;",
  ),
  rail(
    "rail-asked-about",
    "a payload that names the key is for the hash that is asked about",
    "if (!_isAskedAbout(session.account, digest, hash)) return false;",
  ),
  rail(
    "rail-asked-plainly",
    "a Safe is asked about the digest itself",
    "return digest == hash;",
    "return true;",
  ),
  rail(
    "rail-key",
    "a payload that names the key is signed by it",
    "if (signer != session.key) return false;",
  ),
  rail(
    "rail-overspent",
    "a period that is overspent has no slots",
    "if (spent > budget.perPeriod) return false;",
  ),
  rail(
    "rail-epoch",
    "a session of another epoch has no signatures",
    "if (carried.session.epoch != _standings[carried.session.account].epoch) return false;",
  ),
  rail("rail-enabled", "a session that is enabled needs no grant", "first.isUsable() || "),
  rail(
    "rail-granted",
    "a session that is not enabled needs a grant",
    " || _mayEnable(carried, first, grant)",
    " || grant.length != 0",
  ),
];
