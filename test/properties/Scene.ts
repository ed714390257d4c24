import type { SessionModel } from "../model/SessionModel.ts";
import type { InstalledSafe, Playground } from "./Playground.ts";

/** Where a scenario is played: the chain, the Safe whose sessions it is about, and the model of both. */
export type Scene = { ground: Playground; safe: InstalledSafe; model: SessionModel };
