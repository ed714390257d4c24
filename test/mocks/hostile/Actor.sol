// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// One call that an actor makes when its time comes.
struct Step {
    address target;
    uint256 value;
    bytes data;
}

/// @title A contract that does what a test wrote into it, whenever anybody gives it a chance
/// @notice It stands for whatever is hostile: a recipient with a hook, a router with an old approval, a key that
/// is a contract, a target that calls back.
contract Actor {
    Step[] private _steps;
    bool private _forgiving;

    /// @notice What the last failed step of a forgiving actor reverted with.
    bytes public failure;
    /// @notice How often the actor had its chance.
    uint256 public turns;

    /// @param forgiving Whether a step that fails is passed over; otherwise it reverts the whole.
    function prepare(Step[] calldata steps, bool forgiving) external {
        delete _steps;
        for (uint256 i; i < steps.length; ++i) _steps.push(steps[i]);
        _forgiving = forgiving;
        delete failure;
        turns = 0;
    }

    /// @notice The chance as an action: two words of arguments, so that rules have something to read.
    function act(uint256 first, uint256 second) external payable returns (uint256) {
        _run();
        return first + second;
    }

    /// @notice The chance as a token's hook.
    function onTransfer() external {
        _run();
    }

    /// @notice The chance as a recipient of native coin.
    receive() external payable {
        _run();
    }

    /// @dev The steps are taken off first, so that a step that comes back here finds none.
    function _run() private {
        ++turns;
        Step[] memory steps = _steps;
        delete _steps;
        for (uint256 i; i < steps.length; ++i) {
            (bool success, bytes memory answer) = steps[i].target.call{value: steps[i].value}(steps[i].data);
            if (success) continue;
            failure = answer;
            if (_forgiving) continue;
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}
