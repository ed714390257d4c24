// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Paymaster} from "@openzeppelin/contracts/account/paymaster/Paymaster.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title OpenZeppelin's paymaster, which here pays for every userOp
contract GenerousPaymaster is Paymaster {
    IEntryPoint private immutable _ENTRY_POINT;

    constructor(IEntryPoint entryPoint_) {
        _ENTRY_POINT = entryPoint_;
    }

    function entryPoint() public view override returns (IEntryPoint) {
        return _ENTRY_POINT;
    }

    function _validatePaymasterUserOp(
        PackedUserOperation calldata,
        bytes32,
        uint256
    ) internal pure override returns (bytes memory context, uint256 validationData) {
        return ("", 0);
    }
}
