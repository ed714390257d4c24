import { randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import metadata from "../../package.json" with { type: "json" };
import { homeFolder } from "../core/home.ts";
import { entryText, installMcp, unknownFile } from "../core/mcp/installMcp.ts";
import { MCP_HOSTS, type McpHost } from "../core/mcp/mcpHosts.ts";
import { toolSource } from "../core/mcp/toolSource.ts";
import { UsageError } from "../core/UsageError.ts";
import { action, notes } from "../invocation.ts";

/** Shortest token that is accepted, in characters. */
const LEAST_TOKEN = 16;

const NOTES = notes(
  `Serves the agent's tools to a model: over stdin and stdout, or with --http on this machine alone,
at /mcp, to clients that send the token as "Authorization: Bearer". The token is LATCHKEY_MCP_TOKEN,
or a new one that is printed. The tools are there without a session, and say what is missing.`,
  [
    "latchkey mcp",
    "latchkey mcp --http 8787 --rpc https://mainnet.base.org --page https://page.example/",
    "latchkey mcp install --client claude-desktop",
    "latchkey mcp install --client codex --print",
  ],
);

type ServeOptions = { rpc?: string; page?: string; name?: string; http?: string | true };

/** `latchkey mcp` */
export function mcp(command: Command): void {
  command
    .option("--rpc <url>", "a node of the chain; default: the session's, or that of latchkey dev")
    .option("--page <url>", "the owner's page; default: the session's, or that of latchkey dev")
    .option("--name <name>", "the agent's name, as the owner reads it; default: the session's")
    .option("--http [port]", "serve over HTTP on this machine, instead of stdin and stdout")
    .addHelpText("after", NOTES)
    .action(
      action<ServeOptions>(async ({ options, output, home, folder, signal }) => {
        const { rpc, page, name, http } = options;
        // Whatever a dependency prints must not get between the messages.
        for (const method of ["log", "info", "debug"] as const) console[method] = console.error;
        const { agentTools } = await import("@latchkey/agent-tools");
        const { tools, close } = agentTools(() => toolSource({ home, folder, rpc, page, name }));
        const { version } = metadata;
        try {
          if (http === undefined) {
            const { serveStdio } = await import("../core/mcp/serveStdio.ts");
            return await serveStdio(tools, { version, signal });
          }
          const port = http === true ? 0 : Number(http);
          if (!Number.isInteger(port) || port < 0 || port > 65_535)
            throw new UsageError("--http takes a port from 0 to 65535");
          const given = process.env.LATCHKEY_MCP_TOKEN;
          if (given !== undefined && !/^[\x21-\x7e]*$/.test(given))
            throw new UsageError("LATCHKEY_MCP_TOKEN must be printable characters without spaces");
          if (given !== undefined && given.length < LEAST_TOKEN)
            throw new UsageError(`LATCHKEY_MCP_TOKEN must have at least ${LEAST_TOKEN} characters`);
          const token = given ?? randomBytes(32).toString("base64url");
          const { serveHttp } = await import("../core/mcp/serveHttp.ts");
          const server = await serveHttp(tools, { version, port, token });
          process.stderr.write(
            `Listening on ${server.url}\n${given === undefined ? `Token: ${token}\n` : ""}`,
          );
          output.note("Stop it with Ctrl-C.");
          if (!signal.aborted)
            await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
          await server.close();
        } finally {
          await close();
        }
      }),
    );
  command
    .command("install")
    .description("write the server into a host's configuration")
    .allowExcessArguments(false)
    .helpOption("-h, --help", "print help")
    .addOption(
      new Option("--client <host>", "the host").choices(Object.keys(MCP_HOSTS)).makeOptionMandatory(),
    )
    .option("--print", "print what would be written, and write nothing")
    .option("--force", "replace an entry of the same name that differs")
    .addHelpText(
      "after",
      notes(
        `Everything else in the file stays as it is, and a copy of the file is kept beside it. A file with
comments is not changed: then what to add is printed.`,
        ["latchkey mcp install --client cursor", "latchkey mcp install --client vscode --print"],
      ),
    )
    .action(
      action<{ client: string; print?: boolean; force?: boolean }>(
        async ({ options, output, home, session }) => {
          const { client, print = false, force = false } = options;
          const host = MCP_HOSTS[client] as McpHost;
          const { platform, env } = process;
          const path = host.path({ cwd: process.cwd(), platform, env });
          const typed = ["-y", "latchkey", ...(session === "default" ? [] : ["--session", session]), "mcp"];
          const entry = {
            ...(platform === "win32"
              ? { command: "cmd", args: ["/c", "npx", ...typed] }
              : { command: "npx", args: typed }),
            // A host is started elsewhere, with other variables.
            ...(home !== homeFolder({}) && { env: { LATCHKEY_HOME: home } }),
          };
          if (print) {
            const text = entryText(host, entry).trimEnd();
            return output.print({ path, entry }, path === undefined ? text : `# ${path}\n${text}`);
          }
          if (path === undefined) throw unknownFile(host, entry);
          const { unchanged, backup } = await installMcp(host, { path, entry, force });
          output.print(
            { path, unchanged, ...(backup && { backup }) },
            unchanged
              ? `${path} has this server already.`
              : `Wrote ${path}${backup ? `; before: ${backup}` : ""}\n${host.after}`,
          );
        },
      ),
    );
}
