// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// An authorization's position in a period's budget.
struct Slot {
    uint256 lot;
    /// 0: the whole lot; n: one of 4**n parts of it.
    uint256 size;
    /// Index of the part.
    uint256 index;
}
