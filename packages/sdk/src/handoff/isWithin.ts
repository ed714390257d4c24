import type { Session } from "../session/Session.ts";
import { sessionExcess } from "./sessionExcess.ts";

/** Whether a granted session allows no more than the requested one: see {@link sessionExcess}. */
export const isWithin = (granted: Session, requested: Session): boolean =>
  sessionExcess(granted, requested).length === 0;
