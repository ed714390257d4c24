import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Address, type Hash, type Hex, isHex, keccak256 } from "viem";
import { DeployError } from "./DeployError.ts";
import { readJson } from "./readJson.ts";
import { writeJson } from "./writeJson.ts";

/** A creation that was signed, and may or may not have reached the chain. */
export type PendingCreation = {
  /** Of the contract. */
  name: string;
  /** Where the contract will be. */
  address: Address;
  from: Address;
  nonce: number;
  transaction: Hash;
  /** The signed transaction, for sending the very same again. No secret: it is what the chain gets to see. */
  signed: Hex;
};

/**
 * What is underway on one chain: `<chainId>.pending.json` in the deployments folder, there only as long as something
 * is. A creation is written down before it is sent, so that a run that is cut off in between sends that one again,
 * and never a second one.
 */
export class Journal {
  readonly #path: string | undefined;
  readonly #entries: PendingCreation[];

  private constructor(path: string | undefined, entries: PendingCreation[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /**
   * @param folder Undefined: nothing is written, and what is underway is forgotten with the process.
   * @throws {@link DeployError} `BAD_RECORD`.
   */
  static async open(folder: string | undefined, chainId: number): Promise<Journal> {
    if (folder === undefined) return new Journal(undefined, []);
    const path = join(folder, `${chainId}.pending.json`);
    const entries = (await readJson<PendingCreation[]>(path)) ?? [];
    const isOurs = ({ signed, transaction }: PendingCreation) =>
      isHex(signed) && keccak256(signed) === transaction;
    if (!Array.isArray(entries) || !entries.every(isOurs))
      throw new DeployError(
        "BAD_RECORD",
        `${path} is not a journal of this command. Check the deployer's latest transactions before you remove it.`,
      );
    return new Journal(path, entries);
  }

  /** What is underway, oldest first. */
  get entries(): readonly PendingCreation[] {
    return [...this.#entries];
  }

  async add(entry: PendingCreation): Promise<void> {
    this.#entries.push(entry);
    await this.#save();
  }

  /** Strikes out one that is mined, or can never be. The last one takes the file with it. */
  async remove({ transaction }: PendingCreation): Promise<void> {
    const index = this.#entries.findIndex((entry) => entry.transaction === transaction);
    if (index >= 0) this.#entries.splice(index, 1);
    await this.#save();
  }

  async #save(): Promise<void> {
    if (this.#path === undefined) return;
    if (this.#entries.length > 0) await writeJson(this.#path, this.#entries);
    else await rm(this.#path, { force: true });
  }
}
