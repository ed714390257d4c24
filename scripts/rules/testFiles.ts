import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AccountKind } from "./Removal.ts";

/** How the test files of a kind of account ask for its chain. */
const chains: Record<AccountKind, string> = { Safe: "useChain()", "ERC-7579": "useAccounts()" };

const root = resolve(import.meta.dirname, "../..");

/** Where the rules of a contract are tested most directly. */
const closest: Record<string, string[]> = {
  "libraries/SessionReader.sol": ["Session", "SessionModule.partsLeftOut", "SessionLens", "Payload"],
  "libraries/SessionChecks.sol": ["Session", "SessionLens"],
  "libraries/SessionPacker.sol": ["SessionLens"],
  "SessionLens.sol": ["SessionLens"],
  "libraries/Calls.sol": [
    "Calls",
    "SessionModule.pay",
    "SessionModule.partsLeftOut",
    "SessionModule.executeSigned",
    "SessionModule.measured",
  ],
  "libraries/Budgets.sol": [
    "Budgets",
    "SessionModule.storage",
    "accounts/ERC7579SessionModule.paymentUserOp",
  ],
  "libraries/Meter.sol": [
    "SessionModule.pause",
    "SessionModule.storage",
    "Budgets",
    "accounts/ERC7579SessionModule.paymentUserOp",
  ],
  "libraries/Slots.sol": ["Slots", "Nodes"],
  "libraries/Nodes.sol": ["Nodes", "Permit2"],
  "libraries/Permit2.sol": ["Nodes", "Permit2", "accounts/ERC7579SessionModule.isValidSignature"],
  "libraries/Payloads.sol": ["Payload", "accounts/SafeSessionHandler"],
  "libraries/Redemptions.sol": ["SessionModule.redeemDelegations"],
  "libraries/CalldataWords.sol": ["SessionModule.redeemDelegations", "accounts/CanonicalExecution"],
  "libraries/DomainSeparator.sol": ["SessionModule.grants", "Payload"],
  "SessionModule.sol": [
    "SessionModule.life",
    "SessionModule.pause",
    "SessionModule.pay",
    "SessionModule.execute",
    "SessionModule.executeSigned",
    "SessionModule.redeemDelegations",
    "SessionModule.measured",
    "SessionModule.grants",
    "SessionModule.partsLeftOut",
    "Budgets",
    "Calls",
    "Slots",
    "accounts/ERC7579SessionModule.installation",
  ],
  "SignatureRail.sol": [
    "Payload",
    "Permit2",
    "SessionModule.pause",
    "SessionModule.partsLeftOut",
    "accounts/ERC7579SessionModule.isValidSignature",
  ],
  "accounts/Answers.sol": [
    "accounts/SafeSessionModule",
    "accounts/SafeSessionHandler",
    "hostileAccounts",
    "accounts/ERC7579SessionModule.validateUserOp",
  ],
  "accounts/safe/SafeSessionModule.sol": [
    "accounts/SafeSessionModule",
    "hostileAccounts",
    "SessionModule.grants",
    "SessionModule.execute",
    "SessionModule.life",
  ],
  "accounts/safe/SafeFallbackHandler.sol": [
    "hostileAccounts",
    "SessionModule.life",
    "accounts/ERC7579SessionModule.fallbackHandler",
  ],
  "accounts/safe/SafeMessage.sol": ["SessionModule.grants", "accounts/SafeSessionHandler"],
  "accounts/safe/SafeSessionHandler.sol": ["accounts/SafeSessionHandler"],
  "accounts/erc7579/ERC7579SessionModule.sol": [
    "accounts/ERC7579SessionModule.validateUserOp",
    "accounts/ERC7579SessionModule.paymentUserOp",
    "accounts/ERC7579SessionModule.installation",
    "accounts/ERC7579SessionModule.execute",
    "accounts/ERC7579SessionModule.fallbackHandler",
    "accounts/ERC7579SessionModule.isValidSignature",
  ],
  "accounts/erc7579/CanonicalExecution.sol": ["accounts/CanonicalExecution"],
  "accounts/erc7579/PaymentUserOp.sol": [
    "accounts/PaymentUserOp",
    "accounts/ERC7579SessionModule.paymentUserOp",
  ],
  "accounts/erc7579/AccountDomain.sol": ["accounts/AccountDomain"],
};

/**
 * The test files that run on the chain of the contracts' fixture, and so on the code that it is given; those first
 * that test the contract most directly.
 * @param accounts Those of this kind of account only.
 */
export function testFiles(contract = "", accounts?: AccountKind): string[] {
  const ranked = (closest[contract] ?? []).map((name) => `test/contracts/${name}.test.ts`);
  const rank = (path: string) => (ranked.includes(path) ? ranked.indexOf(path) : ranked.length);
  return globSync("test/contracts/**/*.test.ts", { cwd: root })
    .filter((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const kinds = accounts ? [accounts] : (["Safe", "ERC-7579"] as const);
      return kinds.some((kind) => text.includes(chains[kind]));
    })
    .sort()
    .sort((a, b) => rank(a) - rank(b));
}
