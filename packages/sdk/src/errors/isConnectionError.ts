import {
  BlockNotFoundError,
  ChainDisconnectedError,
  HttpRequestError,
  InternalRpcError,
  LimitExceededRpcError,
  MethodNotFoundRpcError,
  MethodNotSupportedRpcError,
  ParseRpcError,
  ProviderDisconnectedError,
  ResourceNotFoundRpcError,
  ResourceUnavailableRpcError,
  SocketClosedError,
  TimeoutError,
  WebSocketRequestError,
} from "viem";
import { hasCause } from "./causes.ts";

const kinds = [
  HttpRequestError,
  WebSocketRequestError,
  SocketClosedError,
  TimeoutError,
  ChainDisconnectedError,
  ProviderDisconnectedError,
  LimitExceededRpcError,
  ResourceNotFoundRpcError,
  ResourceUnavailableRpcError,
  MethodNotFoundRpcError,
  MethodNotSupportedRpcError,
  ParseRpcError,
  BlockNotFoundError,
];

/** By which a server says, whatever its answer's body is, that it did not do what it was asked. */
const statuses: readonly unknown[] = [401, 403, 429, 502, 503, 504];

/**
 * Whether an error says that the chain could not be asked, rather than what it answered: no connection, no answer in
 * time, a node that is busy, lags behind or lacks what was asked for.
 */
export const isConnectionError = (error: unknown): boolean => hasCause(error, isConnectionFault);

/** Whether an error, apart from what is underneath it, says so. */
export const isConnectionFault = (one: unknown): boolean =>
  kinds.some((kind) => one instanceof kind) ||
  isNodeFault(one) ||
  (one instanceof Error && "status" in one && statuses.includes(one.status));

/**
 * Whether an error is a node's "internal error" that does not tell of a call that failed. Some nodes use the same number
 * for both.
 */
export const isNodeFault = (error: unknown): boolean =>
  error instanceof InternalRpcError && !/revert|opcode|gas|stack|\bE?VM\b/i.test(error.details);
