import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { openzeppelin } from "./openzeppelin.ts";

/** The reference account of ERC-7579: encodings as OpenZeppelin's, modules in linked lists. */
export const reference = erc7579Adapter({
  ...openzeppelin,
  kind: "reference",
  accountId: "uMSA.",
  listsModules: true,
});
