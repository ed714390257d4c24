import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AccountKind } from "./Removal.ts";

/** How the test files of a kind of account ask for its chain. */
const chains: Record<AccountKind, string> = { Safe: "useChain()", "ERC-7579": "useAccounts()" };

const root = resolve(import.meta.dirname, "../..");

/** Where the rules of a contract are tested most directly. */
const closest: Record<string, string[]> = {
  "Session.sol": ["Session"],
  "Calls.sol": ["Calls", "SessionModule.executeSigned", "SessionModule.measured"],
  "Budgets.sol": ["Budgets", "SessionModule.storage", "accounts/ERC7579SessionModule.paymentUserOp"],
  "Slots.sol": ["Slots"],
  "Payload.sol": ["Payload", "accounts/SafeSessionHandler"],
  "SessionModule.sol": [
    "SessionModule.life",
    "SessionModule.execute",
    "SessionModule.executeSigned",
    "SessionModule.measured",
    "SessionModule.grants",
    "Budgets",
    "Calls",
    "Slots",
    "Payload",
  ],
  "accounts/SafeSessionModule.sol": [
    "accounts/SafeSessionModule",
    "SessionModule.grants",
    "SessionModule.execute",
    "SessionModule.life",
  ],
  "accounts/SafeMessage.sol": ["SessionModule.grants", "accounts/SafeSessionHandler"],
  "accounts/SafeSessionHandler.sol": ["accounts/SafeSessionHandler"],
  "accounts/ERC7579SessionModule.sol": [
    "accounts/ERC7579SessionModule.validateUserOp",
    "accounts/ERC7579SessionModule.paymentUserOp",
    "accounts/ERC7579SessionModule.installation",
    "accounts/ERC7579SessionModule.execute",
    "accounts/ERC7579SessionModule.fallbackHandler",
    "accounts/ERC7579SessionModule.isValidSignature",
  ],
  "accounts/CanonicalExecution.sol": ["accounts/CanonicalExecution"],
  "accounts/PaymentUserOp.sol": ["accounts/PaymentUserOp", "accounts/ERC7579SessionModule.paymentUserOp"],
  "accounts/AccountDomain.sol": ["accounts/AccountDomain"],
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
