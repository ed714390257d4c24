import { BaseError, HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError } from "viem";

const kinds = [HttpRequestError, WebSocketRequestError, SocketClosedError, TimeoutError];

/** Whether an error says that the chain could not be asked, rather than what it answered. */
export const isConnectionError = (error: unknown): boolean =>
  error instanceof BaseError && error.walk((one) => kinds.some((kind) => one instanceof kind)) !== null;
