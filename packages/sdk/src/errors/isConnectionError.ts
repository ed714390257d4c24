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

/** HTTP statuses of a request that was not processed, whatever the body of the response. */
const statuses: readonly unknown[] = [401, 403, 429, 502, 503, 504];

/**
 * Whether an error is a failed request to the node, rather than the chain's response: no connection, a timeout, or a node
 * that is busy, lags behind or lacks the data.
 */
export const isConnectionError = (error: unknown): boolean => hasCause(error, isConnectionFault);

/** The same for this very error, without its causes. */
export const isConnectionFault = (one: unknown): boolean =>
  kinds.some((kind) => one instanceof kind) ||
  isNodeFault(one) ||
  (one instanceof Error && "status" in one && statuses.includes(one.status));

/**
 * Whether an error is a node's "internal error" that is not about a failed call. Some nodes use the same number for both.
 */
export const isNodeFault = (error: unknown): boolean =>
  error instanceof InternalRpcError && !/revert|opcode|gas|stack|\bE?VM\b/i.test(error.details);
