// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title A target with arguments of every kind, for actions and their rules
contract Counter {
    uint256 public count;
    /// @notice In wei, all that calls brought.
    uint256 public received;
    address public lastCaller;
    bytes public lastArguments;

    error Refused(uint256 code);

    receive() external payable {
        received += msg.value;
    }

    /// @notice No arguments: only the selector.
    function increment() external payable returns (uint256) {
        return _note(1);
    }

    function add(uint256 amount) external payable returns (uint256) {
        return _note(amount);
    }

    /// @notice One word for each: at offsets 4, 36, 68, 100.
    function set(uint256 amount, address who, bool flag, bytes32 tag) external payable returns (uint256) {
        lastArguments = abi.encode(amount, who, flag, tag);
        return _note(amount);
    }

    /// @notice A dynamic argument: the word at 36 is an offset, not the value.
    function write(uint256 amount, bytes calldata text) external payable returns (bytes memory) {
        lastArguments = text;
        _note(amount);
        return text;
    }

    function refuse(uint256 code) external pure {
        revert Refused(code);
    }

    function refuseSilently() external pure {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    /// @notice Uses all the gas it is given.
    function burn() external pure {
        assembly ("memory-safe") {
            invalid()
        }
    }

    function _note(uint256 amount) private returns (uint256) {
        count += amount;
        received += msg.value;
        lastCaller = msg.sender;
        return count;
    }
}
