import {
  erc7579SessionModuleAbi,
  safeSessionHandlerAbi,
  safeSessionModuleAbi,
  sessionLensAbi,
} from "@latchkey/sdk/abis";
import type { AbiItem } from "viem";
import { formatAbiItem } from "viem/utils";
import { docsPathOf } from "#sdk/errors/docsPath.ts";
import { errorCatalogue } from "#sdk/errors/errorCatalogue.ts";
import type { RefusalCode } from "#sdk/errors/Refusal.ts";
import { errorGroups } from "./errorNotes.ts";

const INTRO = `# Errors

Every error: what it means and what to do. The SDK throws each as a \`Refusal\` with a stable \`code\`. Where the code comes from a
contract, the contract's error and its values follow it. Amounts are in the token's base units or in wei, times in seconds of
Unix time.

A token only learns whether the account accepts a signature. The chain therefore does not say what is wrong with an
authorization: the token reverts with "invalid signature", and the SDK gives the reason before it signs.

Generated from \`packages/sdk/src/errors/errorCatalogue.ts\` and \`scripts/reference/errorNotes.ts\` by \`npm run reference\`.`;

const abi: readonly AbiItem[] = [
  ...safeSessionModuleAbi,
  ...erc7579SessionModuleAbi,
  ...safeSessionHandlerAbi,
  ...sessionLensAbi,
];

/** The text of `docs/errors.md`. */
export function errorsPage(): string {
  const parts = [INTRO];
  for (const { title, intro, codes } of errorGroups) {
    parts.push(`## ${title}`, ...(intro ? [intro] : []));
    for (const [code, note] of Object.entries(codes) as [RefusalCode, string][])
      parts.push(...section(code, note));
  }
  return `${parts.join("\n\n")}\n`;
}

function section(code: RefusalCode, note: string): string[] {
  const { error, meaning, whatToDo } = errorCatalogue[code];
  const item = abi.find((one) => one.type === "error" && one.name === error);
  if (error !== undefined && !item) throw new Error(`No contract has the error ${error} of ${code}.`);
  const anchor = docsPathOf(code).split("#")[1] ?? "";
  const words = anchor.replaceAll("-", " ");
  const text = [meaning, ...whatToDo].join(" ");
  const contractError = item && formatAbiItem(item as never, { includeName: true });
  return [
    `### ${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    ...(contractError ? [`\`${code}\` · \`${contractError}\``, text] : [`\`${code}\` · ${text}`]),
    ...(note ? [note] : []),
  ];
}
