import { jsonOf } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseChainId } from "../internal/parseWhole.ts";
import { GRANT_SCHEMA_ID, type Grant } from "./Grant.ts";
import { sessionIn } from "./sessionIn.ts";

/**
 * The text of a grant file: JSON, one field per line, as `grantJsonSchema` describes it. It holds no secret, and
 * only a grant's own fields are written: other properties of the object are dropped. Read it with
 * {@link parseGrant}.
 *
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function serializeGrant(grant: Grant): string {
  const session = jsonOf(sessionIn(grant));
  const { version, chainId, module, accountKind, signature } = grant;
  const file = {
    $schema: GRANT_SCHEMA_ID,
    version,
    chainId: parseChainId(chainId),
    module: parseAddress(module, "module"),
    accountKind: String(accountKind),
    session,
    signature: parseHex(signature, "signature"),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}
