import { fakeModel } from "@langchain/core/testing";
import { AIMessage } from "langchain";

/** A model of LangChain that calls one tool with each of these inputs in turn, and then says what it was answered last. */
export function scriptedModel(name: string, inputs: readonly Record<string, unknown>[]) {
  const model = fakeModel();
  for (const args of inputs) model.respondWithTools([{ name, args }]);
  return model.respond((messages) => new AIMessage(messages.at(-1)?.text ?? ""));
}
