import { styleText } from "node:util";
import { short, story } from "../demo/story.ts";
import type { PageEvent } from "./PageEvent.ts";

/** Tells what happens. */
export type Printer = (event: PageEvent) => void;

/** One line of JSON an event, for programs. */
export const printJson: Printer = (event) => console.log(JSON.stringify(event));

/** For people. The link itself is printed by the agent, as any agent of the SDK does. */
export const printStory: Printer = (event) => {
  switch (event.event) {
    case "ready":
      story.line(
        `Chain  ${event.chainId}, JSON-RPC at ${event.rpc}; in this process only, not a fork of anything.`,
      );
      story.line(`USDC   ${event.usdc}  Circle's own code`);
      story.line(`Module ${event.module}  SafeSessionModule`);
      story.line(`Shop   ${event.shop}  sells by x402`);
      story.line(`Page   ${event.page}`);
      return;
    case "waiting":
      return story.line(
        "The agent waits. An answer that the page shows can be pasted here, or named as a file.",
      );
    case "refusedAnswer":
      return story.refused(`The answer was not taken: ${event.message}`);
    case "declined":
      return story.line("The owner declined. Press Enter to have the agent ask again, Ctrl-C to end.");
    case "granted":
      console.log();
      story.line(
        `${styleText("green", "granted")} ${event.account} allows it; the agent sent ${event.transactions} transaction(s).`,
      );
      return;
    case "funded":
      return story.line(
        `${event.amount} of test USDC were minted to ${event.account}: only here money comes so easily.`,
      );
    case "paid":
      story.paid(`${event.item.padEnd(15)} ${event.amount.padEnd(6)} ${short(event.transaction)}`);
      return story.meter(meter(event.used, event.left));
    case "refused":
      return story.refused(`${event.code}: ${event.message}`);
    case "stopped":
      return story.line(
        `${event.code === "EXPIRED" ? "The session is over." : "The owner stopped it."} Press Enter to have the agent ask again, Ctrl-C to end.`,
      );
  }
};

const meter = (used: string, left: string) => `${used} used in this period, ${left} available`;
