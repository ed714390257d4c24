// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title A contract that gives prepared answers to anything it is asked: something that is not an account, or one that lies
contract CannedAnswers {
    struct Answer {
        bool given;
        bool fails;
        bytes bytes_;
    }

    mapping(bytes32 question => Answer) private _answers;

    /// @notice Answers this very calldata.
    function answer(bytes calldata question, bool fails, bytes calldata bytes_) external {
        _answers[keccak256(question)] = Answer(true, fails, bytes_);
    }

    /// @notice Answers all calls of the function that have no answer of their own.
    function answerAll(bytes4 selector, bool fails, bytes calldata bytes_) external {
        _answers[selector] = Answer(true, fails, bytes_);
    }

    /// @dev No answer prepared: reverts with nothing.
    fallback() external payable {
        Answer memory found = _answers[keccak256(msg.data)];
        if (!found.given) found = _answers[msg.sig];
        bytes memory bytes_ = found.bytes_;
        bool succeeds = found.given && !found.fails;
        assembly ("memory-safe") {
            if succeeds {
                return(add(bytes_, 32), mload(bytes_))
            }
            revert(add(bytes_, 32), mload(bytes_))
        }
    }

    receive() external payable {}
}
