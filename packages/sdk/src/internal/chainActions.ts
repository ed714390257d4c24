/**
 * viem's actions as the SDK uses them: everything that they throw is a refusal. Nothing else here calls a node (a test checks), so
 * that no function of the SDK throws another error.
 */
import * as actions from "viem/actions";
import { causes } from "../errors/causes.ts";
import { decodeError } from "../errors/decodeError.ts";
import { networkRefusal } from "../errors/networkRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { within } from "./within.ts";

/** The refusal for a failed action of a client. A contract's revert stays one: see {@link isContractRefusal}. */
function refusalOf(error: unknown, client: unknown): Refusal {
  const refusal = decodeError(error);
  return refusal.code === "UNKNOWN" && isMalformed(error)
    ? networkRefusal(error, {
        said: "returned a malformed response",
        url: urlOf(client),
      })
    : refusal;
}

/** A client's node, if its transport has one URL. */
const urlOf = (client: unknown): string | undefined => {
  const { transport } = (client ?? {}) as { transport?: { url?: unknown } };
  return typeof transport?.url === "string" ? transport.url : undefined;
};

/** What JavaScript itself throws when viem reads a malformed response. viem's own errors come from well-formed ones. */
function isMalformed(error: unknown): boolean {
  const root = [...causes(error)].at(-1);
  return root instanceof TypeError || root instanceof SyntaxError || root instanceof RangeError;
}

/** Most milliseconds that one request may take, including retries: viem's own HTTP transport gives up after 41 s. */
const PATIENCE = 120_000;

const silence = (client: unknown) =>
  networkRefusal(undefined, {
    said: `did not respond within ${PATIENCE / 1000} seconds`,
    url: urlOf(client),
  });

/** The same action, but everything that it throws is a refusal. */
const refusing = <action extends (...parameters: never[]) => Promise<unknown>>(action: action): action =>
  (async (...parameters: Parameters<action>) => {
    try {
      return await action(...parameters);
    } catch (error) {
      throw refusalOf(error, parameters[0]);
    }
  }) as action;

/** The same request to a node, but everything that it throws is a refusal, and so is a missing response. */
export const asking = <action extends (...parameters: never[]) => Promise<unknown>>(action: action): action =>
  refusing(((...parameters: Parameters<action>) =>
    within(PATIENCE, action(...parameters), () => silence(parameters[0]))) as action);

export const call = /* @__PURE__ */ asking(actions.call);
export const estimateGas = /* @__PURE__ */ asking(actions.estimateGas);
export const getBalance = /* @__PURE__ */ asking(actions.getBalance);
export const getBlock = /* @__PURE__ */ asking(actions.getBlock);
export const getBlockNumber = /* @__PURE__ */ asking(actions.getBlockNumber);
export const getChainId = /* @__PURE__ */ asking(actions.getChainId);
export const getCode = /* @__PURE__ */ asking(actions.getCode);
export const getEip712Domain = /* @__PURE__ */ asking(actions.getEip712Domain);
export const getGasPrice = /* @__PURE__ */ asking(actions.getGasPrice);
export const getStorageAt = /* @__PURE__ */ asking(actions.getStorageAt);
export const getTransactionReceipt = /* @__PURE__ */ asking(actions.getTransactionReceipt);
export const getTransaction = /* @__PURE__ */ asking(actions.getTransaction);
export const multicall = /* @__PURE__ */ asking(actions.multicall);
export const readContract = /* @__PURE__ */ asking(actions.readContract);
export const sendTransaction = /* @__PURE__ */ refusing(actions.sendTransaction);
export const setCode = /* @__PURE__ */ asking(actions.setCode);
export const waitForTransactionReceipt = /* @__PURE__ */ refusing(actions.waitForTransactionReceipt);
