/**
 * viem's actions as the SDK uses them: whatever they throw is a refusal. Nothing else here asks a node (a test looks), so
 * that no function of the SDK, whatever it reads and when, shows its caller another error.
 */
import * as actions from "viem/actions";
import { causes } from "./errors/causes.ts";
import { decodeError } from "./errors/decodeError.ts";
import { networkRefusal } from "./errors/networkRefusal.ts";
import type { Refusal } from "./errors/Refusal.ts";

/** The refusal that an action of a client, when it failed, means. A contract's own no stays one: see {@link isContractRefusal}. */
function refusalOf(error: unknown, client: unknown): Refusal {
  const refusal = decodeError(error);
  return refusal.code === "UNKNOWN" && isMalformed(error)
    ? networkRefusal(error, {
        said: "its node answers in no form that can be read",
        url: urlOf(client),
      })
    : refusal;
}

/** The node that a client asks, where its transport has one URL. */
const urlOf = (client: unknown): string | undefined => {
  const { transport } = (client ?? {}) as { transport?: { url?: unknown } };
  return typeof transport?.url === "string" ? transport.url : undefined;
};

/** What JavaScript itself throws where viem reads an answer that is none. viem's own errors come of readable ones. */
function isMalformed(error: unknown): boolean {
  const root = [...causes(error)].at(-1);
  return root instanceof TypeError || root instanceof SyntaxError || root instanceof RangeError;
}

/** The same action, but whatever it throws is a refusal. */
export const refusing = <action extends (...parameters: never[]) => Promise<unknown>>(
  action: action,
): action =>
  (async (...parameters: Parameters<action>) => {
    try {
      return await action(...parameters);
    } catch (error) {
      throw refusalOf(error, parameters[0]);
    }
  }) as action;

export const call = /* @__PURE__ */ refusing(actions.call);
export const estimateGas = /* @__PURE__ */ refusing(actions.estimateGas);
export const getBalance = /* @__PURE__ */ refusing(actions.getBalance);
export const getBlock = /* @__PURE__ */ refusing(actions.getBlock);
export const getBlockNumber = /* @__PURE__ */ refusing(actions.getBlockNumber);
export const getChainId = /* @__PURE__ */ refusing(actions.getChainId);
export const getCode = /* @__PURE__ */ refusing(actions.getCode);
export const getEip712Domain = /* @__PURE__ */ refusing(actions.getEip712Domain);
export const getGasPrice = /* @__PURE__ */ refusing(actions.getGasPrice);
export const getLogs = /* @__PURE__ */ refusing(actions.getLogs);
export const getStorageAt = /* @__PURE__ */ refusing(actions.getStorageAt);
export const multicall = /* @__PURE__ */ refusing(actions.multicall);
export const readContract = /* @__PURE__ */ refusing(actions.readContract);
export const sendTransaction = /* @__PURE__ */ refusing(actions.sendTransaction);
export const setCode = /* @__PURE__ */ refusing(actions.setCode);
export const waitForTransactionReceipt = /* @__PURE__ */ refusing(actions.waitForTransactionReceipt);
