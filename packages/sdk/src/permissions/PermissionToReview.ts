import type { Proposal } from "../grant/Grant.ts";
import type { PermissionRequest } from "../handoff/PermissionRequest.ts";
import type { SessionReview } from "../review/SessionReview.ts";
import type { Justification } from "./readPermissions.ts";

/** One requested permission, for the owner. */
export type PermissionToReview = {
  /** As requested, without its justification. */
  permission: PermissionRequest;
  /** The site's own words, never to be shown as anything else. */
  justification: Justification | undefined;
  /** The session that it becomes: what is to be signed. */
  proposal: Proposal;
  /** What the session allows. */
  review: SessionReview;
};
