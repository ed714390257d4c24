import { ERC7579_ACCOUNT_NAMES, ERC7579_ACCOUNTS } from "./BenchErc7579Account.ts";
import { type GasShares, PARTS } from "./gasShares.ts";
import type { GasFigures } from "./measureGas.ts";
import { measuredBesidePeers, type Peer, peers, userOpPeers } from "./peers.ts";
import { formatGas, renderTable, renderTargets } from "./renderGasTable.ts";
import { BYTES } from "./rows.ts";
import { USER_OP_PARTS, type UserOpShares } from "./userOpShares.ts";

/** What the page's figures come from. */
export type Measurements = {
  figures: GasFigures;
  shares: Readonly<Record<string, GasShares>>;
  userOpShares: Readonly<Record<string, UserOpShares>>;
};

type Blocks = Record<string, (measurements: Measurements) => string>;

/** What the README shows: the everyday payments, beside what the same account pays without Latchkey. */
const summary: Blocks = {
  summary: ({ figures }) => {
    const rows = [
      ["the owner's own transaction, for comparison", "owner"],
      ["the key pays", "pay/next"],
      ["the key executes a payment", "execute/next"],
      ["a relayer submits what the key signed", "executeSigned/next"],
      ["an app redeems its permission context (ERC-7710)", "redeem/next"],
      ["the first payment, which carries the owner's grant", "pay/first-with-grant"],
      ["an x402 payment, first of a lot, 5 slot sizes", "x402/opener/5"],
      ["an x402 payment, later of a lot, 5 slot sizes", "x402/follower/5"],
    ] as const;
    const floor = "accept-all/transferWithAuthorization";
    const gas = (row: string): string => formatGas(figures[row] ?? Number.NaN);
    return renderTable(
      ["", "Safe 1.4.1", "Safe 1.5.0"],
      ["Safe 1.4.1", "Safe 1.5.0"],
      [
        ...rows.map(([what, row]) => [what, gas(`safe-1.4.1/${row}`), gas(`safe-1.5.0/${row}`)]),
        ["an x402 payment from a wallet that accepts everything", gas(floor), gas(floor)],
      ],
    );
  },
  "summary-modular-accounts": ({ figures }) => {
    const rows = [
      ["the owner's own userOp, for comparison", "owner-userOp/next"],
      ["a session's userOp pays", "userOp/next"],
      ["the same, executed by the module", "userOp/execution/next"],
      ["the first one, which carries the owner's grant", "userOp/first-with-grant"],
      ["the key executes a payment", "execute/next"],
      ["an x402 payment, first of a lot, 5 slot sizes", "x402/opener/5"],
      ["an x402 payment, later of a lot, 5 slot sizes", "x402/follower/5"],
    ] as const;
    const names = ERC7579_ACCOUNTS.map((account) => ERC7579_ACCOUNT_NAMES[account]);
    const table = renderTable(
      ["", ...names],
      names,
      rows.map(([what, row]) => [
        what,
        ...ERC7579_ACCOUNTS.map((account) => formatGas(figures[`erc7579/${account}/${row}`] ?? Number.NaN)),
      ]),
    );
    return `The same on ERC-7579 accounts. Each userOp is alone in its bundle, on EntryPoint 0.7:\n\n${table}`;
  },
};

const details: Blocks = {
  targets: ({ figures }) => renderTargets(figures),
  peers: ({ figures }) => renderPeers(figures),
  "user-ops": ({ figures }) => renderUserOps(figures),
  "same-rows": ({ figures }) =>
    renderTable(
      ["row", "here", "beside the peers"],
      ["here", "beside the peers"],
      Object.entries(measuredBesidePeers).map(([row, gas]) => [
        `\`${row}\``,
        formatGas(figures[row] ?? Number.NaN),
        formatGas(gas),
      ]),
    ),
  shares: ({ shares }) =>
    renderTable(
      ["row", ...PARTS, "gas"],
      [...PARTS, "gas"],
      Object.entries(shares).map(([row, of]) => [
        `\`${row}\``,
        ...PARTS.map((part) => formatGas(of[part])),
        formatGas(PARTS.reduce((total, part) => total + of[part], 0)),
      ]),
    ),
};

/** The details' second half: bundles of one userOp, taken apart. */
const userOpDetails: Blocks = {
  "user-op-shares": ({ userOpShares }) =>
    renderTable(
      ["row", ...USER_OP_PARTS, "gas"],
      [...USER_OP_PARTS, "gas"],
      Object.entries(userOpShares).map(([row, of]) => [
        `\`${row}\``,
        ...USER_OP_PARTS.map((part) => formatGas(of[part])),
        formatGas(USER_OP_PARTS.reduce((total, part) => total + of[part], 0)),
      ]),
    ),
};

/** The pages that hold measured figures, and which. */
export const gasPages: Readonly<Record<string, Blocks>> = {
  "README.md": summary,
  "docs/gas.md": { ...details, ...userOpDetails },
};

