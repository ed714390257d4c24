// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// Where in a period's budget an authorization is.
struct Slot {
    uint256 lot;
    /// 0: the whole lot; n: one of 4**n parts of it.
    uint256 size;
    /// Which of the parts.
    uint256 index;
}
