/** The provider fits MetaMask's client, of which the SDK knows nothing. Checked by `npm run types`, never run. */
import { type DelegationProvider, delegationProvider, type LatchkeyScheme } from "@latchkey/sdk";
import { type x402DelegationProvider, x402Erc7710Client } from "@metamask/x402";
import { x402Client } from "@x402/core/client";

declare const scheme: LatchkeyScheme;

const provider: x402DelegationProvider = delegationProvider(scheme);
const known: DelegationProvider = provider;
const client = new x402Erc7710Client({ delegationProvider: known, fallbackClient: scheme });
new x402Client().register(scheme.network, client);

// @ts-expect-error It provides for a scheme, not for its parameters.
delegationProvider({});
// @ts-expect-error A provider must return a permission context.
const poor: x402DelegationProvider = async () => ({ delegationManager: "0x", delegator: "0x" });
void poor;
