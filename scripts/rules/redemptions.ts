import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const redemption = rulesOf("libraries/Redemptions.sol");

/** What an entry of `redeemDelegations` carries. */
export const redemptions: Removal[] = [
  redemption(
    "context",
    "a context is encoded canonically",
    "if (!(first && second && third) || flaws != 0) revert ISessionErrors.MalformedContext(i);",
    "first; second; third; flaws;",
  ),
  redemption("context-session", "a context's session ends within it, in zeros", "first && second", "second"),
  redemption(
    "context-grant",
    "a context's grant ends within it, in zeros",
    "first && second && third",
    "first && third",
  ),
  redemption(
    "context-signature",
    "a context's key signature ends within it, in zeros",
    "second && third)",
    "second)",
  ),
  ...(
    [
      ["session-at", "a context's session lies behind its values", "(context.wordAt(0) ^ FIRST_AT) | "],
      ["grant-at", "a context's grant lies behind its session", " | (context.wordAt(32) ^ grantAt)"],
      [
        "signature-at",
        "a context's key signature lies behind its grant",
        "(context.wordAt(160) ^ signatureAt) | ",
      ],
      ["end", "nothing stands behind a context", " | (context.length ^ end)"],
      ["caller-bits", "a context's caller is an address", "(caller >> 160) | "],
      ["deadline-bits", "a context's deadline is a time", " | (deadline >> 48)"],
      ["no-caller", "a context that the key redeems has no caller", "flaws |= caller | ", "flaws |= "],
      ["no-nonce", "a context that the key redeems has no nonce", " | context.wordAt(NONCE_AT)"],
      [
        "no-deadline",
        "a context that the key redeems has no deadline",
        "(NONCE_AT) | deadline",
        "(NONCE_AT)",
      ],
    ] as const
  ).map(([name, rule, find, replace]) => redemption(`context-${name}`, rule, find, replace)),
  redemption(
    "execution-single",
    "a single execution has a target and a value",
    "if (execution.length < 52) revert ISessionErrors.MalformedExecution(i);",
  ),
  redemption(
    "execution-single-edge",
    "a single execution may have no calldata",
    "execution.length < 52",
    "execution.length < 53",
  ),
  redemption(
    "execution-batch",
    "a batch is a list",
    "if (!fits) revert ISessionErrors.MalformedExecution(i);",
    "fits;",
  ),
  redemption("execution-batch-head", "a batch has an offset and a count", "execution.length >= 64 && "),
  redemption(
    "execution-batch-offset",
    "a batch's list lies behind its offset",
    "execution.wordAt(0) == 32 && ",
  ),
  redemption(
    "execution-batch-count",
    "a batch has no more calls than words",
    " && count <= execution.length / 32",
  ),
  redemption(
    "execution-mode",
    "no other mode is a batch",
    "} else if (mode == BATCH_DEFAULT) {",
    "} else if (mode != SINGLE_DEFAULT) {",
  ),
  redemption(
    "execution-unsupported",
    "no other mode is executed",
    "revert ISessionErrors.UnsupportedMode(i, mode);",
    "calls = new Call[](0);",
  ),
];
