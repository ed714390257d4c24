import type { Grant } from "./Grant.ts";
import { GRANT_SCHEMA_ID } from "./grantJsonSchema.ts";
import { grantSession } from "./grantSession.ts";
import { sessionJson } from "./sessionJson.ts";

/**
 * The text of a grant file: JSON, one field a line, of the form that `grantJsonSchema` describes. It holds no secret, and
 * only a grant's own fields are written: whatever else hangs on the object stays at home. Read it back by
 * {@link parseGrant}.
 */
export function serializeGrant(grant: Grant): string {
  const { version, chainId, module, accountKind, signature } = grant;
  const file = {
    $schema: GRANT_SCHEMA_ID,
    version,
    chainId,
    module,
    accountKind,
    session: sessionJson(grantSession(grant)),
    signature,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}
