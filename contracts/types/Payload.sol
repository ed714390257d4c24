// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Slot} from "./Slot.sol";

/// The signature rail's input, in addition to the session: an EIP-3009 authorization or a Permit2 transfer by the key.
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
    /// Permit2: the deadline.
    uint256 validBefore;
    /// EIP-3009: the token's EIP-712 name and version.
    bytes32 nameHash;
    bytes32 versionHash;
    bytes32 r;
    bytes32 vs;
    /// The kind of signed payment, as one of the values of a budget's `signatures`: 1, 2 or 4.
    uint256 method;
    /// Permit2 by x402's upto scheme: who may settle.
    address facilitator;
}
