import type { Address, Chain, Client, Hex, Transport } from "viem";
import { answerOf } from "../../internal/answerOf.ts";
import { readContract } from "../../internal/chainActions.ts";
import { safeAbi } from "./safeAbi.ts";

/**
 * Which contract answers for a Safe 1.5.0 about signatures in an EIP-712 domain. There is one for each domain.
 *
 * @returns The zero address if there is none; undefined of an account that knows no such verifiers.
 * @throws {Refusal} NETWORK
 */
export const domainVerifier = (
  client: Client<Transport, Chain | undefined>,
  { account, domainSeparator }: { account: Address; domainSeparator: Hex },
): Promise<Address | undefined> =>
  answerOf(
    readContract(client, {
      address: account,
      abi: safeAbi,
      functionName: "domainVerifiers",
      args: [account, domainSeparator],
    }),
  );
