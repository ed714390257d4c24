import { type CatalogueEntry, messageCatalogue } from "./messageCatalogue.ts";
import type { RefusalParameters } from "./Refusal.ts";

/** A code whose message comes from the catalogue. */
export type MessageCode = keyof typeof messageCatalogue;

/**
 * The sentences of the catalogue for a code.
 *
 * @param values As they are to be read. Where one that the message names is missing, the message does without any.
 */
export function errorText(
  code: MessageCode,
  values: { readonly [name: string]: string } = {},
): { code: MessageCode } & Pick<RefusalParameters, "shortMessage" | "metaMessages"> {
  const { meaning, message = meaning, whatToDo } = messageCatalogue[code] as CatalogueEntry;
  const isComplete = [...message.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) =>
    Object.hasOwn(values, name),
  );
  return {
    code,
    shortMessage: isComplete
      ? message.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "")
      : meaning,
    metaMessages: whatToDo,
  };
}
