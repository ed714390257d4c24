// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {LatchkeyAddresses} from "@latchkey/sdk/contracts/LatchkeyAddresses.sol";
import {Session, State} from "@latchkey/sdk/contracts/Session.sol";
import {ISafeSessionModule} from "@latchkey/sdk/contracts/interfaces/ISafeSessionModule.sol";
import {ISessionErrors} from "@latchkey/sdk/contracts/interfaces/ISessionErrors.sol";
import {ISessionModule} from "@latchkey/sdk/contracts/interfaces/ISessionModule.sol";
import {DeployLatchkey} from "@latchkey/sdk/contracts/testing/DeployLatchkey.sol";

/// @notice A Solidity user's own test: it is copied into a project that has nothing but the package.
contract SolidityUserTest {
    function setUp() public {
        DeployLatchkey.all();
    }

    /// @notice A session that nobody granted is unknown, and whoever is not its account cannot enable it.
    function test_modulesAnswerAtTheirAddresses() public {
        address[2] memory modules = [LatchkeyAddresses.SAFE_SESSION_MODULE, LatchkeyAddresses.ERC7579_SESSION_MODULE];
        for (uint256 i; i < 2; i++) {
            ISessionModule module = ISessionModule(modules[i]);
            Session memory session;
            session.account = address(1);
            require(module.stateOf(module.hashSession(session), address(1)) == State.UNKNOWN, "known");
            (bool done, bytes memory reason) = modules[i].call(abi.encodeCall(ISessionModule.enable, (session)));
            require(!done && bytes4(reason) == ISessionErrors.NotAccount.selector, "enabled by a stranger");
        }
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
