/**
 * A moment in the format of `<input type="datetime-local">`: the device's local time, without a time zone.
 *
 * @param at Unix time in seconds.
 */
export function momentInput(at: number): string {
  const date = new Date(at * 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * Parses the value of such a field.
 *
 * @returns Unix time in seconds; undefined if empty or invalid.
 */
export function readMomentInput(text: string): number | undefined {
  const time = new Date(text).getTime();
  return text === "" || Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
