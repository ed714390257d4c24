import {
  AbiDecodingDataSizeTooSmallError,
  AbiDecodingZeroDataError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  ExecutionRevertedError,
} from "viem";
import { hasCause } from "./causes.ts";
import { isNodeFault } from "./isConnectionError.ts";

const kinds = [
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  ExecutionRevertedError,
  AbiDecodingZeroDataError,
  AbiDecodingDataSizeTooSmallError,
];

/**
 * Whether an error comes from the contract: a revert, or a return value that cannot be decoded. Everything else (a failed
 * connection, a busy node) says nothing about the contract.
 */
export const isContractRefusal = (error: unknown): boolean =>
  hasCause(error, (one) => kinds.some((kind) => one instanceof kind)) &&
  // viem reports a node's internal error as a revert.
  !hasCause(error, isNodeFault);
