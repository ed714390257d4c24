// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {AccountDomain} from "../../../contracts/accounts/erc7579/AccountDomain.sol";

/// @title AccountDomain, to be asked from outside
contract AccountDomainHarness {
    function trySeparator(address account) external view returns (bool ok, bytes32 separator) {
        return AccountDomain.trySeparator(account);
    }
}
