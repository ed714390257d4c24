import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { agentTools } from "@latchkey/agent-tools";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { expect } from "chai";
import * as z from "zod";
import { MCP_HOSTS } from "#cli/core/mcp/mcpHosts.ts";
import { type AgentChain, page, startAgentChain } from "../agent-tools/agentChain.ts";
import { bundle, latchkey, type Running, scratchFolder, startLatchkey } from "./latchkey.ts";

const NAMES = [
  "get_limits",
  "check_price",
  "pay_request",
  "send_payment",
  "list_payments",
  "request_session",
  "request_more",
  "stop",
];

/** What a host would have in its configuration. */
const BUDGETS = [{ token: "usdc", perPayment: "1", limit: "20", per: "day", recipients: "anyone" }];

describe("latchkey mcp", function () {
  this.timeout(120_000);
  let home: string;
  let remove: () => Promise<void>;
  const clients: Client[] = [];
  const servers: Running[] = [];
  beforeEach(async () => {
    ({ path: home, remove } = await scratchFolder());
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const { child, ended } of servers.splice(0)) {
      child.kill("SIGKILL");
      await ended;
    }
    await remove();
  });

  async function overStdio(
    ...typed: string[]
  ): Promise<{ client: Client; stderr: () => string; pid: () => number }> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [await bundle(), "mcp", ...typed],
      env: { PATH: process.env.PATH ?? "", HOME: home, LATCHKEY_HOME: home },
      stderr: "pipe",
    });
    let printed = "";
    transport.stderr?.on("data", (chunk) => {
      printed += chunk;
    });
    const client = new Client({ name: "a host", version: "1.0.0" });
    await client.connect(transport);
    clients.push(client);
    return { client, stderr: () => printed, pid: () => transport.pid ?? 0 };
  }
  const use = async (client: Client, name: string, input: Record<string, unknown> = {}, options = {}) =>
    (await client.callTool({ name, arguments: input }, undefined, options)) as CallToolResult & {
      structuredContent: Record<string, unknown>;
    };

  async function overHttp(...typed: string[]): Promise<{ url: string; token: string; server: Running }> {
    const server = await startLatchkey({ home }, "mcp", "--http", ...typed);
    servers.push(server);
    const [, url = ""] = await server.until(/Listening on (http:\S+)/);
    const [, token = ""] = await server.until(/Token: (\S+)/);
    return { url, token, server };
  }
  async function connectHttp(url: string, token: string) {
    const client = new Client({ name: "a host", version: "1.0.0" });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(url), {
        requestInit: { headers: { authorization: `Bearer ${token}` } },
      }) as never,
    );
    clients.push(client);
    return client;
  }

  describe("without any state", () => {
    it("lists its tools, with annotations and schemas, and each says what is missing", async () => {
      const { client, stderr } = await overStdio();
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).to.include.members(NAMES);
      for (const { name, title, description, annotations, inputSchema, outputSchema } of tools) {
        expect(title, name).to.be.a("string");
        expect(description?.length, name).to.be.within(60, 900);
        expect(Object.keys(annotations ?? {}), name).to.include.members([
          "readOnlyHint",
          "destructiveHint",
          "idempotentHint",
          "openWorldHint",
        ]);
        expect(inputSchema.additionalProperties, name).to.equal(false);
        expect(outputSchema?.type, name).to.equal("object");
      }
      const refusal = await use(client, "get_limits");
      expect(refusal.isError).to.equal(true);
      expect(refusal.structuredContent).to.deep.include({ ok: false, code: "NO_SESSION" });
      expect(JSON.parse((refusal.content[0] as { text: string }).text)).to.deep.equal(
        refusal.structuredContent,
      );
      expect(client.getServerVersion()?.name).to.equal("latchkey");
      expect(client.getInstructions()).to.contain("get_limits");
      expect(stderr()).to.equal("");
      expect(await readdir(home)).to.deep.equal([]);
    });

    it("ends when its client goes, with 0", async () => {
      const server = await startLatchkey({ home, input: "" }, "mcp");
      const { code, stdout, stderr } = await server.ended;
      expect([code, stdout, stderr]).to.deep.equal([0, "", ""]);
    });

    it("prints nothing but the protocol on stdout, whatever comes in", async () => {
      const input = `not json\n{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}\n{"jsonrpc":"2.0","id":2}\n`;
      const { code, stdout } = await latchkey({ home, input }, "mcp");
      expect(code).to.equal(0);
      for (const line of stdout.trim().split("\n")) expect(JSON.parse(line).jsonrpc).to.equal("2.0");
    });
  });

  describe("on a chain", () => {
    let agents: AgentChain;
    let rpc: string;
    before(async () => {
      agents = await startAgentChain({ shop: { report: { price: "0.25" }, film: { price: "5" } } });
      rpc = agents.chain.url;
    });
    after(() => agents.close());

    for (const how of ["stdio", "HTTP"] as const)
      it(`asks for a session, sees the owner's tap, and pays, over ${how}`, async () => {
        const options = ["--rpc", rpc, "--page", page];
        let client: Client;
        if (how === "stdio") ({ client } = await overStdio(...options));
        else {
          const { url, token } = await overHttp(...options);
          client = await connectHttp(url, token);
        }
        const asked = await use(client, "request_session", { budgets: BUDGETS, until: "7d" });
        expect(asked.structuredContent, JSON.stringify(asked)).to.include({ ok: true, status: "waiting" });
        expect((await use(client, "get_limits")).structuredContent).to.include({ code: "NO_SESSION" });
        expect(await agents.answer(String(asked.structuredContent.link))).to.equal(200);
        expect((await use(client, "get_limits")).structuredContent).to.include({ ok: true, active: true });
        const told: string[] = [];
        const paid = await use(
          client,
          "pay_request",
          { url: agents.chain.shop.url("report") },
          { onprogress: ({ message }: { message?: string }) => told.push(message ?? "") },
        );
        expect(paid.structuredContent, JSON.stringify(paid)).to.include({
          ok: true,
          status: 200,
          paid: "0.25 USDC",
        });
        expect(paid.isError).to.equal(undefined);
        expect(told).to.have.length.at.least(1);
        const refused = await use(client, "pay_request", { url: agents.chain.shop.url("film") });
        expect(refused.isError).to.equal(true);
        expect(refused.structuredContent).to.include({ code: "PER_TRANSACTION", limit: "1 USDC" });
        const { structuredContent } = await use(client, "list_payments");
        expect(structuredContent.payments).to.have.length(1);
      });
  });

  describe("an input that a tool's schema does not allow", () => {
    /** An input and where the fault is. */
    const FAULTS: readonly (readonly [tool: string, input: Record<string, unknown>, where: RegExp])[] = [
      ["get_limits", { limit: "1000000" }, /limit/],
      ["check_price", {}, /^url: /],
      ["check_price", { url: "ftp://example.com/" }, /^url: .*http/],
      ["pay_request", { url: "http://127.0.0.1:9/", headers: { "X-Payment": "x" } }, /^headers\.X-Payment: /],
      ["pay_request", { url: ["http://127.0.0.1:9/"] }, /^url: /],
      ["send_payment", { to: "0x0", amount: 1 }, /^to: /],
      ["list_payments", { most: 1e9 }, /^most: /],
      ["request_session", { budgets: [{ token: "usdc", recipients: [] }] }, /^budgets\.0\./],
      ["request_more", { for: "ever" }, /^for: /],
      ["stop", { now: null }, /now/],
    ];
    for (const how of ["stdio", "HTTP"] as const)
      it(`is answered by a refusal that says what is wrong with it, over ${how}`, async () => {
        let client: Client;
        if (how === "stdio") ({ client } = await overStdio());
        else {
          const { url, token } = await overHttp();
          client = await connectHttp(url, token);
        }
        // The client checks answers against the schemas that it was shown.
        const { tools } = await client.listTools();
        for (const [name, input, where] of FAULTS) {
          const { isError, content, structuredContent } = await use(client, name, input);
          expect(isError, name).to.equal(true);
          expect(structuredContent, name).to.include({ ok: false, code: "INVALID_INPUT", retryable: false });
          expect((structuredContent.whatToDo as string[])[0], name).to.match(where);
          expect(JSON.parse((content[0] as { text: string }).text)).to.deep.equal(structuredContent);
        }
        expect(new Set(FAULTS.map(([name]) => name))).to.deep.equal(new Set(tools.map(({ name }) => name)));
        expect((await use(client, "get_limits")).structuredContent).to.include({ code: "NO_SESSION" });
      });

    it("is still described to clients, member by member", async () => {
      const { client } = await overStdio();
      const listed = (await client.listTools()).tools;
      const { tools } = agentTools({ dir: home });
      for (const { name, inputSchema } of tools)
        expect(listed.find((each) => each.name === name)?.inputSchema, name).to.deep.equal(
          z.toJSONSchema(inputSchema, { io: "input", target: "draft-7" }),
        );
    });
  });

  describe("over HTTP", () => {
    const raw = (url: string, headers: Record<string, string>, method = "POST", body = "{}") =>
      new Promise<number>((done, fail) => {
        const sent = httpRequest(url, { method, headers }, (response) => {
          response.resume();
          done(response.statusCode ?? 0);
        });
        sent.on("error", fail);
        sent.end(method === "POST" ? body : undefined);
      });

    it("rejects a missing or wrong token, another host, another origin, and another path", async () => {
      const { url, token, server } = await overHttp();
      const { host } = new URL(url);
      const headers = {
        host,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      };
      const initialize = JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } },
      });
      expect(await raw(url, headers, "POST", initialize)).to.equal(200);
      expect(await raw(url, { ...headers, authorization: "" }, "POST", initialize)).to.equal(401);
      expect(await raw(url, { ...headers, authorization: `Bearer ${token}x` }, "POST", initialize)).to.equal(
        401,
      );
      expect(await raw(url, { ...headers, host: "evil.example" }, "POST", initialize)).to.equal(421);
      expect(
        await raw(url, { ...headers, host: `evil.example:${new URL(url).port}` }, "POST", initialize),
      ).to.equal(421);
      expect(await raw(url, { ...headers, origin: "https://evil.example" }, "POST", initialize)).to.equal(
        403,
      );
      expect(await raw(url, { ...headers, origin: "null" }, "POST", initialize)).to.equal(403);
      expect(await raw(`http://${host}/other`, headers, "POST", initialize)).to.equal(404);
      expect(await raw(url, headers, "POST", "{")).to.equal(400);
      expect(await raw(url, headers, "POST", "[".repeat(5_000_000))).to.equal(413);
      expect(await raw(url, { ...headers, "mcp-session-id": "unknown" }, "GET")).to.equal(404);
      server.child.kill("SIGINT");
      expect((await server.ended).code).to.equal(0);
      expect(server.printed.stdout).to.equal("");
    });

    it("takes its token from the environment, and does not print it then", async () => {
      const env = { LATCHKEY_MCP_TOKEN: "a-token-that-is-long-enough" };
      const server = await startLatchkey({ home, env }, "mcp", "--http");
      servers.push(server);
      const [, url = ""] = await server.until(/Listening on (http:\S+)/);
      const client = await connectHttp(url, env.LATCHKEY_MCP_TOKEN);
      expect((await client.listTools()).tools).to.have.length.at.least(NAMES.length);
      expect(server.printed.stderr).not.to.contain(env.LATCHKEY_MCP_TOKEN);
      const short = await latchkey({ home, env: { LATCHKEY_MCP_TOKEN: "short" } }, "mcp", "--http");
      expect(short.code).to.equal(2);
      expect(short.stderr).not.to.contain('"short"');
      expect((await latchkey({ home }, "mcp", "--http", "70000")).code).to.equal(2);
    });
  });

  describe("install", () => {
    const typed = (client: string, ...more: string[]) => ["mcp", "install", "--client", client, ...more];
    const inHome = (...more: string[]) => ({ home, env: { HOME: home }, cwd: home, more });
    const run = (client: string, ...more: string[]) => latchkey(inHome(), ...typed(client, ...more));
    const cursor = () => join(home, ".cursor", "mcp.json");
    const put = async (path: string, text: string) => {
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, text);
    };
    const filesOf = async (folder: string) => (await readdir(folder)).sort();

    it("writes each host's configuration where there was none, and nothing with --print", async () => {
      const places: Record<string, string> = {
        ...(process.platform === "darwin" && {
          "claude-desktop": "Library/Application Support/Claude/claude_desktop_config.json",
        }),
        "claude-code": ".mcp.json",
        cursor: ".cursor/mcp.json",
        vscode: ".vscode/mcp.json",
        codex: ".codex/config.toml",
        windsurf: ".codeium/windsurf/mcp_config.json",
        gemini: ".gemini/settings.json",
      };
      for (const [client, place] of Object.entries(places)) {
        const printed = await run(client, "--print");
        expect(printed.code, printed.stderr).to.equal(0);
        expect(printed.stdout).to.contain(join(home, place)).and.contain("npx").and.contain(home);
        const path = join(home, place);
        expect(await readFile(path, "utf8").catch(() => "none"), client).to.equal("none");
        const { code, stderr } = await run(client);
        expect(code, stderr).to.equal(0);
        const text = await readFile(path, "utf8");
        if (place.endsWith(".json")) {
          const value = JSON.parse(text);
          expect((value.mcpServers ?? value.servers).latchkey, client).to.deep.include({
            command: "npx",
            args: ["-y", "latchkey", "mcp"],
            env: { LATCHKEY_HOME: home },
          });
        } else
          expect(text).to.equal(
            `[mcp_servers.latchkey]\ncommand = "npx"\nargs = ["-y","latchkey","mcp"]\nenv = { LATCHKEY_HOME = "${home}" }\n`,
          );
        // Again: nothing to do.
        const again = await run(client, "--json");
        expect(JSON.parse(again.stdout)).to.deep.equal({ path, unchanged: true });
        expect(await readFile(path, "utf8")).to.equal(text);
      }
    });

    it("knows Claude Desktop's file where it is documented, and prints the entry elsewhere", async () => {
      const at = (platform: string, env: NodeJS.ProcessEnv) =>
        MCP_HOSTS["claude-desktop"]?.path({ cwd: "/here", platform, env });
      const file = "Claude/claude_desktop_config.json";
      expect(at("darwin", { HOME: "/me" })).to.equal(`/me/Library/Application Support/${file}`);
      expect(at("win32", { APPDATA: "/roaming" })).to.equal(`/roaming/${file}`);
      expect(at("linux", { HOME: "/me", XDG_CONFIG_HOME: "/config" })).to.equal(undefined);
      if (process.platform !== "linux") return;
      const printed = await run("claude-desktop", "--print");
      expect(JSON.parse(printed.stdout).mcpServers.latchkey.command).to.equal("npx");
      const { code, stdout, stderr } = await run("claude-desktop");
      expect([code, stdout]).to.deep.equal([3, ""]);
      expect(stderr).to.contain("MCP_FILE").and.contain('"npx"');
      expect(await readdir(home)).to.deep.equal([]);
    });

    for (const [what, before, after] of [
      [
        "an object with other servers",
        '{\n\t"theme" :  "dark",\n\t"mcpServers": {\n\t\t"other": {"command":"x", "args":["}", "\\"{"]}\n\t}\n}\n',
        (entry: string) =>
          `{\n\t"theme" :  "dark",\n\t"mcpServers": {\n\t\t"latchkey": ${entry},\n\t\t"other": {"command":"x", "args":["}", "\\"{"]}\n\t}\n}\n`,
      ],
      [
        "no servers",
        '{"a":[1, 2]}',
        (entry: string) => `{\n  "mcpServers": {\n    "latchkey": ${entry}\n  },"a":[1, 2]}`,
      ],
      [
        "an empty object",
        "{}\n",
        (entry: string) => `{\n  "mcpServers": {\n    "latchkey": ${entry}\n  }\n}\n`,
      ],
      [
        "no servers in the list",
        '{\n  "mcpServers": {}\n}\n',
        (entry: string) => `{\n  "mcpServers": {\n    "latchkey": ${entry}\n  }\n}\n`,
      ],
    ] as const)
      it(`keeps every other character of a file with ${what}, and a copy of it`, async () => {
        await put(cursor(), before);
        const { code, stderr } = await run("cursor");
        expect(code, stderr).to.equal(0);
        const text = await readFile(cursor(), "utf8");
        const entry = JSON.parse(text).mcpServers.latchkey;
        const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
        const written = JSON.stringify(entry, undefined, unit).replaceAll("\n", `\n${unit}${unit}`);
        expect(text).to.equal(after(written));
        const [copy = ""] = (await filesOf(join(home, ".cursor"))).filter((name) => name !== "mcp.json");
        expect(copy).to.match(/^mcp\.json\.before-latchkey-\d+$/);
        expect(await readFile(join(home, ".cursor", copy), "utf8")).to.equal(before);
      });

    it("refuses to replace another entry, shows both, and does it with --force", async () => {
      const before = '{ "mcpServers": { "latchkey": { "command": "mine" }, "b": 1 } }';
      await put(cursor(), before);
      const { code, stderr } = await run("cursor");
      expect(code).to.equal(3);
      expect(stderr).to.contain('"mine"').and.contain('"npx"').and.contain("--force");
      expect(await readFile(cursor(), "utf8")).to.equal(before);
      expect(await filesOf(join(home, ".cursor"))).to.deep.equal(["mcp.json"]);
      expect((await run("cursor", "--force")).code).to.equal(0);
      const { mcpServers } = JSON.parse(await readFile(cursor(), "utf8"));
      expect(mcpServers.latchkey.command).to.equal("npx");
      expect(mcpServers.b).to.equal(1);
    });

    for (const [what, text] of [
      ["comments", '{\n  // mine\n  "servers": {}\n}\n'],
      ["a trailing comma", '{ "servers": {}, }'],
      ["a list", "[]"],
      ["servers that are a list", '{ "servers": [] }'],
      ["half of a file", '{ "servers": '],
    ] as const)
      it(`prints what to add to a file with ${what}, and leaves it alone, even with --force`, async () => {
        const path = join(home, ".vscode/mcp.json");
        await put(path, text);
        const { code, stderr } = await run("vscode", "--force");
        expect(code).to.equal(3);
        expect(stderr).to.contain('"npx"').and.contain("MCP_FILE");
        expect(await readFile(path, "utf8")).to.equal(text);
        expect(await filesOf(join(home, ".vscode"))).to.deep.equal(["mcp.json"]);
      });

    it("appends to a TOML file, comments and all, and replaces only its own table", async () => {
      const path = join(home, ".codex/config.toml");
      const before = '# mine\nmodel = "x" # inline\n\n[mcp_servers.other]\ncommand = "y"';
      await put(path, before);
      expect((await run("codex")).code).to.equal(0);
      const text = await readFile(path, "utf8");
      expect(text.startsWith(`${before}\n\n[mcp_servers.latchkey]\n`)).to.equal(true);
      await writeFile(path, `[mcp_servers.latchkey]\ncommand = "mine"\n\n[other]\na = 1 # kept\n`);
      const refused = await run("codex");
      expect(refused.code).to.equal(3);
      expect(refused.stderr).to.contain('command = "mine"');
      expect((await run("codex", "--force")).code).to.equal(0);
      const entry = await run("codex", "--print");
      const [, ...block] = entry.stdout.trimEnd().split("\n");
      expect(await readFile(path, "utf8")).to.equal(`${block.join("\n")}\n\n[other]\na = 1 # kept\n`);
      await writeFile(path, 'mcp_servers = { other = { command = "y" } }\n');
      expect((await run("codex")).code).to.equal(3);
    });

    it("follows a link, names the session, and needs a host that it knows", async () => {
      await put(join(home, "dotfiles.json"), "{}\n");
      await mkdir(join(home, ".cursor"), { recursive: true });
      await symlink(join(home, "dotfiles.json"), cursor());
      expect((await latchkey(inHome(), "--session", "research", ...typed("cursor"))).code).to.equal(0);
      expect(
        JSON.parse(await readFile(join(home, "dotfiles.json"), "utf8")).mcpServers.latchkey.args,
      ).to.deep.equal(["-y", "latchkey", "--session", "research", "mcp"]);
      const unknown = await run("emacs");
      expect(unknown.code).to.equal(2);
      expect(unknown.stderr).to.contain("claude-desktop");
      expect((await latchkey(inHome(), "mcp", "install")).code).to.equal(2);
    });
  });
});
