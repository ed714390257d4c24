import { type ClientExtension, x402Client } from "@x402/core/client";
import type { PaymentPayload, PaymentRequired, PaymentRequirements } from "@x402/core/types";

/** The extension by which a server recognises a purchase that is made again. */
const IDENTIFIER = "payment-identifier";

/** What a server declares of it. */
type Declaration = { info: { required: boolean; id?: unknown } };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isDeclaration = (value: unknown): value is Declaration =>
  isObject(value) && isObject(value.info) && typeof value.info.required === "boolean";

/**
 * Adds an id to payments for servers that take one. `@x402/extensions` has the same as a function, in one file with a JSON
 * Schema validator that is larger than this whole client.
 */
const paymentIdentifier = (id: string): ClientExtension => ({
  key: IDENTIFIER,
  async enrichPaymentPayload(payload, { extensions }) {
    const declared = extensions?.[IDENTIFIER];
    if (!isDeclaration(declared)) return payload;
    const identified = { ...declared, info: { ...declared.info, id } };
    return { ...payload, extensions: { ...payload.extensions, [IDENTIFIER]: identified } };
  },
});

/** The offers without an id that the server has put into its own declaration: ids are the client's. */
function withoutIds(required: PaymentRequired): PaymentRequired {
  const declared = required.extensions?.[IDENTIFIER];
  if (!isDeclaration(declared)) return required;
  const { id: _, ...info } = declared.info;
  return { ...required, extensions: { ...required.extensions, [IDENTIFIER]: { ...declared, info } } };
}

/** An extension of the caller's refused the payment, or failed: `cause` is its error. Nothing was sent. */
export class ExtensionError extends Error {}

/**
 * What is sent of a signed payment, as x402's own client puts it together: the extensions of the offer, and what the
 * client's extensions add to them. They change nothing else: the payment is the one that was signed.
 *
 * @param parameters.signed What the scheme returned.
 * @param parameters.id Of the purchase: the same however often, and by whichever process, this payment is sent.
 * @throws {ExtensionError}
 */
export async function completePayment(parameters: {
  required: PaymentRequired;
  offer: PaymentRequirements;
  signed: PaymentPayload["payload"];
  extensions: readonly ClientExtension[];
  id: string;
}): Promise<PaymentPayload> {
  const { required, offer, signed, extensions, id } = parameters;
  const { scheme, network } = offer;
  // Version 1 has no extensions, and names neither the offer nor the resource.
  if (required.x402Version === 1)
    return { x402Version: 1, scheme, network, payload: signed } as unknown as PaymentPayload;
  const client = new x402Client()
    .setSpendControls(false)
    .register(network, { scheme, createPaymentPayload: async () => ({ x402Version: 2, payload: signed }) });
  for (const extension of [paymentIdentifier(id), ...extensions]) client.registerExtension(extension);
  const payload = await client
    .createPaymentPayload({ ...withoutIds(required), accepts: [offer] })
    .catch((cause: unknown) => {
      throw new ExtensionError("An extension rejected the payment.", { cause });
    });
  return { ...payload, x402Version: 2, payload: signed, accepted: offer };
}
