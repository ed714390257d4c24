import { join, resolve } from "node:path";
import ts from "typescript";

const sources = resolve(import.meta.dirname, "../../packages/sdk/src");

/**
 * The functions that the SDK exports, by their types, so that no list can forget one.
 *
 * @param wanted Which of them; all if absent.
 */
export function exportedFunctions(
  wanted: (signature: ts.Signature, checker: ts.TypeChecker) => boolean = () => true,
): string[] {
  const entries = [
    "index.ts",
    "review/index.ts",
    "handoff/index.ts",
    "history/index.ts",
    "permissions/index.ts",
    "encoding/index.ts",
    "erc7579.ts",
    "addresses/index.ts",
    "node.ts",
    "redis.ts",
    "testing/index.ts",
  ].map((path) => join(sources, path));
  const program = ts.createProgram(entries, {
    allowImportingTsExtensions: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    types: [],
  });
  const checker = program.getTypeChecker();
  const names = entries.flatMap((path) => {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${path} cannot be read`);
    return checker
      .getExportsOfModule(module)
      .filter((symbol) => {
        const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
        if (!meant.valueDeclaration) return false;
        return checker
          .getTypeOfSymbol(meant)
          .getCallSignatures()
          .some((signature) => wanted(signature, checker));
      })
      .map(({ name }) => name);
  });
  // Where a contract is, two entries tell.
  return [...new Set(names)];
}
