// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MockToken} from "./MockToken.sol";

/// @title What a party to a transfer of HookToken may answer to
interface IHookParty {
    /// @notice Called before the tokens leave `from`.
    function tokensToSend(address from, address to, uint256 value) external;

    /// @notice Called after the tokens have reached `to`.
    function tokensReceived(address from, address to, uint256 value) external;
}

/// @title A token that calls sender and recipient, as ERC-777 does
/// @notice Each party registers who is called for it; a hook that reverts stops the transfer.
contract HookToken is MockToken {
    error NotEnough(uint256 value);

    /// @notice Who is called for a party; 0: nobody.
    mapping(address party => IHookParty) public hookOf;

    /// @notice Anyone may set anyone's hook: a test has no time for permissions.
    function setHook(address party, IHookParty hook) external {
        hookOf[party] = hook;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        if (!_move(msg.sender, to, value)) revert NotEnough(value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (!_moveAllowed(from, to, value)) revert NotEnough(value);
        return true;
    }

    function _move(address from, address to, uint256 value) internal override returns (bool moved) {
        if (address(hookOf[from]) != address(0)) hookOf[from].tokensToSend(from, to, value);
        moved = super._move(from, to, value);
        if (moved && address(hookOf[to]) != address(0)) hookOf[to].tokensReceived(from, to, value);
    }
}
