// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {PaymentUserOp} from "../../../contracts/accounts/erc7579/PaymentUserOp.sol";
import {Carried} from "../../../contracts/types/Session.sol";

/// @title PaymentUserOp, to be asked from outside
contract PaymentUserOpHarness {
    function tryReadCall(
        bytes calldata callData
    ) external pure returns (bool ok, address token, address to, uint256 amount) {
        return PaymentUserOp.tryReadCall(callData);
    }

    function tryReadSignature(
        bytes calldata signature,
        address account
    )
        public
        pure
        returns (
            bool ok,
            bytes32 id,
            bytes memory packed,
            bytes memory grant,
            uint256 period,
            bytes memory keySignature
        )
    {
        Carried memory carried;
        carried.session.account = account;
        (ok, packed, grant) = PaymentUserOp.tryReadSignature(carried, signature);
        if (!ok) return (ok, id, "", "", 0, "");
        id = carried.id;
        period = PaymentUserOp.periodIn(signature);
        keySignature = PaymentUserOp.keySignatureIn(signature);
    }

    /// @notice The same of a signature behind which other bytes stand, as they do in the middle of a calldata.
    function tryReadSignatureBefore(
        bytes calldata signature,
        bytes calldata,
        bytes calldata
    )
        external
        pure
        returns (
            bool ok,
            bytes32 id,
            bytes memory packed,
            bytes memory grant,
            uint256 period,
            bytes memory keySignature
        )
    {
        return tryReadSignature(signature, address(0));
    }

    /// @notice For each of many callData that differ from `original` in one word, what becomes of them: 0 refused; 1
    /// read, as Solidity's own decoder reads them; 2 read as something else; 3 reverted.
    /// @param positions Which 32 bytes of each: where they begin, in bytes.
    /// @param words What they are instead.
    function verdicts(
        bytes calldata original,
        uint256[] calldata positions,
        bytes32[] calldata words
    ) external view returns (uint8[] memory found) {
        found = new uint8[](positions.length);
        bytes memory changed = original;
        for (uint256 i; i < positions.length; ++i) {
            bytes32 before = _exchange(changed, positions[i], words[i]);
            found[i] = _verdictOfCall(changed);
            _exchange(changed, positions[i], before);
        }
    }

    function encodeCall(address token, address to, uint256 amount) public pure returns (bytes memory callData) {
        bytes memory transfer = abi.encodeCall(IERC20.transfer, (to, amount));
        return abi.encodeCall(IERC7579Execution.execute, (bytes32(0), abi.encodePacked(token, uint256(0), transfer)));
    }

    function _verdictOfCall(bytes memory callData) private view returns (uint8) {
        try this.tryReadCall(callData) returns (bool ok, address token, address to, uint256 amount) {
            if (!ok) return 0;
            return keccak256(encodeCall(token, to, amount)) == keccak256(callData) ? 1 : 2;
        } catch {
            return 3;
        }
    }

    function _exchange(bytes memory where, uint256 position, bytes32 word) private pure returns (bytes32 before) {
        require(position + 32 <= where.length, "no such word");
        assembly ("memory-safe") {
            let at := add(add(where, 32), position)
            before := mload(at)
            mstore(at, word)
        }
    }
}
