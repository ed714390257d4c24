import type { Hex } from "viem";
import { Refusal, type RefusalParameters } from "./Refusal.ts";

/** Thrown when the chain said no: the module, the account or the token reverted for a reason of its own. */
export class ChainRefusal extends Refusal {
  override readonly name: string = "ChainRefusal";
  /** Name of the contract's error, or the revert text. */
  readonly errorName: string;
  /** What the chain answered, as bytes, where that is known. */
  readonly revertData: Hex | undefined;

  constructor(parameters: RefusalParameters & { errorName: string; revertData?: Hex | undefined }) {
    super(parameters);
    this.errorName = parameters.errorName;
    this.revertData = parameters.revertData;
  }
}
