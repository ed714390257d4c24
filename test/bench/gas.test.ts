import { expect } from "chai";
import hre from "hardhat";
import { ERC7579_ACCOUNT_NAMES, ERC7579_ACCOUNTS } from "../../bench/BenchErc7579Account.ts";
import { committedFigures, differences, gasFiles, measureAll } from "../../bench/gasFiles.ts";
import { PARTS, sharedRows } from "../../bench/gasShares.ts";
import { measureGas } from "../../bench/measureGas.ts";
import { measuredBesidePeers, type Peer, peers, userOpPeers } from "../../bench/peers.ts";
import { type Measurements, renderGasPage } from "../../bench/renderGasPage.ts";
import { figureNames, gasNames, READER, rows } from "../../bench/rows.ts";
import { standings, targets } from "../../bench/targets.ts";
import { USER_OP_PARTS, userOpRows } from "../../bench/userOpShares.ts";

describe("the committed gas figures", () => {
  let measurements: Measurements;

  const gasOf = (row: string): number => {
    const gas = measurements.figures[row];
    if (gas === undefined) throw new Error(`${row} was not measured`);
    return gas;
  };

  before(async function () {
    // Coverage runs the contracts with counters in them, which cost gas.
    if (hre.globalOptions.coverage) this.skip();
    this.timeout(120_000);
    measurements = await measureAll();
  });

  it("match the contracts' current cost exactly", () => {
    expect(differences(committedFigures(), measurements.figures), "run `npm run bench`").to.deep.equal([]);
  });

  it("are the measured ones in every file", () => {
    for (const { path, committed, measured } of gasFiles(measurements)) {
      expect(committed, `${path}: run \`npm run bench\``).to.equal(measured);
    }
  });

  it("are the same when they are measured again, row by row", async () => {
    const names = [
      "safe-1.5.0/execute/next",
      "safe-1.4.1/passkey/x402/with-grant/5",
      "eoa/transfer",
      "erc7579/kernel/userOp/next",
    ];
    const again = await measureGas({ names });
    expect(Object.keys(again)).to.have.members(
      rows.filter(({ name }) => names.includes(name)).flatMap(figureNames),
    );
    for (const [name, gas] of Object.entries(again)) expect(gas, name).to.equal(gasOf(name));
  });

  it("have one row for each name, and the charged gas for each userOp", () => {
    expect(Object.keys(measurements.figures)).to.deep.equal([...rows.flatMap(figureNames), READER]);
    expect(new Set(rows.map(({ name }) => name)).size).to.equal(rows.length);
  });

  it("are broken down without a remainder", () => {
    expect(Object.keys(measurements.shares)).to.have.members(sharedRows);
    for (const [row, shares] of Object.entries(measurements.shares)) {
      const total = PARTS.reduce((sum, part) => sum + shares[part], 0);
      expect(total, row).to.equal(gasOf(row));
      expect(shares.rest, `${row} has refunds or a stranger`).to.equal(0);
      expect(shares.module, row).to.be.greaterThan(0);
    }
  });

  it("are broken down without a remainder for userOps", () => {
    expect(Object.keys(measurements.userOpShares)).to.have.members(userOpRows);
    for (const [row, shares] of Object.entries(measurements.userOpShares)) {
      const total = USER_OP_PARTS.reduce((sum, part) => sum + shares[part], 0);
      expect(total, row).to.equal(gasOf(row));
      // An owner's payment, and one that is charged in its validation, never come back to the module.
      expect(shares.execution > 0, row).to.equal(row.includes("userOp/execution/"));
      expect(shares.refunds, `${row} gets back what no clearing gives`).to.be.within(-4_800, 0);
    }
  });

  it("show that the EntryPoint charges less than the transaction, by at least the base cost", () => {
    for (const row of rows.filter((row) => row.erc7579 && row.isUserOp)) {
      const [whole, charged] = gasNames(row);
      if (!charged) throw new Error(`nothing was charged for ${row.name}`);
      expect(gasOf(whole ?? "") - gasOf(charged), row.name).to.be.greaterThan(21_000);
    }
  });

  it("can be compared with the peers': rows that both runs have agree", () => {
    for (const [row, besidePeers] of Object.entries(measuredBesidePeers)) {
      // Other addresses and, for the module that checks nothing, other calldata.
      expect(Math.abs(gasOf(row) - besidePeers), row).to.be.at.most(200);
    }
  });

  it("support the documentation's claims about peers", () => {
    const cheaper = (gas: number, by: (sender: Peer["sender"]) => boolean) =>
      peers.filter(({ sender, steady }) => by(sender) && steady < gas).map(({ name }) => name);
    for (const version of ["1.4.1", "1.5.0"]) {
      const names = [
        ...cheaper(gasOf(`safe-${version}/execute/next`), () => true),
        ...cheaper(gasOf(`safe-${version}/executeSigned/next`), (sender) => sender !== "key"),
      ];
      expect(new Set(names)).to.deep.equal(new Set(["Safe AllowanceModule 0.1.1"]));
      expect(gasOf(`safe-${version}/owner`)).to.be.lessThan(gasOf(`safe-${version}/execute/next`));
      expect(gasOf(`safe-${version}/execute/first`)).to.equal(gasOf(`safe-${version}/execute/next`));
    }
    for (const account of ERC7579_ACCOUNTS) {
      const row = (name: string) => gasOf(`erc7579/${account}/${name}`);
      expect(new Set(cheaper(row("execute/next"), (sender) => sender !== "bundler"))).to.deep.equal(
        new Set(["Safe AllowanceModule 0.1.1"]),
      );
      expect(row("execute/first")).to.equal(row("execute/next"));
      for (const peer of userOpPeers.filter((peer) => peer.account === ERC7579_ACCOUNT_NAMES[account])) {
        expect(row("userOp/next"), `${peer.name} on ${account}`).to.be.lessThan(peer.session);
      }
      expect(row("owner-userOp/next")).to.be.lessThan(row("userOp/next"));
    }
    expect(new Set(userOpPeers.map(({ account }) => account))).to.deep.equal(
      new Set(["Nexus 1.0.0", "Kernel 3.1", "Safe7579 1.0.0"]),
    );
    const hasAll = peers.filter(({ daily, perPayment, recipient, expiry }) =>
      [daily, perPayment, recipient, expiry].every((limit) => limit === "yes"),
    );
    expect(hasAll).to.deep.equal([]);
  });

  it("keep every target, each of which names a measured row", () => {
    expect(standings(measurements.figures)).to.have.length(targets.length);
    for (const { row, over, gas, most } of standings(measurements.figures))
      expect(gas, over ? `${row} over ${over}` : row).to.be.at.most(most);
    expect(() => standings({})).to.throw("was not measured");
  });
});

describe("the check of the gas figures", () => {
  it("names a row that differs by one gas, one that is new, and one that is gone", () => {
    expect(differences({ same: 1, dearer: 2, gone: 3 }, { same: 1, dearer: 3, fresh: 4 })).to.deep.equal([
      "dearer: committed 2, measured 3 (+1)",
      "gone: committed 3, no such row",
      "fresh: not committed, measured 4",
    ]);
  });

  it("rejects a page without a place for its figures", () => {
    const nothing: Measurements = { figures: {}, shares: {}, userOpShares: {} };
    expect(() => renderGasPage("docs/gas.md", "# What Latchkey costs\n", nothing)).to.throw(
      'no place for "targets"',
    );
    expect(() => renderGasPage("docs/gas.md", "<!-- bench: unknown -->\n<!-- end -->", nothing)).to.throw(
      'a mark "unknown"',
    );
  });
});
