import { deployMock } from "@latchkey/accounts/deployMock";
import { encodeBatch, type ModularAccount, removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import { fallbackHandlerOf } from "@latchkey/devchain";
import {
  EXECUTOR_TYPE,
  erc7579Abi,
  granterPrefix,
  VALIDATOR_TYPE,
  validatorNonceKey,
  wrapForErc7579,
} from "@latchkey/sdk/erc7579";
import { artifacts } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  parseAbi,
} from "viem";
import { erc7579AdapterOf } from "#sdk/accounts/accountAdapterOf.ts";
import type { Paymaster } from "../environment/erc7579/Paymaster.ts";
import { createWorld7579, MODULAR_ACCOUNTS } from "../environment/erc7579/World7579.ts";
import { ERC7579Model } from "../model/ERC7579Model.ts";
import { actor, stranger } from "./actors.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import { Playground } from "./Playground.ts";
import { installationData } from "./packSession.ts";

const questionAbi = parseAbi([
  "function isValidSignatureWithSender(address sender, bytes32 hash, bytes signature) view returns (bytes4)",
]);

const TYPES = { validator: VALIDATOR_TYPE, executor: EXECUTOR_TYPE } as const;
const SENTINEL: Address = "0x0000000000000000000000000000000000000001";

/** Wei; more than all userOps of a scenario can cost. */
const DEPOSIT = 10n ** 20n;

/**
 * A real account of every kind, each with a weak validator beside its owner's. The module is deployed, and installed
 * nowhere. Takes some seconds.
 */
export async function openErc7579Playground(): Promise<Playground> {
  const { testChain, usdc, module, accounts, paymasters } = await createWorld7579();
  const weak = (await deployMock(testChain, "BlindValidator")).address;
  const played: PlayedAccount[] = [];
  for (const name of MODULAR_ACCOUNTS) {
    const account = accounts[name];
    const { kind, address, entryPoint } = account;
    const args = [
      VALIDATOR_TYPE,
      weak,
      erc7579AdapterOf(kind).installationBytes(VALIDATOR_TYPE, "0x"),
    ] as const;
    const installation = encodeFunctionData({ abi: erc7579Abi, functionName: "installModule", args });
    await account.execute([{ to: address, value: 0n, data: installation }]);
    await entryPoint.deposit(address, DEPOSIT);
    const isSafe = kind === "safe7579";
    const handler = isSafe
      ? await fallbackHandlerOf(testChain, address)
      : actor("handler of nothing").address;
    const paymaster = paymasters[entryPoint.version];
    played.push(playedAccount({ name, account, module, weak, handler, paymaster }));
  }
  const moduleAbi = (await artifacts.readArtifact("ERC7579SessionModule")).abi as Abi;
  return Playground.open({ accounts: played, module, moduleAbi, usdc, testChain });
}

function playedAccount(parts: {
  name: string;
  account: ModularAccount;
  module: Address;
  weak: Address;
  handler: Address;
  paymaster: Paymaster;
}): PlayedAccount {
  const { name, account, module, weak, handler, paymaster } = parts;
  const { kind, address, entryPoint } = account;
  const grants = { good: account.granter, weak: granterPrefix({ kind, validator: weak }) };
  const toItself = (data: Hex) => ({ target: address, value: 0n, data });
  const place = {
    account: address,
    module,
    fallbackHandler: kind === "safe7579" ? handler : undefined,
    grants,
    repeats: kind === "kernel",
    beginsAtOnce: entryPoint.version === "0.7",
  };
  return {
    name,
    address,
    handler,
    // The Safe does what the adapter wants, and only reports ExecutionFailed().
    silence: kind === "safe7579" ? "0xacfdb444" : undefined,
    createModel: (ledger, targets) => new ERC7579Model(place, ledger, targets),
    perform: (calls) => ({
      from: entryPoint.address,
      to: address,
      data: encodeBatch(calls.map(({ target, value, data }) => ({ to: target, value, data }))),
    }),
    ownerSigns: (digest) => account.sign(digest),
    strangerSigns: async (hash) => concat([account.granter, await stranger.sign({ hash })]),
    weaklySigned: concat([grants.weak, "0x1234"]),
    wrapsHash: kind === "kernel",
    wrap: (_, payload) => wrapForErc7579(payload, { kind, module }),
    question: (digest, payload) => ({
      from: address,
      to: module,
      data: encodeFunctionData({
        abi: questionAbi,
        functionName: "isValidSignatureWithSender",
        args: [stranger.address, digest, payload],
      }),
    }),
    modular: {
      entryPoint: entryPoint.address,
      nonceKey: validatorNonceKey({ kind, validator: module }),
      paymaster,
      grants,
      installation: (types, granter, sessions) =>
        types.map((type, index) =>
          toItself(
            encodeFunctionData({
              abi: erc7579Abi,
              functionName: "installModule",
              args: [
                TYPES[type],
                module,
                erc7579AdapterOf(kind).installationBytes(
                  TYPES[type],
                  installationData(
                    index === 0 ? granter : "0x",
                    index === (sessions.length === 1 ? types.length - 1 : 0) ? sessions : [],
                  ),
                ),
              ],
            }),
          ),
        ),
      async uninstallation(types) {
        const removal = await removalOf(account, module);
        const lists = "validators" in removal ? removal : undefined;
        return types.map((type) => {
          const list = type === "validator" ? lists?.validators : lists?.executors;
          return toItself(
            encodeFunctionData({
              abi: erc7579Abi,
              functionName: "uninstallModule",
              args: [TYPES[type], module, list ? behindPrevious(list, module) : "0x"],
            }),
          );
        });
      },
    },
  };
}

/** For accounts that keep their modules in linked lists: what stands before the module, or would. */
function behindPrevious(installed: readonly Address[], module: Address): Hex {
  const position = installed.findIndex((one) => isAddressEqual(one, module));
  return encodeAbiParameters(
    [{ type: "address" }, { type: "bytes" }],
    [installed[position - 1] ?? SENTINEL, "0x"],
  );
}
