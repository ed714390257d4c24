// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// A signed payment's position in a period's budget: a slot, or a node (see Nodes).
struct Slot {
    uint256 lot;
    /// 0: the whole lot; n: one of 4**n parts of it, of a node one of 2**n.
    uint256 size;
    /// Index of the part.
    uint256 index;
}
