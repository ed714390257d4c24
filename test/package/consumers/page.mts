/** What a web page would import: type-checked without Node's types, bundled for browsers, and run. */
import { hashSession, type Proposal, proposeSession, type Session, signGrant } from "@latchkey/sdk";
import { addressOf, deterministicAddresses } from "@latchkey/sdk/addresses";

const session: Session = {
  account: "0x00000000000000000000000000000000000000A1",
  key: "0x00000000000000000000000000000000000000b2",
  validAfter: 1,
  validUntil: 2,
  epoch: 0n,
  salt: 0n,
  gasAllowance: 0n,
  paymaster: "0x0000000000000000000000000000000000000000",
  budgets: [],
  actions: [],
};

/** What a click would do. */
export const allow = async (
  client: Parameters<typeof proposeSession>[0],
  owner: Parameters<typeof signGrant>[0],
  request: Parameters<typeof proposeSession>[1],
) => {
  const proposal: Proposal = await proposeSession(client, request);
  return signGrant(owner, proposal);
};

export const id: string = hashSession(session);
export const module: string = deterministicAddresses.safeSessionModule;
export const addressOn: typeof addressOf = addressOf;
