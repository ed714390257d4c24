// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {IERC7579Validator} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Sessions as a validator (type 1) and executor (type 2) of ERC-7579 accounts
/// @notice Install both types: the validator lets the key sign userOps and authorizations, the executor executes calls
/// from the account. Each installation calls `onInstall`; one of them may carry data.
///
/// `onInstall` data: empty; or, packed, the granter's length in one byte, the granter, and any number of sessions to
/// enable immediately, each as its key (20 bytes) and the complete session, see SessionReader. The granter, 0 to 23
/// bytes, is the prefix of every grant, so that the account only asks the validator that its owner trusts with grants:
/// the validator's address for most accounts, 0x00 for Kernel's root validator, 20 zero bytes for the owners of a
/// Safe7579. Without one, sessions are only granted by `enable`. Without a new one, an existing granter is kept; each
/// uninstallation clears it.
///
/// A session's userOp has one of two forms, see `validateUserOp` of the contract: the account calls this module, which
/// executes; or the account makes one ERC-20 payment itself, charged in validation, which costs less.
interface IERC7579SessionModule is IERC7579Validator {
    /// @notice Emitted when the account sets its granter.
    event GranterChanged(address indexed account, bytes granter);

    /// @notice Thrown when a granter has more than 23 bytes.
    error GranterTooLong(uint256 length);

    /// @notice The prefix of the account's grants; if empty, no signature can grant.
    function granterOf(address account) external view returns (bytes memory granter);

    /// @notice Whether the account called `onInstall` more often than `onUninstall`. For display only: a Kernel can
    /// install an installed module again, and a Nexus that runs out of gas uninstalls without a call. No rule depends
    /// on it.
    function isInitialized(address account) external view returns (bool);

    /// @notice The maximum wei of ERC-4337 gas that the session's userOps may have cost so far.
    function gasSpentBy(bytes32 id, address account) external view returns (uint256);
}
