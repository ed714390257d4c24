// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {vm} from "./Vm.sol";

/// @notice Compiled code, read instead of imported: what a test imports is compiled once more with it.
library Code {
    string private constant GENUINE = "packages/devchain/dist/genuineCode.json";

    /// @notice Others' code, as `npm run compile` takes it out of their packages: runtime or creation code.
    function genuine(string memory name) internal view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(GENUINE), string.concat("$['", name, "'].code"));
    }

    /// @notice Deploys others' creation code that takes no arguments.
    function deployGenuine(string memory name) internal returns (address) {
        return _create(genuine(name));
    }

    /// @notice Deploys a contract of this project that takes no arguments.
    /// @param source Where it is in the project, and its name: "contracts/SessionLens.sol/SessionLens".
    function deploy(string memory source) internal returns (address) {
        string memory artifact = vm.readFile(string.concat("artifacts/", source, ".json"));
        return _create(vm.parseJsonBytes(artifact, ".bytecode"));
    }

    function _create(bytes memory code) private returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }
}
