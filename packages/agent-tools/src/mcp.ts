/** Tools that let a language model pay inside a session: one definition each, for any framework. */
export {
  type PayingMcpParameters,
  type PayingToolCaller,
  type PayingToolOptions,
  payingMcpClient,
} from "./payingMcpClient.ts";
