/**
 * npm as a program to start. On Windows it is a batch file, which Node does not start: there it is the script that npm
 * itself names to what it runs.
 */
export const npmCommand = (
  args: readonly string[],
  { platform = process.platform, script = process.env.npm_execpath } = {},
): { command: string; args: string[] } =>
  platform === "win32" && script
    ? { command: process.execPath, args: [script, ...args] }
    : { command: "npm", args: [...args] };
