// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IHookParty} from "./HookToken.sol";

/// @title Makes the calls that it was told to make, when it is called, paid or given tokens
/// @notice The other side of every reentrancy: name it as a recipient, as an action's target or as a hook.
contract Caller is IHookParty {
    struct Planned {
        address target;
        uint256 value;
        bytes data;
    }

    Planned[] private _planned;
    /// @notice Whether a planned call that fails is passed over.
    bool public forgiving;
    /// @notice How many of the planned calls succeeded, and how many failed.
    uint256 public succeeded;
    uint256 public failed;
    /// @notice What the last of them returned, or reverted with.
    bytes public lastReturned;

    receive() external payable {
        _callAll();
    }

    fallback() external payable {
        _callAll();
    }

    function tokensToSend(address, address, uint256) external {
        _callAll();
    }

    function tokensReceived(address, address, uint256) external {
        _callAll();
    }

    /// @notice Adds a call. Each is made once, at the next occasion, the latest first.
    function plan(address target, uint256 value, bytes calldata data) external {
        _planned.push(Planned(target, value, data));
    }

    function setForgiving(bool yes) external {
        forgiving = yes;
    }

    function _callAll() private {
        // Taken off before it is made, so that a call that leads back here does not repeat itself.
        while (_planned.length != 0) {
            Planned memory next = _planned[_planned.length - 1];
            _planned.pop();
            (bool success, bytes memory returned) = next.target.call{value: next.value}(next.data);
            lastReturned = returned;
            if (success) {
                succeeded++;
            } else if (forgiving) {
                failed++;
            } else {
                assembly ("memory-safe") {
                    revert(add(returned, 32), mload(returned))
                }
            }
        }
    }
}
