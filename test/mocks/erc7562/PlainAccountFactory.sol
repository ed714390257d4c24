// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Installation, PlainAccount} from "./PlainAccount.sol";

/// @title Creates plain accounts, at addresses that the salt and the entry point decide
contract PlainAccountFactory {
    IEntryPoint private immutable ENTRY_POINT;

    constructor(IEntryPoint entryPoint_) {
        ENTRY_POINT = entryPoint_;
    }

    /// @notice Creates an account and installs its modules.
    function createAccount(bytes32 salt, Installation[] calldata installations) external returns (address) {
        PlainAccount account = new PlainAccount{salt: salt}(ENTRY_POINT);
        account.initialize(installations);
        return address(account);
    }

    /// @notice Where the account of that salt is, or will be.
    function addressOf(bytes32 salt) external view returns (address) {
        bytes memory creationCode = abi.encodePacked(type(PlainAccount).creationCode, abi.encode(ENTRY_POINT));
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(this), salt, keccak256(creationCode)));
        return address(uint160(uint256(hash)));
    }

    /// @notice Makes this factory a staked entity of the entry point.
    function addStake(uint32 unstakeDelay) external payable {
        ENTRY_POINT.addStake{value: msg.value}(unstakeDelay);
    }
}
