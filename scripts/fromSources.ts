/** Node's option by which the packages of this repository are taken from their sources, not from what was built last. */
export const FROM_SOURCES = "--conditions=@latchkey/source";
