// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {IERC7579Validator} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Sessions as a validator (type 1) and executor (type 2) of ERC-7579 accounts
/// @notice Install both types: the validator lets the key sign userOps and authorizations, the executor makes the
/// account perform the calls. Each installation calls `onInstall`; one of the two may bring data.
///
/// `onInstall` data: empty; or, packed, one byte that is the granter's length, the granter, and any number of sessions
/// to enable at once, each as its key (20 bytes) and the whole session, see SessionReader. The granter, of 0 to 23
/// bytes, is what a grant must begin with, so that the account asks the validator that its owner trusts with grants
/// and no other: the validator's address for most accounts, 0x00 for Kernel's root validator, 20 zero bytes for the
/// owners of a Safe7579. Without one, sessions are granted by `enable` only. Where none is named the one that is there
/// stays; either uninstallation clears it.
///
/// A session's userOp has one of two forms, see `validateUserOp` of the contract: the account calls this module, which
/// executes; or the account makes one ERC-20 payment itself, charged in validation, which costs less.
interface IERC7579SessionModule is IERC7579Validator {
    /// @notice The account named what its grants begin with.
    event GranterChanged(address indexed account, bytes granter);

    /// @notice Thrown when a granter has more than 23 bytes.
    error GranterTooLong(uint256 length);

    /// @notice What a grant of the account must begin with; empty: no signature grants.
    function granterOf(address account) external view returns (bytes memory granter);

    /// @notice Whether the account called `onInstall` more often than `onUninstall`. For display only: a Kernel
    /// installs what is installed already once more, and a Nexus short of gas uninstalls without a word. No rule
    /// rests on it.
    function isInitialized(address account) external view returns (bool);

    /// @notice The wei of ERC-4337 gas that the session's userOps may have cost so far.
    function gasSpentBy(bytes32 id, address account) external view returns (uint256);
}
