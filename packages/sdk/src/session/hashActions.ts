import { concat, type Hex, hashStruct, keccak256 } from "viem";
import { parseList } from "../internal/parseList.ts";
import { eip712Types } from "./eip712Types.ts";
import { readAction } from "./readSession.ts";
import type { Action } from "./Session.ts";

/** The EIP-712 hash of a list of actions, which replaces it in the payload of an enabled session. */
export const hashActions = (actions: readonly Action[]): Hex =>
  keccak256(
    concat(
      parseList(actions, "actions", readAction).map((action) =>
        hashStruct({ types: eip712Types, primaryType: "SessionAction", data: action }),
      ),
    ),
  );
