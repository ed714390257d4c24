import { parseAbi } from "viem";

/** The functions of an ERC-7579 account that installing, removing and using a module needs. */
export const erc7579Abi = parseAbi([
  "function accountId() view returns (string)",
  "function execute(bytes32 mode, bytes executionCalldata) payable",
  "function installModule(uint256 moduleTypeId, address module, bytes initData) payable",
  "function uninstallModule(uint256 moduleTypeId, address module, bytes deInitData) payable",
  "function isModuleInstalled(uint256 moduleTypeId, address module, bytes additionalContext) view returns (bool)",
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
  // Nexus, the reference account and Safe7579: `array` has the latest first, starting after `cursor`.
  "function getValidatorsPaginated(address cursor, uint256 size) view returns (address[] array, address next)",
  "function getExecutorsPaginated(address cursor, uint256 size) view returns (address[] array, address next)",
]);

/** What is read of the module for ERC-7579 accounts. All of its ABI would be a sixteenth of a page that serves Safes. */
export const erc7579ModuleAbi = parseAbi([
  "function granterOf(address account) view returns (bytes granter)",
  "function gasSpentBy(bytes32 id, address account) view returns (uint256)",
  "function isModuleType(uint256 moduleTypeId) view returns (bool)",
]);

/** The module types of ERC-7579 that Latchkey is installed as. */
export const VALIDATOR_TYPE = 1n;
/** See {@link VALIDATOR_TYPE}. */
export const EXECUTOR_TYPE = 2n;

/** ERC-7579's mode for one call that reverts on failure. */
export const SINGLE_CALL_MODE = `0x${"00".repeat(32)}` as const;
/** ERC-7579's mode for several such calls. */
export const BATCH_CALL_MODE = `0x01${"00".repeat(31)}` as const;
