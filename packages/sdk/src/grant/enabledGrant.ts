import { loggable } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseChainId } from "../internal/parseWhole.ts";
import type { Grant, Proposal } from "./Grant.ts";
import { sessionIn } from "./sessionIn.ts";

/**
 * The grant file of a session that the account itself enables: it carries no signature. It is useless until
 * then, and the cheapest to use afterwards.
 */
export const enabledGrant = (proposal: Proposal | Grant): Grant =>
  loggable({
    version: proposal.version,
    chainId: parseChainId(proposal?.chainId),
    module: parseAddress(proposal.module, "module"),
    accountKind: proposal.accountKind,
    session: sessionIn(proposal),
    signature: "0x",
  });
