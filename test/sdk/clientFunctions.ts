import { join, resolve } from "node:path";
import ts from "typescript";

const sources = resolve(import.meta.dirname, "../../packages/sdk/src");

/**
 * The exported functions that may ask a node, or a wallet behind one: those that take a viem client, alone or as one of
 * several kinds of signers, or an object with a `client`. By their types, so that no list can forget one.
 */
export function clientFunctions(): string[] {
  const entries = ["index.ts", "node.ts", "testing/index.ts"].map((path) => join(sources, path));
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

  const mayAsk = (type: ts.Type): boolean => {
    if (type.isUnionOrIntersection() && type.types.some(mayAsk)) return true;
    const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
    if (element) return mayAsk(element);
    const has = (name: string) => type.getProperty(name) !== undefined;
    return has("client") || (has("request") && has("transport"));
  };
  return entries.flatMap((path) => {
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
          .some(({ parameters }) => parameters.some((one) => mayAsk(checker.getTypeOfSymbol(one))));
      })
      .map(({ name }) => name);
  });
}
