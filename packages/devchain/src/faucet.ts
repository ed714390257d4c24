import { type Address, getAddress, parseEther, parseUnits } from "viem";
import type { TestChain } from "./TestChain.ts";
import type { Usdc } from "./usdc.ts";

/** Where the faucet's coin comes from; the chain lets it have as much as it gives away. */
const FAUCET: Address = getAddress("0xfaace70000000000000000000000000000000001");

/** Gives money of the development chain to anybody, as much as is asked for. */
export type Faucet = {
  /** Who sends the chain's coin. */
  address: Address;
  /** Sends the chain's coin: `amount` in whole coins, by default "10". */
  sendEther(to: Address, amount?: string): Promise<void>;
  /** Mints USDC as Circle does: `amount` in dollars, by default "100". */
  mintUsdc(to: Address, amount?: string): Promise<void>;
};

/** The faucet of a development chain. */
export const createFaucet = (testChain: TestChain, usdc: Usdc): Faucet => ({
  address: FAUCET,
  async sendEther(to, amount = "10") {
    await testChain.send({ from: FAUCET, to, value: parseEther(amount) });
  },
  async mintUsdc(to, amount = "100") {
    await usdc.mint(to, parseUnits(amount, 6));
  },
});
