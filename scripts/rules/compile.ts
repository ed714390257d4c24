import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import solc from "solc";
import type { AccountKind } from "./Removal.ts";

const root = resolve(import.meta.dirname, "../..");
const require = createRequire(import.meta.url);

/** Texts of sources that are not those of their files, by path ("contracts/…"). */
export type Overrides = ReadonlyMap<string, string>;

/** What is compiled for a kind of account: the contracts that are deployed, and what lets tests ask a library. */
const contracts: Record<AccountKind, Record<string, string>> = {
  Safe: {
    SafeSessionModule: "contracts/accounts/safe/SafeSessionModule.sol",
    SafeSessionHandler: "contracts/accounts/safe/SafeSessionHandler.sol",
    SessionLens: "contracts/SessionLens.sol",
  },
  "ERC-7579": {
    ERC7579SessionModule: "contracts/accounts/erc7579/ERC7579SessionModule.sol",
    CanonicalExecutionHarness: "test/mocks/erc7562/CanonicalExecutionHarness.sol",
    AccountDomainHarness: "test/mocks/erc7562/AccountDomainHarness.sol",
    PaymentUserOpHarness: "test/mocks/erc7562/PaymentUserOpHarness.sol",
  },
};
/** Runtime code by the contract's name. */
export type Code = Record<string, `0x${string}`>;

/** What is used here of solc's syntax tree. */
export type Node = { nodeType: string; src: string; [member: string]: unknown };

type Problem = {
  severity: string;
  formattedMessage: string;
  sourceLocation?: { file: string; start: number };
};
type Output = {
  errors?: Problem[];
  sources?: Record<string, { ast: Node }>;
  contracts?: Record<
    string,
    Record<string, { evm: { deployedBytecode: { object: string } }; storageLayout?: StorageLayout }>
  >;
};

type Variable = { label: string; slot: string; offset: number; type: string };

/** The compiler's account of what a contract keeps where. */
export type StorageLayout = {
  storage: Variable[];
  /** By the name that a variable has as its `type`; a struct's has members. */
  types: Record<string, { label: string; members?: Variable[] }> | null;
};

/** Sources that do not compile. */
export class DoesNotCompile extends Error {
  /** The place of each error. */
  readonly places: { file: string; start: number }[];

  constructor(problems: Problem[]) {
    super(problems[0]?.formattedMessage);
    this.places = problems.flatMap(({ sourceLocation }) => sourceLocation ?? []);
  }
}

function run(kind: AccountKind, overrides: Overrides, outputs: object): Output {
  const read = (path: string) => {
    const changed = overrides.get(path);
    if (changed !== undefined) return { contents: changed };
    try {
      const file = /^(contracts|test)\//.test(path) ? join(root, path) : require.resolve(path);
      return { contents: readFileSync(file, "utf8") };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const content = (path: string) => overrides.get(path) ?? readFileSync(join(root, path), "utf8");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      Object.values(contracts[kind]).map((path) => [path, { content: content(path) }]),
    ),
    settings: {
      viaIR: true,
      // Takes half the time. The code is larger than a chain would allow, which the test chain does not mind.
      optimizer: { enabled: false },
      evmVersion: "cancun",
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { "*": outputs },
    },
  };
  const output: Output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const errors = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (errors.length > 0) throw new DoesNotCompile(errors);
  return output;
}

/** The syntax tree of each source of the contracts as they are. */
export function parse(kind: AccountKind): Map<string, Node> {
  const { sources = {} } = run(kind, new Map(), { "": ["ast"] });
  return new Map(Object.entries(sources).map(([path, { ast }]) => [path, ast]));
}

/**
 * Compiles the contracts, with some of their sources replaced.
 * @returns Their runtime code.
 * @throws {DoesNotCompile}
 */
export function compile(kind: AccountKind, overrides: Overrides): Code {
  const outputs = Object.fromEntries(
    Object.keys(contracts[kind]).map((name) => [name, ["evm.deployedBytecode.object"]]),
  );
  const output = run(kind, overrides, outputs);
  return Object.fromEntries(
    Object.entries(contracts[kind]).map(([name, path]) => {
      const object = output.contracts?.[path]?.[name]?.evm.deployedBytecode.object;
      if (!object) throw new Error(`${name} was not compiled`);
      return [name, `0x${object}`];
    }),
  ) as Code;
}

/** What each contract keeps where, as it stands. */
export function storageLayouts(kind: AccountKind): Map<string, StorageLayout> {
  const output = run(kind, new Map(), { "*": ["storageLayout"] });
  return new Map(
    Object.entries(contracts[kind]).flatMap(([name, path]) => {
      const layout = output.contracts?.[path]?.[name]?.storageLayout;
      return layout ? [[name, layout]] : [];
    }),
  );
}
