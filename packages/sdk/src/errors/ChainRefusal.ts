import type { Hex } from "viem";
import { Refusal, type RefusalParameters } from "./Refusal.ts";

/** Thrown when the module, the account or the token reverted. */
export class ChainRefusal extends Refusal {
  override readonly name: string = "ChainRefusal";
  /** Name of the contract's error, or the revert text. */
  readonly errorName: string;
  /** The revert data, if known. */
  readonly revertData: Hex | undefined;

  constructor(parameters: RefusalParameters & { errorName: string; revertData?: Hex | undefined }) {
    super(parameters);
    this.errorName = parameters.errorName;
    this.revertData = parameters.revertData;
  }
}
