import {
  AbiDecodingDataSizeTooSmallError,
  AbiDecodingZeroDataError,
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  ExecutionRevertedError,
} from "viem";

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
  error instanceof BaseError && error.walk((one) => kinds.some((kind) => one instanceof kind)) !== null;
