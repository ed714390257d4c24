// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

bytes4 constant ERC1271_YES = IERC1271.isValidSignature.selector;
bytes4 constant ERC1271_NO = 0xffffffff;

/// @title What contracts that nobody vouches for answer
library Answers {
    /// @notice Whether `asked` answers exactly this one word. What fails, or answers in another form, does not.
    function isWord(address asked, bytes memory question, bytes32 expected) internal view returns (bool) {
        (bool success, bytes memory answer) = asked.staticcall(question);
        return success && answer.length == 32 && bytes32(answer) == expected;
    }

    /// @notice Whether `asked` answers true.
    function isTrue(address asked, bytes memory question) internal view returns (bool) {
        return isWord(asked, question, bytes32(uint256(1)));
    }

    /// @notice Whether `asked` answers yes in the words of ERC-1271.
    function isYes(address asked, bytes memory question) internal view returns (bool) {
        return isWord(asked, question, bytes32(ERC1271_YES));
    }
}
