// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title An account that is not a Safe, executes for modules as one, and answers what it does not know with a long yes
contract Spendthrift {
    /// @notice How much gas an answer to the unknown takes.
    uint256 private immutable _EFFORT;

    constructor(uint256 effort) {
        _EFFORT = effort;
    }

    function domainSeparator() external pure returns (bytes32) {
        return keccak256("an EIP-712 domain, as many wallets have one");
    }

    function execTransactionFromModuleReturnData(
        address to,
        uint256 value,
        bytes calldata data,
        uint8
    ) external returns (bool success, bytes memory returned) {
        (success, returned) = to.call{value: value}(data);
    }

    fallback() external payable {
        // Less gas than that does not do: it runs out.
        uint256 end = gasleft() > _EFFORT ? gasleft() - _EFFORT : 0;
        while (gasleft() > end) {}
    }

    receive() external payable {}
}
