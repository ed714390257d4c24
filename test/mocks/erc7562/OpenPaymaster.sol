// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IEntryPoint, IPaymaster, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title A paymaster that pays for everybody
/// @notice One that `counts` reads and writes storage of its own in validation, which ERC-7562 allows to none without
/// a stake.
contract OpenPaymaster is IPaymaster {
    IEntryPoint private immutable ENTRY_POINT;
    bool private immutable COUNTS;
    uint256 public count;

    constructor(IEntryPoint entryPoint_, bool counts) {
        ENTRY_POINT = entryPoint_;
        COUNTS = counts;
    }

    function validatePaymasterUserOp(
        PackedUserOperation calldata,
        bytes32,
        uint256
    ) external returns (bytes memory context, uint256 validationData) {
        if (COUNTS) ++count;
        return ("", 0);
    }

    function postOp(PostOpMode, bytes calldata, uint256, uint256) external {}

    function deposit() external payable {
        ENTRY_POINT.depositTo{value: msg.value}(address(this));
    }

    function addStake(uint32 unstakeDelay) external payable {
        ENTRY_POINT.addStake{value: msg.value}(unstakeDelay);
    }
}
