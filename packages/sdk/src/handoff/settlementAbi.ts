import { type Address, parseAbi } from "viem";

/** The two functions that a new owner's account may need before its first grant works. */
export const settlementAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
]);

/** SafeProxyFactory where Safe deployed it: 1.3.0 (two addresses), 1.4.1, 1.5.0. */
export const safeProxyFactories: readonly Address[] = [
  "0xa6B71E26C5e0845f74c812102Ca7114b6a896AB2",
  "0xC22834581EbC8527d974F8a1c97E1bEA4EF910BC",
  "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67",
  "0x14F2982D601c9458F93bd70B218933A6f8165e7b",
];
