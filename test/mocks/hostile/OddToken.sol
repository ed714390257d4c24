// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

interface IHook {
    function onTransfer() external;
}

/// @title A token that moves money as any other and answers whatever a test wants
contract OddToken {
    struct Reply {
        bool scripted;
        bool fails;
        bytes bytes_;
    }

    mapping(address account => uint256) private _balances;
    mapping(address account => mapping(address spender => uint256)) private _allowances;
    mapping(address account => mapping(bytes32 nonce => bool)) private _used;
    mapping(bytes4 selector => Reply) private _replies;

    /// @notice Whether `transfer` and `approve` do anything.
    bool public idle;
    /// @notice Whom a transfer tells, in the middle of it; 0: nobody.
    address public hook;

    /// @notice From now on the function does what it does and then answers `answer`, or reverts with it.
    function script(bytes4 selector, bool fails, bytes calldata answer) external {
        _replies[selector] = Reply(true, fails, answer);
    }

    function setIdle(bool idle_) external {
        idle = idle_;
    }

    function setHook(address hook_) external {
        hook = hook_;
    }

    function mint(address account, uint256 amount) external {
        _balances[account] += amount;
    }

    function setUsed(address account, bytes32 nonce, bool used) external {
        _used[account][nonce] = used;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        if (!idle) _move(msg.sender, to, amount);
        return _answer(1) != 0;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _allowances[from][msg.sender] -= amount;
        _move(from, to, amount);
        return _answer(1) != 0;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        if (!idle) _allowances[msg.sender][spender] = amount;
        return _answer(1) != 0;
    }

    function balanceOf(address account) external view returns (uint256) {
        return _answer(_balances[account]);
    }

    function allowance(address account, address spender) external view returns (uint256) {
        return _answer(_allowances[account][spender]);
    }

    function authorizationState(address account, bytes32 nonce) external view returns (bool) {
        return _answer(_used[account][nonce] ? 1 : 0) != 0;
    }

    function _move(address from, address to, uint256 amount) private {
        _balances[from] -= amount;
        if (hook != address(0)) IHook(hook).onTransfer();
        _balances[to] += amount;
    }

    /// @dev Ends the call, if the test has written an answer.
    function _answer(uint256 usual) private view returns (uint256) {
        Reply memory reply = _replies[msg.sig];
        if (!reply.scripted) return usual;
        bytes memory bytes_ = reply.bytes_;
        bool fails = reply.fails;
        assembly ("memory-safe") {
            if fails {
                revert(add(bytes_, 32), mload(bytes_))
            }
            return(add(bytes_, 32), mload(bytes_))
        }
    }
}
