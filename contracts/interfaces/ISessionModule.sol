// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Call, State} from "../types/Session.sol";
import {ISessionErrors} from "./ISessionErrors.sol";

/// @title Session keys with spending limits, for one kind of account
/// @notice Amounts are in wei or in a token's base units, times in seconds of Unix time.
///
/// `session`, everywhere: the account (20 bytes), the key (20 bytes), then the session in packed form, see
/// SessionReader. What a use does not need may be left out and stand there as its hash: a payment needs its own budget,
/// an action the list of actions, and everything but plain payments every budget. Enabling needs everything.
interface ISessionModule is ISessionErrors {
    /// @notice A session was enabled: by its account, or by the first use that carried a grant.
    /// @param session In packed form, without account and key.
    event SessionEnabled(address indexed account, bytes32 indexed id, address indexed key, bytes session);
    /// @notice A session was taken back for ever, by its account or by its key.
    event SessionRevoked(address indexed account, bytes32 indexed id);
    /// @notice A session was paused (true) or resumed by its account.
    event SessionPaused(address indexed account, bytes32 indexed id, bool paused);
    /// @notice Every session and every unused grant of the account died.
    event EpochChanged(address indexed account, uint64 epoch);
    /// @notice `amount` of the budget of `token` was charged to period number `period`: by an execution, or by the
    /// validation of a userOp that makes one payment, whether or not that payment succeeds.
    /// @dev Settled authorizations are not in it: the token's own events have those.
    event Spent(address indexed account, bytes32 indexed id, address indexed token, uint256 period, uint256 amount);

    /* BY THE ACCOUNT */

    /// @notice Enables a session of the calling account. Does nothing if it is enabled already.
    function enable(bytes calldata session) external;

    /// @notice Takes a session of the calling account back for ever, granted or not. Works at any time.
    function revoke(bytes32 id) external;

    /// @notice Ends every session and every unused grant of the calling account.
    function revokeAll() external;

    /// @notice Stops every use of a session of the calling account, granted or not, until `resume`. This is no
    /// revocation: time goes on, and what the key has signed is good again afterwards. Payments that are settled stay.
    function pause(bytes32 id) external;

    /// @notice Ends a pause.
    function resume(bytes32 id) external;

    /* BY THE KEY */

    /// @notice Gives the calling key's own session back for ever, whatever its state, window or epoch.
    function renounce(bytes calldata session) external;

    /* ENTRY POINTS OF THE EXECUTION RAIL */

    /// @notice Makes the account pay `amount` of `token` to `to`: `execute` of one `transfer`, which costs least. For
    /// the session's key. Native coin goes by `execute`.
    /// @param grant See `execute`.
    /// @param token An ERC-20 that the session has a budget for.
    /// @param to One of that budget's recipients.
    function pay(bytes calldata session, bytes calldata grant, address token, address to, uint256 amount) external;

    /// @notice Makes the account perform `calls`, in order, all or none. For the session's key; an ERC-7579 account may
    /// call it too.
    /// @param grant The owner's signature over the session, in the account's own form; only needed until the
    /// session is enabled, ignored afterwards.
    /// @return results What each call returned.
    function execute(
        bytes calldata session,
        bytes calldata grant,
        Call[] calldata calls
    ) external returns (bytes[] memory results);

    /// @notice As `execute`, for any sender, on the word of the key.
    /// @param caller Who may submit; ANYONE: whoever likes. 0 is nobody.
    /// @param nonce Any number not used before: nonces have no order.
    /// @param deadline The last second at which this is good.
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

    /* VIEWS */

    /// @notice The session's id: its EIP-712 struct hash.
    function hashSession(bytes calldata session) external pure returns (bytes32 id);

    /// @notice What the owner signs, of a session from which nothing is left out: the EIP-712 digest of the session in
    /// the domain `{name: "Latchkey", version: "1", chainId, verifyingContract: this}`.
    function grantDigest(bytes calldata session) external view returns (bytes32 digest);

    /// @notice The epoch that a session of the account must name.
    function epochOf(address account) external view returns (uint64);

    /// @notice What the session is to the account, and whether the account has paused it. A session with an unused
    /// grant is UNKNOWN.
    function stateOf(bytes32 id, address account) external view returns (State state, bool paused);

    /// @notice Where the budget stands now, as far as executions go.
    /// @return period The current period's number.
    /// @return released How much the period has released so far, of which spent is a part.
    /// @return spent What executions have spent of it. The token counts settled authorizations: see `slotNonce`.
    /// @return resetsAt When the next period begins, or the session ends.
    function budgetOf(
        bytes calldata session,
        uint256 index
    ) external view returns (uint256 period, uint256 released, uint256 spent, uint256 resetsAt);

    /// @notice Whether a signed execution of the session has used the nonce.
    function nonceUsed(bytes32 id, address account, uint256 nonce) external view returns (bool);

    /// @notice The EIP-3009 nonce of a slot. Ask the token's `authorizationState(account, nonce)` whether it is used.
    /// @dev 17 bytes of keccak256(abi.encode(id, budgetIndex, period)), then lot (4 bytes), size (1), index (2), and
    /// 8 zero bytes. Reverts with NoSuchSlot where lot >= 2**32, size > 7 or index >= 4**size.
    function slotNonce(
        bytes32 id,
        uint256 budgetIndex,
        uint256 period,
        uint256 lot,
        uint256 size,
        uint256 index
    ) external pure returns (bytes32);
}
