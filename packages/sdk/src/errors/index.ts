export { ChainRefusal } from "./ChainRefusal.ts";
export { decodeError } from "./decodeError.ts";
export { errorCatalogue } from "./errorCatalogue.ts";
export { InvalidGrant } from "./InvalidGrant.ts";
export { InvalidInput } from "./InvalidInput.ts";
export { type DetailsByCode, isRefusal } from "./isRefusal.ts";
export type { CatalogueEntry } from "./messageCatalogue.ts";
export { Refusal, type RefusalCode, type RefusalDetails, type RefusalParameters } from "./Refusal.ts";
