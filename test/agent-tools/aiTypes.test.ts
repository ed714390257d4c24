import { join, resolve } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { snippetOptions } from "../docs/snippets.ts";
import { AI_SDKS } from "./aiSdks.ts";

const root = resolve(import.meta.dirname, "../..");

/** What a user of each version writes; the last line must not compile. */
const PROGRAM = `
import { agentTools } from "@latchkey/agent-tools";
import { aiTools } from "@latchkey/agent-tools/ai";
import { generateText, type LanguageModel, stepCountIs, streamText } from "ai";
export async function buy(model: LanguageModel): Promise<string> {
  const tools = aiTools(agentTools({ dir: "agent" }).tools);
  streamText({ model, tools, prompt: "Buy." });
  const { text } = await generateText({ model, tools, stopWhen: stepCountIs(10), prompt: "Buy." });
  return text;
}
aiTools(1);
`;

describe("the types of the tools for the Vercel AI SDK", function () {
  this.timeout(120_000);

  for (const name of AI_SDKS)
    it(`fit those of ${name}`, () => {
      const path = join(root, `test/agent-tools/buyer.${name}.ts`);
      const options = { ...snippetOptions, paths: { ai: [join(root, "node_modules", name)] } };
      const host = ts.createCompilerHost(options);
      const { getSourceFile, fileExists } = host;
      host.fileExists = (file) => file === path || fileExists(file);
      host.getSourceFile = (file, ...rest) =>
        file === path
          ? ts.createSourceFile(file, PROGRAM, ts.ScriptTarget.ES2022)
          : getSourceFile(file, ...rest);
      const program = ts.createProgram([path], options, host);
      const adapter = program.getSourceFile(join(root, "packages/agent-tools/src/ai.ts"));
      const sdk = program
        .getSourceFiles()
        .filter(({ fileName }) => fileName.includes(`/node_modules/${name}/dist/`));
      expect(sdk, "the version's own types").to.have.length.at.least(1);
      const faults = [path, adapter?.fileName ?? ""].flatMap((file) =>
        program
          .getSemanticDiagnostics(program.getSourceFile(file))
          .map(
            ({ messageText, start = 0, file: at }) =>
              `${at?.text.slice(start, start + 10)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
          ),
      );
      expect(faults).to.have.length(1);
      expect(faults[0]).to.match(/^1\);?\n?: Argument of type 'number'/);
    });
});
