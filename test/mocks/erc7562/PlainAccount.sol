// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// One module, of one type, with the data for its `onInstall`.
struct Installation {
    uint256 moduleTypeId;
    address module;
    bytes initData;
}

/// @title The least that is an ERC-7579 account: OpenZeppelin's, with modules from its first block on
contract PlainAccount is AccountERC7579 {
    IEntryPoint private immutable ENTRY_POINT;
    bool private _initialized;

    error AlreadyInitialized();

    constructor(IEntryPoint entryPoint_) {
        ENTRY_POINT = entryPoint_;
    }

    /// @notice Installs modules, once. In the transaction that creates the account, or anybody may.
    function initialize(Installation[] calldata installations) external {
        if (_initialized) revert AlreadyInitialized();
        _initialized = true;
        for (uint256 i; i < installations.length; ++i) {
            _installModule(installations[i].moduleTypeId, installations[i].module, installations[i].initData);
        }
    }

    function entryPoint() public view override returns (IEntryPoint) {
        return ENTRY_POINT;
    }
}
