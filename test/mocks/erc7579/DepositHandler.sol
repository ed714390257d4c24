// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC7579Module, MODULE_TYPE_FALLBACK} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title A fallback handler that keeps deposits, for the users of an account
/// @notice As ERC-7579 has it, an account that installed it appends the sender (ERC-2771) and is believed.
contract DepositHandler is IERC7579Module {
    IERC20 private immutable _TOKEN;

    mapping(address depositor => uint256) public depositOf;
    mapping(address account => bool) private _forwards;
    /// @notice How often it was knocked at.
    uint256 public knocks;

    constructor(IERC20 token) {
        _TOKEN = token;
    }

    function onInstall(bytes calldata) external {
        _forwards[msg.sender] = true;
    }

    function onUninstall(bytes calldata) external {
        _forwards[msg.sender] = false;
    }

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_FALLBACK;
    }

    /// @notice Notes a deposit of tokens that are here already.
    function note(address depositor, uint256 amount) external {
        depositOf[depositor] += amount;
    }

    /// @notice Pays the sender's deposit out.
    function withdraw(address to, uint256 amount) external {
        depositOf[_sender()] -= amount;
        require(_TOKEN.transfer(to, amount));
    }

    /// @notice Does not ask who calls.
    function knock() external {
        ++knocks;
    }

    function _sender() private view returns (address) {
        return _forwards[msg.sender] ? address(bytes20(msg.data[msg.data.length - 20:])) : msg.sender;
    }
}
