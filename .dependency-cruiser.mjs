/**
 * Which areas of the SDK may import which, checked by `npm run lint`. An area imports what stands above it, never what
 * stands below, so there are no circles between areas.
 */
const ALLOWED = {
  errors: [],
  addresses: ["errors"],
  internal: ["errors"],
  session: ["internal", "errors"],
  accounts: ["session", "internal", "errors"],
  grant: ["accounts", "session", "internal", "errors"],
  encoding: ["grant", "accounts", "addresses", "session", "internal", "errors"],
  propose: ["grant", "accounts", "addresses", "session", "internal", "errors"],
  history: ["grant", "session", "internal", "errors"],
  owner: ["encoding", "history", "grant", "accounts", "addresses", "session", "internal", "errors"],
  agent: ["encoding", "grant", "accounts", "session", "internal", "errors"],
  review: ["propose", "grant", "accounts", "session", "internal", "errors"],
  handoff: [
    "owner",
    "encoding",
    "propose",
    "grant",
    "accounts",
    "addresses",
    "session",
    "internal",
    "errors",
  ],
  permissions: ["handoff", "review", "encoding", "grant", "accounts", "session", "internal", "errors"],
  folder: ["handoff", "agent", "grant", "session", "internal", "errors"],
  client: ["agent", "owner", "propose", "grant"],
  testing: ["addresses", "internal", "errors"],
};

const areas = Object.entries(ALLOWED).map(([area, allowed]) => ({
  name: `sdk-${area}`,
  comment: `${area} may import ${["generated", ...allowed].join(", ")}.`,
  severity: "error",
  from: { path: `^packages/sdk/src/${area}/` },
  to: {
    path: "^packages/sdk/src/",
    pathNot: `^packages/sdk/src/(${["generated", area, ...allowed].join("|")})/`,
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...areas,
    {
      name: "sdk-known-area",
      comment: "A new area needs its line in ALLOWED; at the root are the entries alone.",
      severity: "error",
      from: {
        path: "^packages/sdk/src/",
        pathNot: `^packages/sdk/src/((index|node|redis|erc7579)\\.ts$|(generated|${Object.keys(ALLOWED).join("|")})/)`,
      },
      to: {},
    },
    {
      name: "sdk-alone",
      comment: "The SDK depends on no other package of this repository.",
      severity: "error",
      from: { path: "^packages/sdk/src/" },
      to: { path: "^(packages/(?!sdk/)|test/|scripts/|bench/)" },
    },
    {
      name: "test-for-tests",
      comment: "What others need too belongs to a package; a command may run tests, by their paths.",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
    {
      name: "devchain-alone",
      comment:
        "The development chain is published: it stands on the SDK and on what it names in its package.json.",
      severity: "error",
      from: { path: "^packages/devchain/src/" },
      to: {
        path: ["^(packages/(?!devchain/|sdk/)|test/|scripts/|bench/)", "^packages/devchain/scripts/"],
      },
    },
    {
      name: "devchain-dependencies",
      comment:
        "What the published package needs is in its package.json, and none of it is for development only.",
      severity: "error",
      from: { path: "^packages/devchain/src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-optional"] },
    },
    {
      name: "agent-tools-alone",
      comment:
        "The agent's tools are published: they stand on the SDK and on what they name in their package.json.",
      severity: "error",
      from: { path: "^packages/agent-tools/src/" },
      to: { path: "^(packages/(?!agent-tools/|sdk/)|test/|scripts/|bench/)" },
    },
    {
      name: "agent-tools-entries",
      comment: "Frameworks are peers of their own entries: the tools themselves need none of them.",
      severity: "error",
      from: { path: "^packages/agent-tools/src/(?!(ai|mcp|mcpPayment|payingMcpClient)\\.ts$)" },
      to: { path: "^node_modules/(ai|@modelcontextprotocol)/" },
    },
    {
      name: "cli-alone",
      comment:
        "The command line stands on the SDK and the agent's tools. The development chain is its user's own, found at run time: here are only its types.",
      severity: "error",
      from: { path: "^packages/cli/src/" },
      to: {
        path: ["^(packages/(?!cli/|sdk/|agent-tools/)|test/|scripts/|bench/)", "^packages/cli/scripts/"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "cli-core",
      comment:
        "The core is functions that others call too: it knows no flags, and of printing only the output.",
      severity: "error",
      from: { path: "^packages/cli/src/core/" },
      to: { path: ["^packages/cli/src/(?!core/)", "^node_modules/commander/"] },
    },
    {
      name: "by-name",
      comment: "Packages are imported by their names, their insides by #sdk, #page, #devchain and #cli.",
      severity: "error",
      from: { path: "^(test|scripts|bench)/" },
      to: { path: "^packages/[^/]+/src/", dependencyTypesNot: ["aliased"] },
    },
    {
      name: "no-circle",
      comment: "Files that import each other can only be read together.",
      severity: "error",
      from: { path: "^(packages/[^/]+/src|packages/(devchain|cli)/scripts|scripts|bench)/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/|^packages/sdk/src/generated/ethers/" },
    tsPreCompilationDeps: true,
    moduleSystems: ["es6"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@latchkey/source", "import", "node", "default", "types"],
    },
  },
};
