export { type DecodedPayload, decodePayload } from "./decodePayload.ts";
export { encodePayload } from "./encodePayload.ts";
export { hashActions } from "./hashActions.ts";
export { hashBudget } from "./hashBudget.ts";
export type { PayloadParameters, Slot } from "./PayloadParameters.ts";
export { slotNonce } from "./slotNonce.ts";
export type { SlotPeriod } from "./slotPrefix.ts";
export { slotReader } from "./slotReader.ts";
export { type SafeHandlerKind, wrapForSafe } from "./wrapForSafe.ts";
