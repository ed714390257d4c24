import { homedir } from "node:os";
import { join } from "node:path";

/** How a host is started. */
export type McpEntry = { command: string; args: string[]; env?: Record<string, string> };

/** A program that runs MCP servers, and its configuration. */
export type McpHost = {
  /** As people call it. */
  title: string;
  /** Where its configuration is; undefined on a system for which that is not documented. */
  path(where: Where): string | undefined;
  /** What documents file and format. */
  source: string;
  format: "json" | "toml";
  /** The member that has the servers. */
  servers: string;
  /** What an entry has besides. */
  extra?: Record<string, unknown>;
  /** What to do once it is written. */
  after: string;
};

/** What a path depends on. */
export type Where = { cwd: string; platform: string; env: NodeJS.ProcessEnv };

const home = ({ env }: Where) => env.HOME || homedir();
/** Where desktop apps have their settings. */
const settings = (where: Where) =>
  where.platform === "win32"
    ? where.env.APPDATA || join(home(where), "AppData", "Roaming")
    : where.platform === "darwin"
      ? join(home(where), "Library", "Application Support")
      : undefined;

/** The hosts whose configuration is documented. */
export const MCP_HOSTS: Readonly<Record<string, McpHost>> = {
  "claude-desktop": {
    title: "Claude Desktop",
    path(where) {
      const folder = settings(where);
      return folder && join(folder, "Claude", "claude_desktop_config.json");
    },
    source: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
    format: "json",
    servers: "mcpServers",
    after: "Quit Claude Desktop and start it again.",
  },
  "claude-code": {
    title: "Claude Code, in this folder",
    path: ({ cwd }) => join(cwd, ".mcp.json"),
    source: "https://code.claude.com/docs/en/mcp",
    format: "json",
    servers: "mcpServers",
    extra: { type: "stdio" },
    after: "Start Claude Code in this folder, and allow the server.",
  },
  cursor: {
    title: "Cursor",
    path: (where) => join(home(where), ".cursor", "mcp.json"),
    source: "https://cursor.com/docs/mcp",
    format: "json",
    servers: "mcpServers",
    after: "Enable the server in Cursor's settings.",
  },
  vscode: {
    title: "VS Code, in this folder",
    path: ({ cwd }) => join(cwd, ".vscode", "mcp.json"),
    source: "https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
    format: "json",
    servers: "servers",
    extra: { type: "stdio" },
    after: "Start the server from the file, or from the command MCP: List Servers.",
  },
  codex: {
    title: "Codex",
    path: (where) => join(where.env.CODEX_HOME || join(home(where), ".codex"), "config.toml"),
    source: "https://github.com/openai/codex/blob/main/docs/config.md",
    format: "toml",
    servers: "mcp_servers",
    after: "Start Codex again.",
  },
  windsurf: {
    title: "Windsurf",
    path: (where) => join(home(where), ".codeium", "windsurf", "mcp_config.json"),
    source:
      "https://github.com/github/github-mcp-server/blob/main/docs/installation-guides/install-windsurf.md",
    format: "json",
    servers: "mcpServers",
    after: "Refresh the servers in Windsurf's settings.",
  },
  gemini: {
    title: "Gemini CLI",
    path: (where) => join(home(where), ".gemini", "settings.json"),
    source: "https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md",
    format: "json",
    servers: "mcpServers",
    after: "Start Gemini CLI again.",
  },
};
