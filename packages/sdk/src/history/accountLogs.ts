import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  isAddressEqual,
  pad,
  parseAbi,
  parseEventLogs,
  type Transport,
  toEventSelector,
} from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { type BlockRange, type MinedLog, readLogs } from "../internal/readLogs.ts";

/** The events of a session module: the account is the first topic of each. */
const moduleEvents = ["SessionEnabled", "SessionRevoked", "SessionPaused", "EpochChanged", "Spent"] as const;
const selectorOf = Object.fromEntries(
  sessionModuleAbi.flatMap((item) => (item.type === "event" ? [[item.name, toEventSelector(item)]] : [])),
) as Record<(typeof moduleEvents)[number], Hex>;

/** Those of a token about signed payments, of which that is true as well. */
const tokenAbi = parseAbi([
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
]);

/**
 * The events of one account, by a session module and by tokens, in one pass over a range: the account is the first topic of
 * all, so that the provider filters by it. A contract's event counts only as what this contract may say: a token could log
 * a module's events, too.
 *
 * @param parameters.module Undefined for the tokens' events alone.
 * @param parameters.eventNames Which events of the module; default: all.
 * @param parameters.tokens Whose uses of authorizations and transfers from the account are read as well.
 * @throws {Refusal} NETWORK
 */
export async function accountLogs(
  client: Client<Transport, Chain | undefined>,
  range: Required<BlockRange>,
  parameters: {
    account: Address;
    module?: Address | undefined;
    eventNames?: readonly (typeof moduleEvents)[number][];
    tokens?: readonly Address[];
  },
) {
  const { account, module, eventNames = moduleEvents, tokens = [] } = parameters;
  const selectors = [
    ...(module ? eventNames.map((name) => selectorOf[name]) : []),
    ...(tokens.length > 0 ? tokenAbi.map((event) => toEventSelector(event)) : []),
  ];
  const logs =
    selectors.length === 0
      ? []
      : await readLogs(client, range, {
          address: module ? [module, ...tokens] : tokens,
          topics: [selectors, pad(account).toLowerCase() as Hex],
        });
  const by = (contract: Address): MinedLog[] =>
    logs.filter(({ address, topics }) => isAddressEqual(address, contract) && isOf(account, topics[1]));
  return {
    /** The module's. */
    events: module
      ? parseEventLogs({
          abi: sessionModuleAbi,
          eventName: [...eventNames],
          logs: by(module),
          strict: true,
        })
      : [],
    /** By token, in the order of `tokens`. */
    tokens: tokens.map((token) => {
      const ofToken = by(token);
      return {
        token,
        uses: parseEventLogs({ abi: tokenAbi, eventName: "AuthorizationUsed", logs: ofToken, strict: true }),
        transfers: parseEventLogs({ abi: tokenAbi, eventName: "Transfer", logs: ofToken, strict: true }),
      };
    }),
  };
}

const isOf = (account: Address, topic: Hex | undefined): boolean =>
  topic?.toLowerCase() === pad(account).toLowerCase();

/** A module's event, with its values. */
export type ModuleLog = Awaited<ReturnType<typeof accountLogs>>["events"][number];
/** A token's events about an account. */
export type TokenLogs = Awaited<ReturnType<typeof accountLogs>>["tokens"][number];
