import { relative } from "node:path";
import ts from "typescript";
import type { Project } from "./Project.ts";

/**
 * What TypeScript says against a user's file and every one of this package's declarations that it leads to, under
 * `strict` and, unless `options` say otherwise, without `skipLibCheck`. Other packages' declarations are read, but what is wrong in them is not counted.
 *
 * @returns One line a fault, and how many of this package's declarations were looked at.
 */
export function checkTypes(
  project: Pick<Project, "folder" | "installed">,
  file: string,
  options: ts.CompilerOptions,
): { faults: string[]; own: number } {
  const program = ts.createProgram([file], {
    skipLibCheck: false,
    ...options,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    typeRoots: [`${project.folder}/node_modules/@types`],
  });
  const own = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === file || fileName.startsWith(project.installed));
  const faults = [
    ...program.getOptionsDiagnostics(),
    ...own.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]),
  ].map(({ file: at, messageText }) =>
    [
      at ? relative(project.folder, at.fileName) : "options",
      ts.flattenDiagnosticMessageText(messageText, " "),
    ].join(": "),
  );
  return { faults, own: own.length - 1 };
}
