// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

bytes4 constant ERC1271_YES = IERC1271.isValidSignature.selector;
bytes4 constant ERC1271_NO = 0xffffffff;

/// @title Return data of untrusted contracts
library Answers {
    /// @notice Whether `asked` returns exactly this one word. False if the call fails or returns anything else.
    function isWord(address asked, bytes memory question, bytes32 expected) internal view returns (bool) {
        (bool success, bytes memory answer) = asked.staticcall(question);
        return success && answer.length == 32 && bytes32(answer) == expected;
    }

    /// @notice Whether `asked` returns true.
    function isTrue(address asked, bytes memory question) internal view returns (bool) {
        return isWord(asked, question, bytes32(uint256(1)));
    }

    /// @notice Whether `asked` returns the ERC-1271 magic value.
    function isYes(address asked, bytes memory question) internal view returns (bool) {
        return isWord(asked, question, bytes32(ERC1271_YES));
    }
}