/** Latchkey's rows in the form of the peers', then the peers', each group by what a steady payment costs. */
function renderPeers(figures: GasFigures): string {
  const of = (name: string): number => figures[name] ?? Number.NaN;
  const limits = { daily: "yes", perPayment: "yes", recipient: "yes", expiry: "yes" };
  const ours = ["1.4.1", "1.5.0"].flatMap((version): Peer[] => {
    const row = (name: string): number => of(`safe-${version}/${name}`);
    const shared = { name: `**Latchkey on Safe ${version}**`, grant: row("enable"), ...limits };
    return [
      {
        ...shared,
        sender: "key",
        first: row("pay/first"),
        steady: row("pay/next"),
        bytes: row(`pay/next${BYTES}`),
        inline: row("pay/first-with-grant"),
      },
      {
        ...shared,
        sender: "relayer",
        first: row("executeSigned/first"),
        steady: row("executeSigned/next"),
        bytes: row(`executeSigned/next${BYTES}`),
      },
      {
        ...shared,
        name: `**Latchkey on Safe ${version}**, ERC-7710`,
        grant: 0,
        sender: "key",
        first: row("redeem/first-with-grant"),
        steady: row("redeem/next"),
        bytes: row(`redeem/next${BYTES}`),
        inline: row("redeem/first-with-grant"),
      },
    ];
  });
  const oursOnErc7579 = ERC7579_ACCOUNTS.flatMap((account): Peer[] => {
    const row = (name: string): number => of(`erc7579/${account}/${name}`);
    const name = `**Latchkey on ${ERC7579_ACCOUNT_NAMES[account]}**`;
    const shared = { name, grant: row("enable"), ...limits };
    return [
      {
        ...shared,
        sender: "key",
        first: row("execute/first"),
        steady: row("execute/next"),
        bytes: row(`execute/next${BYTES}`),
        inline: row("execute/first-with-grant"),
      },
      {
        ...shared,
        sender: "bundler",
        first: row("userOp/first"),
        steady: row("userOp/next"),
        bytes: row(`userOp/next${BYTES}`),
        inline: row("userOp/first-with-grant"),
      },
    ];
  });
  const grantOf = ({ grant }: Peer): string =>
    grant === undefined ? "–" : grant === 0 ? "a signature" : formatGas(grant);
  return renderTable(
    [
      "peer",
      "sender",
      "steady payment",
      "its bytes",
      "grant",
      "first payment",
      "grant carried and first payment",
      "daily limit",
      "limit a payment",
      "recipients",
      "expiry",
    ],
    ["steady payment", "its bytes", "grant", "first payment", "grant carried and first payment"],
    [...ours, ...oursOnErc7579, ...[...peers].sort((a, b) => a.steady - b.steady)].map((peer) => [
      peer.name,
      peer.sender,
      formatGas(peer.steady),
      formatGas(peer.bytes),
      grantOf(peer),
      formatGas(peer.first),
      peer.inline === undefined ? "–" : formatGas(peer.inline),
      peer.daily,
      peer.perPayment,
      peer.recipient,
      peer.expiry,
    ]),
  );
}

/** What a session's userOp costs more than the owner's own: here on every account, then with other session modules. */
function renderUserOps(figures: GasFigures): string {
  const ours = ERC7579_ACCOUNTS.flatMap((account) => {
    const of = (row: string): number => figures[`erc7579/${account}/${row}`] ?? Number.NaN;
    const shared = { account: ERC7579_ACCOUNT_NAMES[account], owner: of("owner-userOp/next") };
    return [
      { name: "**Latchkey**", ...shared, session: of("userOp/next") },
      { name: "**Latchkey**, its gas counted", ...shared, session: of("userOp/gas-allowance/next") },
      { name: "**Latchkey**, executed by the module", ...shared, session: of("userOp/execution/next") },
    ];
  });
  return renderTable(
    ["account", "session by", "the owner's userOp", "a session's userOp", "more"],
    ["the owner's userOp", "a session's userOp", "more"],
    [...ours, ...userOpPeers].map(({ account, name, owner, session }) => [
      account,
      name,
      formatGas(owner),
      formatGas(session),
      formatGas(session - owner),
    ]),
  );
}

const MARKED = /<!-- bench: ([a-z-]+) -->\n[\s\S]*?<!-- end -->/g;

/**
 * A page of {@link gasPages} with what stands between its marks (`<!-- bench: name -->` and `<!-- end -->`) rewritten.
 * @throws If a mark is unknown, or one that the page should have is missing: its figures would go stale unseen.
 */
export function renderGasPage(path: string, page: string, measurements: Measurements): string {
  const blocks = gasPages[path] ?? {};
  const found = new Set<string>();
  const rendered = page.replace(MARKED, (_, name: string) => {
    const render = blocks[name];
    if (!render) throw new Error(`${path} has a mark "${name}" that nothing is written for`);
    found.add(name);
    return `<!-- bench: ${name} -->\n\n${render(measurements)}\n\n<!-- end -->`;
  });
  for (const name of Object.keys(blocks)) {
    if (!found.has(name)) throw new Error(`${path} has no place for "${name}"`);
  }
  return rendered;
}
