import { type Address, concat, encodeFunctionData, type Hex, pad, parseAbi, toHex } from "viem";

/** A userOp as the entry points 0.7 and later take it. */
export type PackedUserOp = {
  sender: Address;
  nonce: bigint;
  /** Empty, or the factory's address and the calldata for it. */
  initCode: Hex;
  callData: Hex;
  /** Two words of 16 bytes: gas of the verification, gas of the call. */
  accountGasLimits: Hex;
  preVerificationGas: bigint;
  /** Two words of 16 bytes in wei: the priority fee, the most that a unit of gas may cost. */
  gasFees: Hex;
  /** Empty, or the paymaster's address, two words of 16 bytes (gas of its verification, of its postOp), its data. */
  paymasterAndData: Hex;
  signature: Hex;
};

export const entryPointAbi = parseAbi([
  "struct PackedUserOperation { address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature; }",
  "struct DepositInfo { uint256 deposit; bool staked; uint112 stake; uint32 unstakeDelaySec; uint48 withdrawTime; }",
  "function handleOps(PackedUserOperation[] ops, address beneficiary)",
  "function getUserOpHash(PackedUserOperation userOp) view returns (bytes32)",
  "function getNonce(address sender, uint192 key) view returns (uint256)",
  "function depositTo(address account) payable",
  "function getDepositInfo(address account) view returns (DepositInfo info)",
  "function senderCreator() view returns (address)",
  "event BeforeExecution()",
  "error FailedOp(uint256 opIndex, string reason)",
  "error FailedOpWithRevert(uint256 opIndex, string reason, bytes inner)",
]);

/** Two numbers of 16 bytes in one word. */
export const halves = (high: bigint, low: bigint): Hex =>
  concat([toHex(high, { size: 16 }), toHex(low, { size: 16 })]);

/** A userOp whose gas is plenty and nearly free; `changes` says the rest. */
export const packedUserOp = (changes: Partial<PackedUserOp> & { sender: Address }): PackedUserOp => ({
  nonce: 0n,
  initCode: "0x",
  callData: "0x",
  accountGasLimits: halves(3_000_000n, 1_000_000n),
  preVerificationGas: 100_000n,
  gasFees: halves(1n, 1n),
  paymasterAndData: "0x",
  signature: "0x",
  ...changes,
});

/** A paymaster with plenty of gas and no data of its own. */
export const paidBy = (paymaster: Address): Hex => concat([paymaster, halves(500_000n, 100_000n)]);

/** The key of nonces that chooses a validator: on most accounts its address stands in the nonce's first 20 bytes. */
export const nonceKeyOf = (validator: Address): bigint => BigInt(pad(validator, { dir: "right", size: 24 }));

/** Calldata of `handleOps` with one op. */
export const handleOpsData = (userOp: PackedUserOp, beneficiary: Address): Hex =>
  encodeFunctionData({ abi: entryPointAbi, functionName: "handleOps", args: [[userOp], beneficiary] });
