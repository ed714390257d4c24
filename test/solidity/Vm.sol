// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @notice The cheatcodes of Hardhat's Solidity tests that the tests here need.
interface IVm {
    /// @notice Sets block.timestamp.
    function warp(uint256 timestamp) external;

    /// @notice Makes this address the sender of the next call.
    function prank(address sender) external;

    /// @notice Puts runtime code at an address.
    function etch(address target, bytes calldata code) external;

    /// @notice A file of the repository.
    function readFile(string calldata path) external view returns (string memory);

    /// @notice The bytes, written in hex, at a path of a JSON text.
    function parseJsonBytes(string calldata json, string calldata path) external pure returns (bytes memory);

    /// @notice The address of a private key.
    function addr(uint256 privateKey) external pure returns (address);

    /// @notice Signs a digest, with low s.
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    /// @notice Lets the next external call pass only if it reverts with exactly these bytes.
    function expectRevert(bytes calldata reason) external;
}

/// @dev Where test runners answer cheatcodes: the address of keccak256("hevm cheat code").
IVm constant vm = IVm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

/// @notice A number between `least` and `most`, both included, that depends on `seed`; often one of the two.
function between(uint256 seed, uint256 least, uint256 most) pure returns (uint256) {
    if (seed % 8 == 0) return least;
    if (seed % 8 == 1) return most;
    uint256 width = most - least;
    return width == type(uint256).max ? seed : least + ((seed >> 3) % (width + 1));
}

/// @notice Another number for each `place`, from one seed.
function pick(uint256 seed, uint256 place) pure returns (uint256) {
    return uint256(keccak256(abi.encode(seed, place)));
}
