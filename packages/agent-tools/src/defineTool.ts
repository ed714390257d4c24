import * as z from "zod";
import type { AgentTool, ToolAnnotations, ToolAnswer, ToolContext } from "./AgentTool.ts";
import { refusalOf } from "./refusalOf.ts";
import { refusalShape, type ToolRefusal } from "./ToolRefusal.ts";
import type { TokenUnits } from "./tokenUnits.ts";

/** A tool as its file has it. */
type Definition<input extends z.ZodObject, output extends z.ZodRawShape> = {
  name: string;
  title: string;
  description: string;
  annotations: ToolAnnotations;
  input: input;
  /** Of a result, without `ok`. */
  output: output;
  /** Throws what becomes a refusal. */
  run(input: z.infer<input>, context: Required<ToolContext>): Promise<z.infer<z.ZodObject<output>>>;
};

/** What a tool needs besides for its refusals. */
type Surroundings = {
  /** For the amounts in refusals. */
  units(): Promise<TokenUnits | undefined>;
  /** Is told each error before it becomes an answer. */
  refused?(error: unknown): void;
};

/** Makes a tool: checks its input and its output, and turns every failure into an answer. */
export function defineTool<input extends z.ZodObject, output extends z.ZodRawShape>(
  { name, title, description, annotations, input, output, run }: Definition<input, output>,
  { units, refused }: Surroundings,
): AgentTool {
  const result = z.strictObject({ ok: z.literal(true), ...output });
  return {
    name,
    title,
    description,
    annotations,
    inputSchema: input,
    outputSchema: z.object({
      ok: z.boolean().describe("Whether it was done. If not, see `code`, `message` and `whatToDo`."),
      ...z.object(refusalShape).partial().shape,
      ...z.object(output).partial().shape,
    }),
    async run(asked, { signal = new AbortController().signal, progress = () => {} } = {}) {
      const parsed = input.safeParse(asked ?? {});
      if (!parsed.success) return invalidInput(parsed.error);
      try {
        signal.throwIfAborted();
        return result.parse({ ok: true, ...(await run(parsed.data, { signal, progress })) }) as ToolAnswer;
      } catch (error) {
        refused?.(error);
        return refusalOf(error, await units().catch(() => undefined));
      }
    },
  };
}

const invalidInput = ({ issues }: z.ZodError): ToolRefusal => ({
  ok: false,
  code: "INVALID_INPUT",
  message: "The input is not valid.",
  whatToDo: issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join(".") || "input"}: ${message}`.slice(0, 200)),
  retryable: false,
});
