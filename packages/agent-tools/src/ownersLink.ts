import type { SessionHandoff } from "@latchkey/sdk/node";
import { ToolFailure } from "./ToolRefusal.ts";

/** What a model shows the user, so that the owner can answer. */
export type OwnersLink = { link: string; confirmationCode: string; fingerprint: string };

export const linkOf = ({
  link,
  code,
  fingerprint,
}: Pick<SessionHandoff, "link" | "code" | "fingerprint">): OwnersLink => ({
  link,
  confirmationCode: code,
  fingerprint,
});

export const noPage = () =>
  new ToolFailure({
    code: "NO_PAGE",
    message: "No page is configured at which the owner could answer.",
    whatToDo: ["Tell the person who runs this agent to set it: `latchkey mcp --page <url>`."],
    retryable: false,
  });
