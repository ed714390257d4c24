/** What a delegated key's payment of 1 USDC from a smart account costs with somebody else's contracts. */
export type Peer = {
  name: string;
  /** Who sends the steady payment. */
  sender: "key" | "relayer" | "bundler";
  /** The owner's grant on chain, gas; 0: a signature; absent: not possible alone. */
  grant?: number;
  /** The first payment after a grant on chain, gas. */
  first: number;
  /** Every later payment that day, gas. */
  steady: number;
  /** The calldata of such a payment. */
  bytes: number;
  /** One transaction that brings the owner's signature on chain and pays, gas; absent: not possible. */
  inline?: number;
  daily: string;
  perPayment: string;
  recipient: string;
  expiry: string;
};

/** What a session's userOp costs more than the owner's own, with somebody else's session module. */
export type UserOpPeer = {
  name: string;
  account: string;
  /** Whole transactions, gas. */
  owner: number;
  session: number;
};

/**
 * Measured with {@link peers}: EntryPoint 0.7, one userOp, its nonce's key used before. The validator that
 * checks the owner's userOp is another than this bench's: compare what comes on top, not the owners.
 */
export const userOpPeers: readonly UserOpPeer[] = [
  {
    name: "SmartSessions 1.0, SpendingLimit and TimeFrame",
    account: "Nexus 1.0.0",
    owner: 118_262,
    session: 182_412,
  },
  {
    name: "SmartSessions 1.0, UniAction and TimeFrame",
    account: "Nexus 1.0.0",
    owner: 118_262,
    session: 193_436,
  },
  { name: "CallPolicy and Timestamp", account: "Kernel 3.1", owner: 138_334, session: 209_648 },
  {
    name: "CallPolicy, Timestamp and RateLimitReset",
    account: "Kernel 3.1",
    owner: 138_334,
    session: 222_869,
  },
  {
    name: "SmartSessions 1.0, SpendingLimit and TimeFrame",
    account: "Safe7579 1.0.0",
    owner: 139_825,
    session: 204_074,
  },
  {
    name: "SmartSessions 1.0, UniAction and TimeFrame",
    account: "Safe7579 1.0.0",
    owner: 139_825,
    session: 215_098,
  },
];

/**
 * Measured once, on 2026-11-22, and not again by this bench: one process, one hermetic anvil 1.7.1 chain (chain id 1,
 * osaka), genuine USDC, account with 1,000 USDC, a recipient that has some, 20 USDC a day, expiry in a year. Each
 * figure is the gasUsed of a whole transaction in which the recipient's balance rose by exactly 1 USDC. Each peer was seen
 * to refuse a stranger's key, and amounts and recipients out of its limits; no expiry was waited for, and limits by
 * count or for a lifetime were not used up.
 */
export const peers: readonly Peer[] = [
  {
    name: "Safe AllowanceModule 0.1.1",
    sender: "key",
    grant: 199_439,
    first: 78_242,
    steady: 78_242,
    bytes: 292,
    daily: "yes",
    perPayment: "no",
    recipient: "no",
    expiry: "no",
  },
  {
    name: "Safe AllowanceModule 0.1.1",
    sender: "relayer",
    grant: 199_439,
    first: 83_150,
    steady: 83_150,
    bytes: 388,
    daily: "yes",
    perPayment: "no",
    recipient: "no",
    expiry: "no",
  },
  {
    name: "Zodiac Roles 2.1.0, recipient and allowance",
    sender: "key",
    grant: 325_091,
    first: 115_257,
    steady: 115_257,
    bytes: 324,
    daily: "yes",
    perPayment: "no",
    recipient: "yes",
    expiry: "no",
  },
  {
    name: "Zodiac Roles 2.1.0, and at most 1 USDC",
    sender: "key",
    grant: 358_141,
    first: 123_436,
    steady: 123_436,
    bytes: 324,
    daily: "yes",
    perPayment: "yes",
    recipient: "yes",
    expiry: "no",
  },
  {
    name: "Coinbase SpendPermissionManager with SpendRouter",
    sender: "key",
    grant: 80_016,
    first: 134_405,
    steady: 120_190,
    bytes: 452,
    inline: 186_744,
    daily: "yes",
    perPayment: "no",
    recipient: "yes",
    expiry: "yes",
  },
  {
    name: "MetaMask Delegation Framework 1.3.0, EIP-7702, period",
    sender: "key",
    grant: 0,
    first: 229_742,
    steady: 132_204,
    bytes: 1252,
    inline: 229_742,
    daily: "yes",
    perPayment: "no",
    recipient: "no",
    expiry: "no",
  },
  {
    name: "MetaMask Delegation Framework 1.3.0, EIP-7702, period, time, recipient, exact amount",
    sender: "key",
    grant: 0,
    first: 277_150,
    steady: 179_612,
    bytes: 1764,
    inline: 277_150,
    daily: "yes",
    perPayment: "exactly 1",
    recipient: "yes",
    expiry: "yes",
  },
  {
    name: "Ithaca 0.5.10, direct `execute`",
    sender: "relayer",
    grant: 220_806,
    first: 132_309,
    steady: 115_789,
    bytes: 644,
    daily: "yes",
    perPayment: "no",
    recipient: "no",
    expiry: "yes",
  },
  {
    name: "SmartSessions 1.0 on Nexus 1.0.0, UniAction and TimeFrame",
    sender: "bundler",
    grant: 725_771,
    first: 227_624,
    steady: 193_436,
    bytes: 932,
    inline: 1_032_909,
    daily: "lifetime only",
    perPayment: "yes",
    recipient: "yes",
    expiry: "yes",
  },
  {
    name: "SmartSessions 1.0 on Safe7579 1.0.0, UniAction and TimeFrame",
    sender: "bundler",
    grant: 770_932,
    first: 249_286,
    steady: 215_098,
    bytes: 932,
    inline: 1_066_992,
    daily: "lifetime only",
    perPayment: "yes",
    recipient: "yes",
    expiry: "yes",
  },
  {
    name: "Kernel 3.1, CallPolicy, Timestamp and RateLimitReset",
    sender: "bundler",
    first: 239_981,
    steady: 222_869,
    bytes: 900,
    inline: 888_339,
    daily: "day, by count",
    perPayment: "yes",
    recipient: "yes",
    expiry: "yes",
  },
];

/**
 * Rows of this bench that were measured beside the peers too, in that other run: they tell whether the two can be
 * compared. A module that checks nothing differs by the calldata that it takes.
 */
export const measuredBesidePeers: Readonly<Record<string, number>> = {
  "eoa/transfer": 45_148,
  "eoa/transferWithAuthorization": 86_265,
  "accept-all/transferWithAuthorization": 82_295,
  "safe-1.4.1/owner": 72_503,
  "safe-1.4.1/bare-module": 61_677,
};
