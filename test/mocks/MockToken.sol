// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title The books of the tokens of the tests: balances and allowances, without an opinion on what to answer
/// @dev Anyone may mint. Never use it outside of tests.
abstract contract MockToken {
    uint256 public totalSupply;
    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    /// @dev False, and nothing moved, where the balance is too small.
    function _move(address from, address to, uint256 value) internal virtual returns (bool) {
        if (balanceOf[from] < value) return false;
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
        return true;
    }

    function _approve(address owner, address spender, uint256 value) internal {
        allowance[owner][spender] = value;
        emit Approval(owner, spender, value);
    }

    /// @dev False, and nothing moved, where the allowance or the balance is too small.
    function _moveAllowed(address from, address to, uint256 value) internal returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < value || !_move(from, to, value)) return false;
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
        return true;
    }
}
