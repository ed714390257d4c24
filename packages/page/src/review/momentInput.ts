/**
 * A moment as `<input type="datetime-local">` has it: the device's own time, without a zone.
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
 * The moment that such a field holds.
 *
 * @returns Unix time in seconds; undefined where it is empty or no moment.
 */
export function readMomentInput(text: string): number | undefined {
  const time = new Date(text).getTime();
  return text === "" || Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
