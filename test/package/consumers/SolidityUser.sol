// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {LatchkeyAddresses} from "@latchkey/sdk/contracts/LatchkeyAddresses.sol";
import {ISafeSessionModule} from "@latchkey/sdk/contracts/interfaces/ISafeSessionModule.sol";
import {ISessionErrors} from "@latchkey/sdk/contracts/interfaces/ISessionErrors.sol";
import {ISessionLens} from "@latchkey/sdk/contracts/interfaces/ISessionLens.sol";
import {ISessionModule} from "@latchkey/sdk/contracts/interfaces/ISessionModule.sol";
import {SessionPacker} from "@latchkey/sdk/contracts/libraries/SessionPacker.sol";
import {DeployLatchkey} from "@latchkey/sdk/contracts/testing/DeployLatchkey.sol";
import {Session, State} from "@latchkey/sdk/contracts/types/Session.sol";

/// @notice A Solidity user's own test: it is copied into a project that has nothing but the package.
contract SolidityUserTest {
    function setUp() public {
        DeployLatchkey.all();
    }

    /// @notice A session that nobody granted is unknown, and only its account can enable it.
    function test_modulesAnswerAtTheirAddresses() public {
        address[2] memory modules = [LatchkeyAddresses.SAFE_SESSION_MODULE, LatchkeyAddresses.ERC7579_SESSION_MODULE];
        Session memory session;
        session.account = address(1);
        ISessionLens lens = ISessionLens(LatchkeyAddresses.SESSION_LENS);
        bytes memory packed = lens.pack(session);
        for (uint256 i; i < 2; i++) {
            ISessionModule module = ISessionModule(modules[i]);
            bytes32 id = module.hashSession(packed);
            require(id == lens.hash(session), "another id");
            (State state, bool paused) = module.stateOf(id, address(1));
            require(state == State.UNKNOWN && !paused, "known");
            (bool done, bytes memory reason) = modules[i].call(abi.encodeCall(ISessionModule.enable, (packed)));
            require(!done && bytes4(reason) == ISessionErrors.NotAccount.selector, "enabled by a stranger");
        }
    }

    /// @notice What the lens packs it reads again, and what is left out keeps the id.
    function test_lensPacksAndReads() public {
        Session memory session;
        session.account = address(this);
        session.key = address(2);
        session.salt = 7;
        ISessionLens lens = ISessionLens(DeployLatchkey.sessionLens());
        (Session memory read, uint256 leftOut) = lens.unpack(lens.pack(session));
        require(lens.hash(read) == lens.hash(session) && leftOut == 0, "another session");
        lens.requireSame(session, lens.pack(session));
    }

    /// @notice The library packs in a contract of the user's as the lens does.
    function test_libraryPacks() public {
        Session memory session;
        session.account = address(this);
        session.key = address(2);
        session.salt = 7;
        ISessionLens lens = ISessionLens(DeployLatchkey.sessionLens());
        require(keccak256(SessionPacker.pack(session, 0)) == keccak256(lens.pack(session)), "other bytes");
        require(SessionPacker.hash(session) == lens.hash(session), "another id");
    }

    /// @notice An account that revokes all sessions has another epoch.
    function test_moduleKeepsState() public {
        ISessionModule module = ISessionModule(DeployLatchkey.safeSessionModule());
        require(module.epochOf(address(this)) == 0, "not new");
        module.revokeAll();
        require(module.epochOf(address(this)) != 0, "same epoch");
    }

    /// @notice Nothing signed is nothing allowed.
    function test_payloadsAreRefused() public view {
        bytes4 answer = ISafeSessionModule(LatchkeyAddresses.SAFE_SESSION_MODULE).isValidSignatureFor(
            address(this),
            bytes32(uint256(1)),
            ""
        );
        require(answer == bytes4(0xffffffff), "allowed");
    }

    /// @notice The handler is at its address too.
    function test_handlerIsThere() public view {
        require(LatchkeyAddresses.SAFE_SESSION_HANDLER.code.length > 0, "no code");
    }
}
