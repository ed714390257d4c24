import { parseAbi } from "viem";

/** Functions of a Safe that only the Safe itself may call, and those that its handlers add. */
export const safeAbi = parseAbi([
  "function setup(address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver)",
  "function enableModule(address module)",
  "function disableModule(address prevModule, address module)",
  "function isModuleEnabled(address module) view returns (bool)",
  "function getModulesPaginated(address start, uint256 pageSize) view returns (address[] array, address next)",
  "function setFallbackHandler(address handler)",
  "function VERSION() view returns (string)",
  // ExtensibleFallbackHandler, Safe 1.5.0
  "function setDomainVerifier(bytes32 domainSeparator, address newVerifier)",
  "function domainVerifiers(address safe, bytes32 domainSeparator) view returns (address)",
  // SafeSessionHandler, Safes up to 1.4.1
  "function setSessionModule(address module)",
  "function sessionModuleOf(address safe) view returns (address)",
]);
