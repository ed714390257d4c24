import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Where the rules of a contract are tested most directly. */
const closest: Record<string, string[]> = {
  "Session.sol": ["Session"],
  "Calls.sol": ["Calls", "SessionModule.executeSigned", "SessionModule.measured"],
  "Budgets.sol": ["Budgets", "SessionModule.storage"],
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
};

/**
 * The test files that run on the chain of the contracts' fixture, and so on the code that it is given; those first
 * that test the contract most directly.
 */
export function testFiles(contract = ""): string[] {
  const ranked = (closest[contract] ?? []).map((name) => `test/contracts/${name}.test.ts`);
  const rank = (path: string) => (ranked.includes(path) ? ranked.indexOf(path) : ranked.length);
  return globSync("test/contracts/**/*.test.ts", { cwd: root })
    .filter((path) => readFileSync(join(root, path), "utf8").includes("useChain()"))
    .sort()
    .sort((a, b) => rank(a) - rank(b));
}
