// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Slot} from "./Slot.sol";

/// The signature rail's input, in addition to the session: an EIP-3009 authorization by the key.
struct Payload {
    /// Whether a grant follows the session.
    bool hasGrant;
    /// Whether it contains the key, which is otherwise recovered from its signature.
    bool namesKey;
    address key;
    uint256 budgetIndex;
    Slot slot;
    uint256 payee;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nameHash;
    bytes32 versionHash;
    bytes32 r;
    bytes32 vs;
}
