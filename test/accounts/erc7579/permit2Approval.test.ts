import { removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import { installX402Proxies, PERMIT2 } from "@latchkey/devchain";
import {
  type EncodedCall,
  enabledGrant,
  enableSession,
  type Proposal,
  permit2Calls,
  proposeSession,
  revokeSession,
} from "@latchkey/sdk";
import { erc7579Removal } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { encodeFunctionData, erc20Abi, getAddress, parseAbi } from "viem";
import { alice, install, key, stranger, USD, world } from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const permit2Abi = parseAbi([
  "function approve(address token, address spender, uint160 amount, uint48 expiration)",
  "function allowance(address owner, address token, address spender) view returns (uint160 amount, uint48 expiration, uint48 nonce)",
]);

describe("the approval of Permit2", () => {
  onEveryAccount((account) => {
    const client = () => world().testChain.client;
    const send = async (calls: readonly EncodedCall[]) => (await account().execute(calls)).transactionHash;
    const token = () => getAddress(world().usdc.address);
    const allowance = () =>
      client().readContract({
        address: token(),
        abi: erc20Abi,
        functionName: "allowance",
        args: [account().address, PERMIT2],
      });
    const ofAccount = () => ({
      account: account().address,
      accountKind: account().kind,
      module: world().module,
    });

    it("comes with the session in one batch, locks down what others may take, and goes with it and with the module", async () => {
      await installX402Proxies(world().testChain);
      const fromBlock = await client().getBlockNumber();
      await install(account());
      const enable = async (proposal: Proposal) => {
        const permit2 = await permit2Calls(client(), { enabling: proposal, fromBlock });
        await enableSession(client(), { proposal, permit2, send });
      };
      const spender = stranger.address;
      await send([
        {
          to: PERMIT2,
          value: 0n,
          data: encodeFunctionData({
            abi: permit2Abi,
            functionName: "approve",
            args: [token(), spender, 9n, 2 ** 40],
          }),
        },
      ]);
      const propose = () =>
        proposeSession(client(), {
          ...ofAccount(),
          key,
          budgets: {
            [token()]: { perTransaction: "1", perDay: "20", recipients: [alice], x402: "permit2" as const },
          },
          until: "7d",
        });
      const [first, second] = [await propose(), await propose()];
      await enable(first);
      expect(await allowance()).to.equal(140n * USD);
      const [left] = await client().readContract({
        address: PERMIT2,
        abi: permit2Abi,
        functionName: "allowance",
        args: [account().address, token(), spender],
      });
      expect(left).to.equal(0n);
      await enable(second);
      expect(await allowance()).to.equal(280n * USD);
      const grant = enabledGrant(first);
      const lowering = await permit2Calls(client(), { revoking: grant, fromBlock });
      await revokeSession(client(), { grant, permit2: lowering, send });
      expect(await allowance()).to.equal(140n * USD);
      const { calls } = await permit2Calls(client(), { ...ofAccount(), revoking: "all", fromBlock });
      await send([...erc7579Removal(await removalOf(account(), world().module)), ...calls]);
      expect(await allowance()).to.equal(0n);
    });
  });
});
