// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title Answers every call with success and nothing else: no Safe, and yet nothing that it refuses
contract AcceptAll {
    fallback() external payable {}

    receive() external payable {}
}
