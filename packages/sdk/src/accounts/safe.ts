import { encodeFunctionData, isAddressEqual, zeroAddress } from "viem";
import { Refusal } from "../errors/Refusal.ts";
import { readContract } from "../internal/chainActions.ts";
import { contractAnswer } from "../internal/contractAnswer.ts";
import type { AccountAdapter } from "./AccountAdapter.ts";
import { ownersRefusal } from "./ownersRefusal.ts";
import { domainVerifier } from "./safe/domainVerifier.ts";
import { safeAbi } from "./safe/safeAbi.ts";
import { safeHandler } from "./safe/safeHandler.ts";
import { safeMessage } from "./safe/safeMessage.ts";
import { wrapForSafe } from "./safe/wrapForSafe.ts";

/** For Safes with the SafeSessionModule enabled. */
export const safe: AccountAdapter = {
  kind: "safe",
  module: "safeSessionModule",
  sendsUserOps: false,
  owners: {
    prefix: "0x",
    message: ({ account, ...question }) => safeMessage({ safe: account, ...question }),
    ofSafe: true,
  },
  async moduleRefusal(client, { account, module }) {
    const enabled = await contractAnswer(
      readContract(client, {
        address: account,
        abi: safeAbi,
        functionName: "isModuleEnabled",
        args: [module],
      }),
    );
    if (enabled === true) return undefined;
    return new Refusal({
      code: "MODULE_NOT_ENABLED",
      shortMessage: `The account ${account} has not enabled the module ${module}.`,
      metaMessages: ["Ask the owner to install it, in one batch of safeInstallation."],
      details: { module },
    });
  },
  grantRefusal: (client, { account, digest, signature }) =>
    ownersRefusal(client, { account, digest, signature }),
  async signatureRail(client, { account, module, domainSeparator }) {
    const handler = await safeHandler(client, { safe: account, module, domainSeparator });
    return {
      wrapsHash: false,
      wrap: (payload, paid) =>
        wrapForSafe(payload, handler === "session" ? { handler } : { handler, domainSeparator, ...paid }),
    };
  },
  async domainCalls(client, { account, module, domainSeparator }) {
    const verifier = await domainVerifier(client, { account, domainSeparator });
    if (verifier === undefined || isAddressEqual(verifier, module)) return [];
    if (!isAddressEqual(verifier, zeroAddress))
      throw new Refusal({
        code: "MODULE_NOT_ENABLED",
        shortMessage: `The Safe ${account} has another verifier of this domain, ${verifier}.`,
        metaMessages: ["It is not replaced. Ask the owner whether the Safe still needs it."],
        details: { verifier },
      });
    const data = encodeFunctionData({
      abi: safeAbi,
      functionName: "setDomainVerifier",
      args: [domainSeparator, module],
    });
    return [{ to: account, value: 0n, data }];
  },
};
