/** Whether a source file, Solidity or TypeScript, declares a symbol: as a function, a contract, a type or a constant. */
export function declares(source: string, symbol: string): boolean {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
  const kinds = "function|contract|library|interface|struct|enum|type|class|const|let";
  return new RegExp(
    `^\\s*(?:export )?(?:default )?(?:abstract )?(?:async )?(?:${kinds}) ${symbol}\\b`,
    "m",
  ).test(code);
}
