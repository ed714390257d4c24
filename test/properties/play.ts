import { ModularWorld } from "./ModularWorld.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import type { Playground } from "./Playground.ts";
import type { Scenario } from "./scenario.ts";
import { type Tally, World } from "./World.ts";

/** Plays a scenario on its account, from the playground as it is. @throws If chain and model differ, or a limit is passed. */
export function play(ground: Playground, scenario: Scenario, tally: Tally): Promise<void> {
  const account = ground.accounts[scenario.account] as PlayedAccount;
  const world = account.modular
    ? new ModularWorld(ground, account, tally)
    : new World(ground, account, tally);
  return world.play(scenario);
}
