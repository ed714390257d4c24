import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { createPublicClient, type Hex, http, isAddress } from "viem";

/** What an explorer or Sourcify is sent, by whichever of their APIs. */
export type Submission = {
  provider: "etherscan" | "sourcify";
  address: Hex;
  /** `source:name` */
  contract: string;
  compilerVersion: string;
  standardJson: { language: string; sources: Record<string, unknown>; settings: Record<string, unknown> };
  constructorArguments?: string | undefined;
  transaction?: string | undefined;
};

/** The key that the stand-in for Etherscan takes. */
export const ETHERSCAN_KEY = "a key of Etherscan";

/** Compiles in a thread, so that this process goes on answering. solc is slow, and so each input is compiled once. */
const thread = `
  const { parentPort, workerData } = require("node:worker_threads");
  const solc = require(workerData.solc);
  const output = JSON.parse(solc.compile(workerData.input));
  const contract = output.contracts?.[workerData.source]?.[workerData.name];
  parentPort.postMessage({
    version: solc.version(),
    code: contract && "0x" + contract.evm.deployedBytecode.object,
    error: output.errors?.find(({ severity }) => severity === "error")?.formattedMessage,
  });
`;
type Compiled = { version: string; code?: Hex; error?: string };
const compilations = new Map<string, Promise<Compiled>>();

function compile(contract: string, standardJson: Submission["standardJson"]): Promise<Compiled> {
  const [source, name] = contract.split(":");
  const outputSelection = { "*": { "*": ["evm.deployedBytecode.object"] } };
  const input = JSON.stringify({
    ...standardJson,
    settings: { ...standardJson.settings, outputSelection },
  });
  const key = `${contract} ${input}`;
  const known = compilations.get(key);
  if (known) return known;
  const solc = new URL(import.meta.resolve("solc")).pathname;
  const worker = new Worker(thread, { eval: true, workerData: { solc, input, source, name } });
  const compiled = new Promise<Compiled>((done, fail) => {
    worker.once("message", done);
    worker.once("error", fail);
  }).finally(() => worker.terminate());
  compilations.set(key, compiled);
  return compiled;
}

/**
 * Stands in for Etherscan and Sourcify, which cannot be reached from a test: answers as their APIs (version 2 of both)
 * document it, as far as `npm run verify` asks, and does what they do with a submission: compiles it, and compares with
 * the code that the chain has.
 *
 * @param rpcUrl Of the chain.
 */
