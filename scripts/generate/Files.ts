/** Paths relative to the repository, each with the content that the file should have. */
export type Files = Map<string, string>;
