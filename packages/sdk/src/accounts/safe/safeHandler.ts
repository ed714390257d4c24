import { type Address, type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { isContractRefusal } from "../../errors/isContractRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { readContract } from "../../internal/chainActions.ts";
import { safeAbi as abi } from "./safeAbi.ts";
import type { SafeHandlerKind } from "./wrapForSafe.ts";

/**
 * Finds out how a Safe forwards the query of a token, or of Permit2, to the session module: with our SafeSessionHandler (up to 1.4.1) or
 * with the ExtensibleFallbackHandler (1.5.0).
 *
 * @param parameters.domainSeparator Of the token, or of Permit2.
 * @throws {Refusal} MODULE_NOT_ENABLED if it does neither, so that every payment by signature would fail; NETWORK
 */
export async function safeHandler(
  client: Client<Transport, Chain | undefined>,
  parameters: { safe: Address; module: Address; domainSeparator: Hex },
): Promise<SafeHandlerKind> {
  const { safe, module, domainSeparator } = parameters;
  // A handler without this function reverts or returns something else: both mean that it does not.
  const says = (answer: Promise<Address>) =>
    answer.then((address) => isAddressEqual(address, module)).catch(no);
  // The Safe forwards both to its handler, so that all three are asked at the same time.
  const [enabled, session, extensible] = await Promise.all([
    readContract(client, { address: safe, abi, functionName: "isModuleEnabled", args: [module] }).catch(no),
    says(readContract(client, { address: safe, abi, functionName: "sessionModuleOf", args: [safe] })),
    says(
      readContract(client, {
        address: safe,
        abi,
        functionName: "domainVerifiers",
        args: [safe, domainSeparator],
      }),
    ),
  ]);
  if (!enabled) throw refusal(`The module ${module} is not enabled on the Safe ${safe}.`, parameters);
  if (extensible) return "extensible";
  if (session) return "session";
  throw refusal(
    `The fallback handler of the Safe ${safe} does not forward this token's queries to the module.`,
    parameters,
  );
}

/** The result for a contract that reverts or returns nonsense; a failed request to the node is thrown. */
function no(error: unknown): false {
  if (!isContractRefusal(error)) throw error;
  return false;
}

const refusal = (shortMessage: string, details: { readonly [name: string]: unknown }) =>
  new Refusal({
    code: "MODULE_NOT_ENABLED",
    shortMessage,
    metaMessages: ["Ask the owner to install the session module for payments by signature, in one batch."],
    details,
  });
