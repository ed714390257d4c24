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
 * Whether an error is a contract's own no: a revert, or an answer in no form that was asked for. Everything else
 * (a connection that fails, a node that is busy) says nothing about the contract.
 */
export const isContractRefusal = (error: unknown): boolean =>
  hasCause(error, (one) => kinds.some((kind) => one instanceof kind)) &&
  // viem takes a node's internal error for a revert.
  !hasCause(error, isNodeFault);
