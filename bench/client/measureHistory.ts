import { createPasskeySafe } from "@latchkey/accounts/safeAccount";
import {
  createPasskey,
  installLatchkey,
  installSafe,
  installUsdc,
  openMerchant,
  openTestChain,
} from "@latchkey/devchain";
import { pay, payingFetch, proposeSession, signGrant } from "@latchkey/sdk";
import { sessionHistory } from "@latchkey/sdk/history";
import { network } from "hardhat";
import { createPublicClient, createWalletClient, custom, type Hex, RpcRequestError } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

/** Blocks of the history, and how many of them the node allows in one request. */
const BLOCKS = 30_000;
const MOST_BLOCKS = 1_000;
const PAYMENTS = 6;
const PRICE = 50_000n;

/**
 * Counts the requests for the history of a session over 30,000 blocks, from a node that allows 1,000 a request: at first, and
 * again with the same client. On Hardhat's own chain, which mines many blocks at once.
 */
export async function measureHistory(): Promise<Record<string, number>> {
  const connection = await network.create("default");
  const testChain = await openTestChain(connection.provider);
  const { client } = testChain;
  const usdc = await installUsdc(testChain);
  const safe = await installSafe(testChain);
  const latchkey = await installLatchkey(testChain);
  const passkey = createPasskey();
  const account = await createPasskeySafe(
    { testChain, safe },
    { version: "1.5.0", passkey, latchkey, domainSeparators: [usdc.domainSeparator] },
  );
  await usdc.mint(account.address, 100n * 10n ** 6n);
  const key = privateKeyToAccount(generatePrivateKey());
  await testChain.setBalance(key.address, 10n ** 20n);
  const payee = privateKeyToAccount(generatePrivateKey()).address;
  const shop = await openMerchant(testChain, { item: { amount: PRICE, asset: usdc.address, payTo: payee } });
  try {
    const proposal = await proposeSession(client, {
      account: account.address,
      key,
      module: latchkey.module,
      budgets: { usdc: { token: usdc.address, perTransaction: "1", perDay: "20", recipients: [payee] } },
      until: "30d",
    });
    const grant = await signGrant(Object.assign(passkey, { signer: safe.passkey.sharedSigner }), proposal);
    const wallet = createWalletClient({
      account: key,
      transport: custom(connection.provider, { retryCount: 0 }),
    });
    const fromBlock = await client.getBlockNumber();
    for (let part = 0; part < PAYMENTS; part++) {
      await pay(wallet, { grant, to: payee, amount: "0.01" });
      const sold = await payingFetch({ client, key, grant })(shop.url("item"));
      if (sold.status !== 200) throw new Error(`not sold: ${sold.status}`);
      await connection.networkHelpers.mine(BLOCKS / PAYMENTS);
    }
    let asked = 0;
    const request = async ({ method, params }: { method: string; params?: unknown }) => {
      asked++;
      if (method === "eth_getLogs") {
        const [filter] = params as [{ fromBlock: Hex; toBlock: Hex }];
        if (Number(filter.toBlock) - Number(filter.fromBlock) >= MOST_BLOCKS)
          throw new RpcRequestError({
            body: {},
            url: "",
            error: { code: -32614, message: `eth_getLogs is limited to a ${MOST_BLOCKS} range` },
          });
      }
      return connection.provider.request({ method, params: params as unknown[] });
    };
    const limited = createPublicClient({ transport: custom({ request }) });
    const figures: Record<string, number> = {};
    for (const turn of ["first", "again"]) {
      asked = 0;
      const { events } = await sessionHistory(limited, {
        grant,
        fromBlock: fromBlock + 1n,
        toBlock: fromBlock + BigInt(BLOCKS),
      });
      const payments = events.filter(({ type }) => type === "executed" || type === "settled").length;
      if (payments !== 2 * PAYMENTS) throw new Error(`${payments} payments were found`);
      figures[`history/${turn}/requests`] = asked;
    }
    return figures;
  } finally {
    await shop.close();
    await connection.close();
  }
}
