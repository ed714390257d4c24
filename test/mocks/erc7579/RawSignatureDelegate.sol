// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {DelegateAccount} from "./DelegateAccount.sol";

/// @title A delegate whose ERC-1271 also takes the EOA's own signature over the bare hash, as before it delegated
contract RawSignatureDelegate is DelegateAccount {
    constructor(IEntryPoint entryPoint_) DelegateAccount(entryPoint_) {}

    function isValidSignature(bytes32 hash, bytes calldata signature) public view override returns (bytes4) {
        return
            _rawSignatureValidation(hash, signature)
                ? this.isValidSignature.selector
                : super.isValidSignature(hash, signature);
    }
}
