import type { SessionModel } from "../model/SessionModel.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import type { Playground } from "./Playground.ts";

/** Where a scenario is played: the chain, the account whose sessions it is about, and the model of both. */
export type Scene = { ground: Playground; account: PlayedAccount; model: SessionModel };
