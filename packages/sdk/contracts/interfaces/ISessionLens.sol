// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Session} from "../types/Session.sol";
import {Flaw, ISessionErrors} from "./ISessionErrors.sol";

/// @title Sessions in Solidity's own form, and in the packed form that the modules take
/// @notice For contracts, indexers and co-signers. It keeps nothing and may be asked by anyone.
interface ISessionLens is ISessionErrors {
    /// @notice Thrown by `requireSame` when the bytes hold another session.
    error NotTheSameSession(bytes32 id, bytes32 packedId);

    /// @notice What the modules' entry points and views take as `session`. Reverts with MalformedSession where the
    /// packed form cannot say it.
    function pack(Session calldata session) external pure returns (bytes memory packed);

    /// @notice As `pack`, with parts left out that a use does not need.
    /// @param leftOut A bit for each part that is to stand there as its hash: bit i is budget number i, bit 8 is the
    /// list of actions.
    function pack(Session calldata session, uint256 leftOut) external pure returns (bytes memory packed);

    /// @notice The session that packed bytes hold. Reverts with MalformedSession where they hold none.
    /// @return session A budget that is left out has no recipients; a list of actions that is left out is empty.
    /// @return leftOut A bit for each part that is left out, as in `pack`.
    function unpack(bytes calldata packed) external pure returns (Session memory session, uint256 leftOut);

    /// @notice The session's id: its EIP-712 struct hash.
    function hash(Session calldata session) external pure returns (bytes32 id);

    /// @notice The first bound that the session breaks, and the budget or the action concerned.
    /// @param module The module that is to enable it; its address has no place in a session.
    function flawOf(
        Session calldata session,
        address module
    ) external pure returns (bool flawed, Flaw flaw, uint256 index);

    /// @notice Reverts unless `packed` holds this session, with nothing left out. In one batch with `enable(packed)` it
    /// shows every limit to whoever co-signs the batch, as long as both are given the same bytes: compare them.
    function requireSame(Session calldata session, bytes calldata packed) external pure;
}
