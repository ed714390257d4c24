// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Call, State} from "../types/Session.sol";
import {ISessionErrors} from "./ISessionErrors.sol";

/// @title Session keys with spending limits, for one kind of account
/// @notice Amounts are in wei or in a token's base units, times in seconds of Unix time.
///
/// `session` is always the account (20 bytes), the key (20 bytes), then the packed session, see SessionReader. Parts
/// that a use does not need can be replaced with their hash: a payment needs its own budget, an action the list of
/// actions, and everything but plain payments every budget. Enabling needs everything.
interface ISessionModule is ISessionErrors {
    /// @notice Emitted when a session is enabled, by its account or by the first use that carries a grant.
    /// @param session The packed session, without account and key.
    event SessionEnabled(address indexed account, bytes32 indexed id, address indexed key, bytes session);
    /// @notice Emitted when a session is permanently revoked, by its account or by its key.
    event SessionRevoked(address indexed account, bytes32 indexed id);
    /// @notice Emitted when a session is paused (true) or resumed by its account.
    event SessionPaused(address indexed account, bytes32 indexed id, bool paused);
    /// @notice Emitted when every session and every unused grant of the account becomes invalid.
    event EpochChanged(address indexed account, uint64 epoch);
    /// @notice Emitted when `amount` is charged to the budget of `token` in period `period`, by an execution, or by the
    /// validation of a userOp that makes one payment, whether or not that payment succeeds.
    /// @dev Not emitted for settled signed payments: see the token's own events.
    event Spent(address indexed account, bytes32 indexed id, address indexed token, uint256 period, uint256 amount);

    /* BY THE ACCOUNT */

    /// @notice Enables a session of the calling account. Does nothing if it is already enabled.
    function enable(bytes calldata session) external;

    /// @notice Permanently revokes a session of the calling account, granted or not. Works at any time.
    function revoke(bytes32 id) external;

    /// @notice Ends every session and every unused grant of the calling account.
    function revokeAll() external;

    /// @notice Pauses every use of a session of the calling account, granted or not, until `resume`. This is not a
    /// revocation: the session's end does not move, and what the key has signed becomes valid again afterwards. Settled
    /// payments are not reversed.
    function pause(bytes32 id) external;

    /// @notice Ends a pause.
    function resume(bytes32 id) external;

    /* BY THE KEY */

    /// @notice Permanently revokes the calling key's own session, in any state, window or epoch.
    function renounce(bytes calldata session) external;

    /* ENTRY POINTS OF THE EXECUTION RAIL */

    /// @notice Pays `amount` of `token` from the account to `to`, like `execute` with one `transfer`, at the lowest
    /// cost. Only for the session's key. Use `execute` for the native coin.
    /// @param grant See `execute`.
    /// @param token An ERC-20 for which the session has a budget.
    /// @param to One of that budget's recipients.
    function pay(bytes calldata session, bytes calldata grant, address token, address to, uint256 amount) external;

    /// @notice Executes `calls` from the account, in order, atomically. Only for the session's key; an ERC-7579 account
    /// may call it too.
    /// @param grant The owner's signature over the session, in the account's own format; only needed until the session
    /// is enabled, ignored afterwards.
    /// @return results Each call's return data.
    function execute(
        bytes calldata session,
        bytes calldata grant,
        Call[] calldata calls
    ) external returns (bytes[] memory results);

    /// @notice Like `execute`, with the key's signature, from any sender.
    /// @param caller The allowed sender; ANYONE: any. 0 is nobody.
    /// @param nonce Any unused number: nonces are unordered.
    /// @param deadline The last second at which this is valid.
    /// @param keySignature The key's signature, r ‖ s ‖ v, 65 bytes, low s, of EIP-712
    /// `Execute(bytes32 session,Call[] calls,address caller,uint256 nonce,uint48 deadline)`.
    function executeSigned(
        bytes calldata session,
        bytes calldata grant,
        Call[] calldata calls,
        address caller,
        uint256 nonce,
        uint48 deadline,
        bytes calldata keySignature
    ) external returns (bytes[] memory results);

    /// @notice ERC-7710: makes each account execute what its context permits, in order, all or nothing. This contract
    /// is the delegation manager of every account that uses it. Each entry is one execution, under the rules of
    /// `execute` without a key's signature, or of `executeSigned` with one; an account itself may not redeem.
    /// @param contexts Of each, `abi.encode(bytes session, bytes grant, address caller, uint256 nonce, uint48 deadline,
    /// bytes keySignature)`, as in `executeSigned`; without a signature by the session's key, which can redeem it until
    /// the session ends, caller, nonce and deadline are 0.
    /// @param modes ERC-7579's default modes: 0 for a single call, 1 in the first byte for a batch.
    /// @param executions ERC-7579's encoding: `abi.encodePacked(target, value, data)` or `abi.encode(Call[])`.
    function redeemDelegations(
        bytes[] calldata contexts,
        bytes32[] calldata modes,
        bytes[] calldata executions
    ) external;

    /* VIEWS */

    /// @notice The session's id: its EIP-712 struct hash.
    function hashSession(bytes calldata session) external pure returns (bytes32 id);

    /// @notice What the owner signs, for a complete session: its EIP-712 digest in the domain `{name: "Latchkey",
    /// version: "1", chainId, verifyingContract: this}`.
    function grantDigest(bytes calldata session) external view returns (bytes32 digest);

    /// @notice The epoch that a session of the account must have.
    function epochOf(address account) external view returns (uint64);

    /// @notice The session's state for the account, and whether the account has paused it. A session with an unused
    /// grant is UNKNOWN.
    function stateOf(bytes32 id, address account) external view returns (State state, bool paused);

    /// @notice The budget's current state, for executions.
    /// @return period The current period's number.
    /// @return released How much the period has released so far, including what was spent.
    /// @return spent What executions have spent. The token, or Permit2, counts signed payments: see `slotNonce` and
    /// `nodeNonce`.
    /// @return resetsAt When the next period starts, or the session ends.
    function budgetOf(
        bytes calldata session,
        uint256 index
    ) external view returns (uint256 period, uint256 released, uint256 spent, uint256 resetsAt);

    /// @notice Whether a signed execution of the session has used the nonce.
    function nonceUsed(bytes32 id, address account, uint256 nonce) external view returns (bool);

    /// @notice The EIP-3009 nonce of a slot. Ask the token's `authorizationState(account, nonce)` whether it is used.
    /// @dev 17 bytes of keccak256(abi.encode(id, budgetIndex, period)), then lot (4 bytes), size (1), index (2), and
    /// 8 zero bytes. Reverts with NoSuchSlot if lot >= 2**32, size > 7 or index >= 4**size.
    function slotNonce(
        bytes32 id,
        uint256 budgetIndex,
        uint256 period,
        uint256 lot,
        uint256 size,
        uint256 index
    ) external pure returns (bytes32);

    /// @notice The Permit2 nonce of a node. Ask Permit2's `nonceBitmap(account, nonce >> 8)` for bit `nonce & 255`.
    /// @dev 17 bytes of keccak256(abi.encode(id, budgetIndex, period)), then lot (4 bytes), 10 zero bytes, and
    /// 2**depth + index. Reverts with NoSuchSlot if lot >= 2**32, depth > 7 or index >= 2**depth.
    function nodeNonce(
        bytes32 id,
        uint256 budgetIndex,
        uint256 period,
        uint256 lot,
        uint256 depth,
        uint256 index
    ) external pure returns (uint256);
}
