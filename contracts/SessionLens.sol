// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Flaw} from "./interfaces/ISessionErrors.sol";
import {ISessionLens} from "./interfaces/ISessionLens.sol";
import {SessionChecks} from "./libraries/SessionChecks.sol";
import {SessionPacker} from "./libraries/SessionPacker.sol";
import {SessionReader} from "./libraries/SessionReader.sol";
import {Carried, Session} from "./types/Session.sol";

/// @title Converts sessions between Solidity structs and the modules' packed encoding
/// @notice Stateless: nothing is stored and nobody is trusted; every result depends only on the arguments.
contract SessionLens is ISessionLens {
    using SessionPacker for Session;

    /// @inheritdoc ISessionLens
    function pack(Session calldata session) external pure returns (bytes memory) {
        return session.pack(0);
    }

    /// @inheritdoc ISessionLens
    function pack(Session calldata session, uint256 leftOut) external pure returns (bytes memory) {
        return session.pack(leftOut);
    }

    /// @inheritdoc ISessionLens
    function unpack(bytes calldata packed) external pure returns (Session memory session, uint256 leftOut) {
        Carried memory carried = _read(packed);
        session = carried.session;
        leftOut = carried.leftOut;
        for (uint256 i; i < session.budgets.length; ++i) {
            // In memory its token is not a valid address, and could not be decoded.
            if ((leftOut >> i) & 1 != 0) session.budgets[i].token = address(0);
        }
    }

    /// @inheritdoc ISessionLens
    function hash(Session calldata session) external pure returns (bytes32) {
        return session.hash();
    }

    /// @inheritdoc ISessionLens
    function flawOf(Session calldata session, address module) external pure returns (bool, Flaw, uint256) {
        return SessionChecks.flawOf(session, module);
    }

    /// @inheritdoc ISessionLens
    function requireSame(Session calldata session, bytes calldata packed) external pure {
        Carried memory carried = _read(packed);
        if (carried.leftOut != 0) revert PartLeftOut(carried.leftOut);
        bytes32 id = session.hash();
        if (id != carried.id) revert NotTheSameSession(id, carried.id);
    }

    function _read(bytes calldata packed) private pure returns (Carried memory carried) {
        if (!SessionReader.tryRead(carried, packed)) revert MalformedSession(Flaw.ENCODING, 0);
    }
}
