import {
  type Address,
  type Chain,
  type Client,
  encodeEventTopics,
  formatLog,
  type Hex,
  numberToHex,
  pad,
  parseEventLogs,
  type Transport,
} from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { asking } from "../internal/chainActions.ts";

/** The events of a session module: the account is the first topic of each. */
const names = ["SessionEnabled", "SessionRevoked", "SessionPaused", "EpochChanged", "Spent"] as const;

/**
 * A session module's events of one account, in one request. The provider filters by account: a module serves
 * every account of its chain.
 *
 * @param parameters.eventNames Which events; default: all.
 */
export const moduleLogs = asking(async function moduleLogs(
  client: Client<Transport, Chain | undefined>,
  parameters: {
    account: Address;
    module: Address;
    fromBlock: bigint;
    toBlock: bigint;
    eventNames?: readonly (typeof names)[number][];
  },
) {
  const { account, module, fromBlock, toBlock, eventNames = names } = parameters;
  const selectors = eventNames.map((eventName) => {
    const [selector] = encodeEventTopics({ abi: sessionModuleAbi, eventName });
    return selector as Hex;
  });
  const logs = await client.request({
    method: "eth_getLogs",
    params: [
      {
        address: module,
        topics: [selectors, [pad(account).toLowerCase() as Hex]],
        fromBlock: numberToHex(fromBlock),
        toBlock: numberToHex(toBlock),
      },
    ],
  });
  return parseEventLogs({
    abi: sessionModuleAbi,
    eventName: [...names],
    logs: logs.map((log) => formatLog(log)),
    strict: true,
  });
});
