// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Session} from "../types/Session.sol";
import {Flaw, ISessionErrors} from "./ISessionErrors.sol";

/// @title Converts sessions between Solidity structs and the modules' packed encoding
/// @notice For contracts, indexers and co-signers. Stateless and open to anyone.
interface ISessionLens is ISessionErrors {
    /// @notice Thrown by `requireSame` when the bytes encode another session.
    error NotTheSameSession(bytes32 id, bytes32 packedId);

    /// @notice Packs a session as the modules' entry points and views take it. Reverts with MalformedSession if it
    /// cannot be encoded.
    function pack(Session calldata session) external pure returns (bytes memory packed);

    /// @notice Like `pack`, with parts omitted that a use does not need.
    /// @param leftOut A bit for each part to replace with its hash: bit i is budget i, bit 8 is the list of actions.
    function pack(Session calldata session, uint256 leftOut) external pure returns (bytes memory packed);

    /// @notice Unpacks a session. Reverts with MalformedSession if the bytes are not a valid session.
    /// @return session An omitted budget has no recipients; an omitted list of actions is empty.
    /// @return leftOut A bit for each omitted part, as in `pack`.
    function unpack(bytes calldata packed) external pure returns (Session memory session, uint256 leftOut);

    /// @notice The session's id: its EIP-712 struct hash.
    function hash(Session calldata session) external pure returns (bytes32 id);

    /// @notice The first bound that the session violates, and the affected budget or action.
    /// @param module The module that will enable it; its address is not allowed in a session.
    function flawOf(
        Session calldata session,
        address module
    ) external pure returns (bool flawed, Flaw flaw, uint256 index);

    /// @notice Reverts unless `packed` encodes this session, with nothing omitted. In one batch with `enable(packed)`,
    /// it shows every limit to the batch's co-signers, provided both get the same bytes: compare them.
    function requireSame(Session calldata session, bytes calldata packed) external pure;
}
