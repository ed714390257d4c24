import type ts from "typescript";
import { exportedFunctions } from "./exportedFunctions.ts";

/**
 * The exported functions that may ask a node, or a wallet behind one: those that take a viem client, alone or as one of
 * several kinds of signers, or an object with a `client`.
 */
export function clientFunctions(): string[] {
  return exportedFunctions(({ parameters }, checker) => {
    const mayAsk = (type: ts.Type): boolean => {
      if (type.isUnionOrIntersection() && type.types.some(mayAsk)) return true;
      const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
      if (element) return mayAsk(element);
      const has = (name: string) => type.getProperty(name) !== undefined;
      return has("client") || (has("request") && has("transport"));
    };
    return parameters.some((one) => mayAsk(checker.getTypeOfSymbol(one)));
  });
}
