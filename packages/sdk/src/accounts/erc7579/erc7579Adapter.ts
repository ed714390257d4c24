import { concat, encodeFunctionData, type Hex, parseAbi, size, slice } from "viem";
import { isContractRefusal } from "../../errors/isContractRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { call, readContract } from "../../internal/chainActions.ts";
import { contractAnswer } from "../../internal/contractAnswer.ts";
import type { AccountAdapter, Erc7579Adapter, Erc7579Traits } from "../AccountAdapter.ts";
import { EXECUTOR_TYPE, erc7579Abi, VALIDATOR_TYPE } from "./erc7579Abi.ts";
import { granterOf } from "./granterOf.ts";

/** ERC-1271, its answer read as the module reads it: a word, of which no byte may differ. */
const erc1271Abi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes32)",
]);
const YES = `0x1626ba7e${"00".repeat(28)}`;

/** For ERC-7579 accounts that have the ERC7579SessionModule installed as validator and as executor. */
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
      metaMessages: ["Have the owner install both types, in one batch by erc7579Installation."],
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
          shortMessage: `The contract at ${module} is no session module for ERC-7579 accounts.`,
          metaMessages: ["Ask for a grant of the module that the account has installed."],
          details: { module },
        });
      if (granter === "0x")
        return no(
          `The account ${account} has named nobody who may grant by a signature.`,
          "Have the account enable the session, or install the module again with a granter: granterPrefix.",
        );
      const begins = slice(signature, 0, Math.min(size(granter), size(signature)));
      if (begins.toLowerCase() !== granter.toLowerCase())
        return no(
          `The grant begins with ${begins}; the account's grants begin with ${granter}.`,
          "Have it signed by the validator that the account named when it installed the module.",
          { granter, begins },
        );
      const question = {
        abi: erc1271Abi,
        functionName: "isValidSignature",
        args: [digest, signature],
      } as const;
      // Some validators look at who asks.
      const asker = { account: module };
      let answer: Hex | undefined;
      try {
        answer = await readContract(client, { ...asker, address: account, ...question });
      } catch (error) {
        if (!isContractRefusal(error)) throw error;
        return no(
          `The account ${account} fails when it is asked about the grant.`,
          "Have it signed again, in the form that the account's validator takes.",
          {},
          error,
        );
      }
      // The module takes one word, where viem takes the first of several.
      if (answer === YES)
        ({ data: answer } = await call(client, {
          ...asker,
          to: account,
          data: encodeFunctionData(question),
        }));
      if (answer === YES) return undefined;
      return no(
        `The account ${account} does not say that its owner signed this session.`,
        "Have it signed by the account's owner, in the form that its validator takes.",
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
  };
};
