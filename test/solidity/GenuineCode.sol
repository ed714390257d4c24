// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {vm} from "./Vm.sol";

/// @notice The code of others' contracts, as `npm run compile` takes it out of their packages.
library GenuineCode {
    string private constant FILE = "packages/devchain/dist/genuineCode.json";

    /// @notice Runtime or creation code, as the file has it.
    function codeOf(string memory name) internal view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(FILE), string.concat("$['", name, "'].code"));
    }

    /// @notice Deploys creation code that takes no arguments.
    function deploy(string memory name) internal returns (address deployed) {
        bytes memory code = codeOf(name);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), name);
    }
}
