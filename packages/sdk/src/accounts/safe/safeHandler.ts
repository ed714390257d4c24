import { type Address, type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { isContractRefusal } from "../../errors/isContractRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { readContract } from "../../internal/chainActions.ts";
import { safeAbi as abi } from "./safeAbi.ts";
import { safeFallbackHandler } from "./safeFallbackHandler.ts";
import type { SafeHandlerKind } from "./wrapForSafe.ts";

/**
 * Finds out how a Safe takes a token's question to the session module: by our SafeSessionHandler (up to 1.4.1) or by
 * the ExtensibleFallbackHandler (1.5.0).
 *
 * @param parameters.domainSeparator - of the token that will ask
 * @throws {Refusal} MODULE_NOT_ENABLED if it does neither: no payment by signature would pass; NETWORK
 */
export async function safeHandler(
  client: Client<Transport, Chain | undefined>,
  parameters: { safe: Address; module: Address; domainSeparator: Hex },
): Promise<SafeHandlerKind> {
  const { safe, module, domainSeparator } = parameters;
  const [enabled, handler] = await Promise.all([
    readContract(client, { address: safe, abi, functionName: "isModuleEnabled", args: [module] }).catch(no),
    safeFallbackHandler(client, safe),
  ]);
  if (!enabled) throw refusal(`The module ${module} is not enabled on the Safe ${safe}.`, parameters);
  // A handler that lacks the question answers with a revert or with something else: both are a no.
  const says = (answer: Promise<Address>) =>
    answer.then((address) => isAddressEqual(address, module)).catch(no);
  const [session, extensible] = await Promise.all([
    says(readContract(client, { address: handler, abi, functionName: "sessionModuleOf", args: [safe] })),
    says(
      readContract(client, {
        address: handler,
        abi,
        functionName: "domainVerifiers",
        args: [safe, domainSeparator],
      }),
    ),
  ]);
  if (extensible) return "extensible";
  if (session) return "session";
  throw refusal(
    `The fallback handler of the Safe ${safe} does not ask the module about this token.`,
    parameters,
  );
}

/** What a contract that fails or talks nonsense says; a node that does not answer says nothing. */
function no(error: unknown): false {
  if (!isContractRefusal(error)) throw error;
  return false;
}

const refusal = (shortMessage: string, details: { readonly [name: string]: unknown }) =>
  new Refusal({
    code: "MODULE_NOT_ENABLED",
    shortMessage,
    metaMessages: ["Have the owner install the session module for payments by signature, in one batch."],
    details,
  });
