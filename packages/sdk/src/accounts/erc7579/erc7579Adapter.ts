import { concat, encodeFunctionData, type Hex, parseAbi, size, slice } from "viem";
import { isContractRefusal } from "../../errors/isContractRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { call, readContract } from "../../internal/chainActions.ts";
import { contractAnswer } from "../../internal/contractAnswer.ts";
import type { AccountAdapter, Erc7579Adapter, Erc7579Traits } from "../AccountAdapter.ts";
import { EXECUTOR_TYPE, erc7579Abi, VALIDATOR_TYPE } from "./erc7579Abi.ts";
import { granterOf } from "./granterOf.ts";

/** ERC-1271, with its result read as the module reads it: a word of which every byte counts. */
const erc1271Abi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes32)",
]);
const YES = `0x1626ba7e${"00".repeat(28)}`;

/** For ERC-7579 accounts with the ERC7579SessionModule installed as validator and executor. */
export const erc7579Adapter = (traits: Erc7579Traits): Erc7579Adapter => {
  const moduleRefusal: AccountAdapter["moduleRefusal"] = async (client, { account, module }) => {
    const isInstalled = (type: bigint) =>
      contractAnswer(
        readContract(client, {
          address: account,
          abi: erc7579Abi,
          functionName: "isModuleInstalled",
          args: [type, module, "0x"],
        }),
      );
    const [validator, executor] = await Promise.all([
      isInstalled(VALIDATOR_TYPE),
      isInstalled(EXECUTOR_TYPE),
    ]);
    if (validator === true && executor === true) return undefined;
    const missing = [
      ...(validator === true ? [] : ["validator"]),
      ...(executor === true ? [] : ["executor"]),
    ];
    return new Refusal({
      code: "MODULE_NOT_ENABLED",
      shortMessage: `The account ${account} has not installed the module ${module} as ${missing.join(" and ")}.`,
      metaMessages: ["Ask the owner to install both types, in one batch of erc7579Installation."],
      details: { module, missing },
    });
  };

  return {
    ...traits,
    module: "erc7579SessionModule",
    sendsUserOps: true,
    moduleRefusal,
    async grantRefusal(client, { account, module, digest, signature }) {
      const no = (
        shortMessage: string,
        metaMessage: string,
        details: { readonly [name: string]: unknown } = {},
        cause?: unknown,
      ) =>
        new Refusal({
          code: "NOT_GRANTED",
          shortMessage,
          metaMessages: [metaMessage],
          details: { account, ...details },
          cause,
        });
      const granter = await granterOf(client, { account, module }).catch((error: unknown) => {
        if (!isContractRefusal(error)) throw error;
        return undefined;
      });
      if (granter === undefined)
        return new Refusal({
          code: "UNKNOWN_MODULE",
          shortMessage: `The contract at ${module} is not a session module for ERC-7579 accounts.`,
          metaMessages: ["Ask for a grant with the module that the account has installed."],
          details: { module },
        });
      if (granter === "0x")
        return no(
          `The account ${account} has no granter, so signatures cannot grant.`,
          "Have the account enable the session, or reinstall the module with a granter from granterPrefix.",
        );
      const begins = slice(signature, 0, Math.min(size(granter), size(signature)));
      if (begins.toLowerCase() !== granter.toLowerCase())
        return no(
          `The grant starts with ${begins}; the account's grants must start with ${granter}.`,
          "Have it signed with the validator that was set when the module was installed.",
          { granter, begins },
        );
      const question = {
        abi: erc1271Abi,
        functionName: "isValidSignature",
        args: [digest, signature],
      } as const;
      // Some validators check the caller.
      const asker = { account: module };
      let answer: Hex | undefined;
      try {
        answer = await readContract(client, { ...asker, address: account, ...question });
      } catch (error) {
        if (!isContractRefusal(error)) throw error;
        return no(
          `The account ${account} reverts when it verifies the grant.`,
          "Have it signed again, in the format of the account's validator.",
          {},
          error,
        );
      }
      // The module accepts one word only; viem reads the first of several.
      if (answer === YES)
        ({ data: answer } = await call(client, {
          ...asker,
          to: account,
          data: encodeFunctionData(question),
        }));
      if (answer === YES) return undefined;
      return no(
        `The account ${account} rejects the signature over this session.`,
        "Have it signed by the account's owner, in the format of its validator.",
        { answer },
      );
    },
    async signatureRail(client, { account, module }) {
      const refusal = await moduleRefusal(client, { account, module });
      if (refusal) throw refusal;
      return {
        wrapsHash: traits.wrappedHash !== undefined,
        wrap: (payload) => traits.wrap(concat([addressBytes(module, "module"), payload])),
      };
    },
    domainCalls: async () => [],
  };
};
