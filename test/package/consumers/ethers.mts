/**
 * An ethers user's program: type-checked as a user's own, and run by Node with the URL of a development chain that has
 * the contracts. Prints what it found, as JSON.
 */
import { deterministicAddresses } from "@latchkey/sdk/addresses";
import {
  ERC7579SessionModule__factory,
  type SafeSessionModule,
  SafeSessionModule__factory,
} from "@latchkey/sdk/ethers";
import { JsonRpcProvider, ZeroAddress } from "ethers";

const provider = new JsonRpcProvider(process.argv[2], undefined, { staticNetwork: true });
const module: SafeSessionModule = SafeSessionModule__factory.connect(
  deterministicAddresses.safeSessionModule,
  provider,
);
const epoch: bigint = await module.epochOf(ZeroAddress);
// @ts-expect-error: there is no such function
export const noFunction = module.spend;
// @ts-expect-error: an epoch is asked for an account
export const noAccount = () => module.epochOf();

const moduleInterface = ERC7579SessionModule__factory.createInterface();
const failure = moduleInterface.parseError(moduleInterface.encodeErrorResult("Expired", [7]));
const spent = await module.queryFilter(module.filters.Spent(), 0);
for (const { args } of spent) {
  const amount: bigint = args.amount;
  console.error(amount);
}
// @ts-expect-error: there is no such event
export const noEvent = module.filters.Paid;

console.log(
  JSON.stringify({
    epoch: String(epoch),
    failure: failure?.name,
    topic: moduleInterface.getEvent("SessionRevoked").topicHash,
    spent: spent.length,
  }),
);
provider.destroy();
