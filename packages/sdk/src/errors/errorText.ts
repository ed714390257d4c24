import { errorCatalogue } from "./errorCatalogue.ts";
import type { RefusalCode, RefusalParameters } from "./Refusal.ts";

/**
 * The sentences of the catalogue for a code.
 *
 * @param values As they are to be read. Where one that the message names is missing, the message does without any.
 */
export function errorText(
  code: RefusalCode,
  values: { readonly [name: string]: string } = {},
): Pick<RefusalParameters, "code" | "shortMessage" | "metaMessages"> {
  const { meaning, message = meaning, whatToDo } = errorCatalogue[code];
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