export async function openVerifiers(rpcUrl: string) {
  const chain = createPublicClient({ transport: http(rpcUrl) });
  const submissions: Submission[] = [];
  /** What each provider has verified, and what came of each submission. */
  const verified = new Set<string>();
  const jobs: Promise<string | undefined>[] = [];
  const requests: string[] = [];
  const state = {
    /** How often the explorer does not know the contract yet. */
    late: 0,
    /** How often a provider that is asked about a job is still at it. */
    busy: 0,
    /** Whether Sourcify is down, so that whatever stands before it answers. */
    sourcifyDown: false,
  };

  /** @returns The number of the job; its result is the reason of a refusal. */
  function begin(submission: Submission): number {
    submissions.push(submission);
    const { address, compilerVersion, contract, provider, standardJson } = submission;
    const judge = async () => {
      const { code, error, version } = await compile(contract, standardJson);
      if (!version.startsWith(compilerVersion.replace(/^v/, ""))) return "no such compiler";
      if (code === undefined) return error ?? "no such contract";
      if (code !== (await chain.getCode({ address }))) return "the bytecode is another";
      verified.add(`${provider} ${address}`);
      return undefined;
    };
    jobs.push(judge());
    return jobs.length - 1;
  }

  async function etherscan(query: URLSearchParams, body: string) {
    const answer = (status: "0" | "1", result: unknown) => ({
      status: 200,
      content: { status, message: status === "1" ? "OK" : "NOTOK", result },
    });
    if (query.get("apikey") !== ETHERSCAN_KEY) return answer("0", "Invalid API Key");
    if (query.get("chainid") !== String(await chain.getChainId())) return answer("0", "Unsupported chainid");
    if (query.get("module") !== "contract") return answer("0", "Error! Missing Or invalid Module name");
    const action = query.get("action");
    if (action === "getsourcecode") {
      const isKnown = verified.has(`etherscan ${query.get("address")}`);
      return answer("1", [{ SourceCode: isKnown ? "{{}}" : "" }]);
    }
    if (action === "verifysourcecode") {
      const form = new URLSearchParams(body);
      const address = form.get("contractaddress") as Hex;
      if (form.get("codeformat") !== "solidity-standard-json-input") return answer("0", "Invalid codeformat");
      if (!/^v\d+\.\d+\.\d+\+commit\.[0-9a-f]{8}$/.test(form.get("compilerversion") ?? ""))
        return answer("0", "Invalid compiler version");
      if (state.late-- > 0 || !(await chain.getCode({ address })))
        return answer("0", `Unable to locate ContractCode at ${address}`);
      if (verified.has(`etherscan ${address}`)) return answer("0", "Contract source code already verified");
      const job = begin({
        provider: "etherscan",
        address,
        contract: form.get("contractname") ?? "",
        compilerVersion: form.get("compilerversion") ?? "",
        standardJson: JSON.parse(form.get("sourceCode") ?? "{}"),
        constructorArguments: form.get("constructorArguments") ?? undefined,
      });
      return answer("1", String(job));
    }
    const job = jobs[Number(query.get("guid"))];
    if (action !== "checkverifystatus" || !job) return answer("0", "Error! Missing Or invalid Action name");
    if (state.busy-- > 0) return answer("0", "Pending in queue");
    const refusal = await job;
    return refusal === undefined
      ? answer("1", "Pass - Verified")
      : answer("0", `Fail - Unable to verify. ${refusal}`);
  }

  async function sourcify(path: string, body: string) {
    const [, what = "", first = "", address = ""] =
      /^\/v2\/(contract|verify)\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
    const refuse = (status: number, customCode: string, message = customCode) => ({
      status,
      content: { customCode, message, errorId: "0" },
    });
    if (state.sourcifyDown) return { status: 502, content: "<html>Bad Gateway</html>" };
    if (what !== "" && address !== "" && first !== String(await chain.getChainId()))
      return refuse(400, "unsupported_chain");
    if (what !== "" && address !== "" && !isAddress(address, { strict: false }))
      return refuse(400, "invalid_parameter");
    const isKnown = verified.has(`sourcify ${address}`);
    const match = { match: isKnown ? "match" : null, chainId: first, address };
    if (what === "contract") return { status: isKnown ? 200 : 404, content: match };
    if (what === "verify" && address !== "") {
      const { compilerVersion, contractIdentifier, creationTransactionHash, stdJsonInput } = JSON.parse(body);
      if (!/^\d+\.\d+\.\d+\+commit\.[0-9a-f]{8}$/.test(compilerVersion))
        return refuse(400, "unsupported_compiler_version");
      if (isKnown) return refuse(409, "already_verified");
      const job = begin({
        provider: "sourcify",
        address: address as Hex,
        contract: contractIdentifier,
        compilerVersion,
        standardJson: stdJsonInput,
        transaction: creationTransactionHash,
      });
      return { status: 202, content: { verificationId: String(job) } };
    }
    const job = jobs[Number(first)];
    if (what !== "verify" || !job) return refuse(404, "job_not_found");
    if (state.busy-- > 0) return { status: 200, content: { isJobCompleted: false, verificationId: first } };
    const message = await job;
    return {
      status: 200,
      content: {
        isJobCompleted: true,
        verificationId: first,
        ...(message === undefined ? {} : { error: { customCode: "no_match", message } }),
      },
    };
  }

  const read = async (request: IncomingMessage) => Buffer.concat(await request.toArray()).toString();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    requests.push(`${request.method} ${pathname}`);
    const body = await read(request);
    const { status, content } =
      pathname === "/api" ? await etherscan(searchParams, body) : await sourcify(pathname, body);
    const isPage = typeof content === "string";
    response
      .writeHead(status, { "content-type": isPage ? "text/html" : "application/json" })
      .end(isPage ? content : JSON.stringify(content));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    submissions,
    requests,
    state,
    /** Forgets all. */
    reset: () => {
      submissions.length = 0;
      requests.length = 0;
      verified.clear();
      Object.assign(state, { late: 0, busy: 0, sourcifyDown: false });
    },
    /** What sends `npm run verify` here. */
    env: { ETHERSCAN_API_URL: `${url}/api`, SOURCIFY_API_URL: url },
    close: () => server.close(),
  };
}
