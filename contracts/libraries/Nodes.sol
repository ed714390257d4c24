// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {SessionBudget} from "../types/Session.sol";
import {Slot} from "../types/Slot.sol";
import {Permit2, PERMIT2} from "./Permit2.sol";
import {Slots} from "./Slots.sol";

/// @title Counting with Permit2's nonces
/// @notice Does for any ERC-20 what Slots does for tokens with EIP-3009. Permit2 sets the bit of a transfer's nonce,
/// then validates the signature with a STATICCALL to the account, then moves the money. Only the account can use up its
/// nonces, and anyone can read 256 of them at once. So each lot has one word of nonces, of which bits 1 to 255 are the
/// nodes of a binary tree: node 2**depth + index is worth perTransaction >> depth.
///
///     node 1: X
///     nodes 2, 3: X/2 each
///     nodes 4, 5, 6, 7: X/4 each, and so on, as deep as the budget has sizes
///
/// A node is valid while no node above it and no node below it is used. So no used node lies above another, and
/// together they are worth at most X. Payments of different sizes share a lot, in any order.
///
///     $1 per transaction, $20 per day, five sizes: 20 lots; nodes worth $1, $0.50, $0.25, $0.125, $0.0625. A signed
///     $0.20 uses node 4 of lot 0, worth $0.25. The next one uses node 5. A signed $0.40 uses node 3. Lot 0 is full.
///
/// Executions spend from the top as in Slots: no node of the lot that an execution's total newly reaches may be used,
/// and none is valid afterwards.
library Nodes {
    /// @notice The Permit2 nonce of a node: that of the lot's first slot (17 bytes of prefix, lot, and zeros) with the
    /// node's number in the last byte.
    /// @dev Unchecked like Slots.nonceOf: depth < MAX_SIZES and index < 2**depth.
    function nonceOf(bytes32 prefix, uint256 lot, uint256 depth, uint256 index) internal pure returns (uint256) {
        return uint256(Slots.nonceOf(prefix, lot, 0, 0)) | (1 << depth) | index;
    }

    /// @notice Whether a Permit2 transfer of up to `value` may settle with the node's nonce now.
    /// @param prefix The nonce prefix of the budget's current period, see Slots.
    /// @param budget A budget with at most MAX_SIZES sizes.
    /// @param spent What executions have spent from the budget in this period.
    /// @param node The node's lot, its depth as `size`, and its index at that depth.
    function isGood(
        address account,
        bytes32 prefix,
        SessionBudget memory budget,
        uint256 spent,
        Slot memory node,
        uint256 value
    ) internal view returns (bool) {
        uint256 depth = node.size;
        if (!Slots.isWithin(budget, spent, node, depth, value)) return false;
        (bool answered, uint256 used) = _usedNodes(account, prefix, node.lot);
        // The node's own bit is not looked at: it is set by the time of a settlement, and Permit2 allows that only
        // once.
        return answered && used & _relatives((1 << depth) | node.index) == 0;
    }

    /// @notice Reverts with LotOpened if any nonce of the lot is used.
    function requireUnused(address account, bytes32 prefix, address token, uint256 lot) internal view {
        (bool answered, uint256 used) = _usedNodes(account, prefix, lot);
        if (!answered) revert ISessionErrors.UnreadableToken(PERMIT2);
        if (used != 0) revert ISessionErrors.LotOpened(token, lot);
    }

    /// @dev The used nodes of a lot, as bits.
    function _usedNodes(
        address account,
        bytes32 prefix,
        uint256 lot
    ) private view returns (bool answered, uint256 used) {
        return Permit2.nonceBitmap(account, uint256(Slots.nonceOf(prefix, lot, 0, 0)) >> 8);
    }

    /// @dev The bits of all nodes above and below a node, which is 1 to 255.
    function _relatives(uint256 node) private pure returns (uint256 bits) {
        unchecked {
            for (uint256 above = node >> 1; above != 0; above >>= 1) {
                bits |= 1 << above;
            }
            // Below it are 2 nodes in a row, then 4, and so on.
            uint256 row = 2;
            for (uint256 first = node << 1; first < 256; first <<= 1) {
                bits |= ((1 << row) - 1) << first;
                row <<= 1;
            }
        }
    }
}
