/** The answer of one of several questions that were asked together; throws its failure. */
export const answered = <value>(settled: PromiseSettledResult<value>): value => {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
};
