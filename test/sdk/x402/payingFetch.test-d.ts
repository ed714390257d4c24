/**
 * Checked by tsc, never run: what a reader of the README would write compiles, and what would be unsafe does not.
 */

import { type Grant, latchkeyScheme, payingFetch } from "@latchkey/sdk";
import { filePaymentStore } from "@latchkey/sdk/node";
import { createPublicClient, createWalletClient, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { base, mainnet } from "viem/chains";

declare const grant: Grant;
const key = privateKeyToAccount(generatePrivateKey());
const client = createPublicClient({ chain: base, transport: http() });

const pay: typeof fetch = payingFetch({ client, key, grant, store: filePaymentStore("payments.jsonl") });
void pay("https://api.example.com/forecast");

payingFetch({ client: createWalletClient({ chain: mainnet, transport: http() }), key, grant });
payingFetch({ client: createPublicClient({ transport: http() }), key, grant });

// @ts-expect-error: a grant is not optional
payingFetch({ client, key });
// @ts-expect-error: an address alone cannot sign
payingFetch({ client, key: { address: key.address }, grant });
// @ts-expect-error: a path is not a store
latchkeyScheme({ client, key, grant, store: "payments.jsonl" });
