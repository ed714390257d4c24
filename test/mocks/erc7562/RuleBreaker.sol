// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IERC7579Validator, MODULE_TYPE_VALIDATOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// What a validator does while it validates. The first eight keep ERC-7562, the others break it.
enum Conduct {
    NOTHING,
    ACCOUNT_INNERMOST,
    LAST_ASSOCIATED_SLOT,
    SLOT_THAT_IS_THE_ACCOUNT,
    ACCOUNTS_OWN_STORAGE,
    TRANSIENT_ASSOCIATED,
    GAS_FOR_A_CALL,
    P256VERIFY,
    FOREIGN_READ,
    FOREIGN_WRITE,
    ACCOUNT_OUTERMOST,
    SLOT_TOO_FAR,
    ANOTHER_ACCOUNTS,
    TRANSIENT_FOREIGN,
    TIMESTAMP,
    NUMBER,
    ORIGIN,
    GASPRICE,
    BASEFEE,
    BLOCKHASH,
    COINBASE,
    PREVRANDAO,
    GASLIMIT,
    BLOBBASEFEE,
    GAS_TO_LOOK_AT,
    BALANCE,
    SELFBALANCE,
    CREATE,
    CREATE2,
    OUT_OF_GAS,
    INVALID,
    CALL_TO_NO_CODE,
    CODE_SIZE_OF_NO_CODE,
    VALUE,
    ENTRY_POINT_VIEW,
    ENTRY_POINT_DEPOSIT,
    UNKNOWN_PRECOMPILE
}

/// Something for a rule breaker to ask.
contract Bystander {
    mapping(address account => uint256) public balanceOf;
    uint256 public rate = 1;

    /// Never ends.
    function spin() external pure {
        while (true) {}
    }

    /// Ends in the opcode that takes all gas and is invalid.
    function give() external pure {
        assembly {
            invalid()
        }
    }

    receive() external payable {}
}

/// @title A validator that accepts everything, and does one thing before
/// @notice For the check of ERC-7562's rules: each thing that the rules forbid must be seen, each that they allow not.
contract RuleBreaker is IERC7579Validator {
    Conduct private immutable CONDUCT;
    Bystander private immutable BYSTANDER = new Bystander();

    mapping(bytes32 id => mapping(address account => uint256[200])) private _accountInnermost;
    mapping(address account => mapping(bytes32 id => uint256)) private _accountOutermost;
    uint256 private _own;
    /// What was read goes here, so that the compiler leaves no read out.
    event Seen(uint256 value);

    constructor(Conduct conduct) {
        CONDUCT = conduct;
    }

    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR;
    }

    function isValidSignatureWithSender(address, bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }

    function validateUserOp(PackedUserOperation calldata userOp, bytes32) external returns (uint256) {
        emit Seen(_storage(userOp.sender) + _environment() + _calls(userOp.sender));
        return 0;
    }

    function _storage(address account) private returns (uint256 seen) {
        bytes32 id = bytes32(uint256(7));
        uint256[200] storage slots = _accountInnermost[id][account];
        if (CONDUCT == Conduct.ACCOUNT_INNERMOST) slots[0] += 1;
        if (CONDUCT == Conduct.LAST_ASSOCIATED_SLOT) seen = slots[128];
        if (CONDUCT == Conduct.SLOT_TOO_FAR) seen = slots[129];
        if (CONDUCT == Conduct.ANOTHER_ACCOUNTS) seen = _accountInnermost[id][address(this)][0];
        if (CONDUCT == Conduct.ACCOUNT_OUTERMOST) seen = _accountOutermost[account][id];
        if (CONDUCT == Conduct.FOREIGN_READ) seen = BYSTANDER.rate();
        if (CONDUCT == Conduct.FOREIGN_WRITE) _own = 1;
        assembly ("memory-safe") {
            id := slots.slot
        }
        if (CONDUCT == Conduct.TRANSIENT_ASSOCIATED) _touchTransient(id);
        if (CONDUCT == Conduct.TRANSIENT_FOREIGN) _touchTransient(bytes32(uint256(1)));
        if (CONDUCT == Conduct.SLOT_THAT_IS_THE_ACCOUNT) {
            assembly ("memory-safe") {
                seen := sload(account)
            }
        }
        if (CONDUCT == Conduct.ACCOUNTS_OWN_STORAGE) {
            seen = IERC7579ModulesOf(account).isModuleInstalled(MODULE_TYPE_VALIDATOR, address(this), "") ? 1 : 0;
        }
    }

    function _touchTransient(bytes32 slot) private {
        assembly ("memory-safe") {
            tstore(slot, add(tload(slot), 1))
        }
    }

    function _environment() private view returns (uint256) {
        if (CONDUCT == Conduct.TIMESTAMP) return block.timestamp;
        if (CONDUCT == Conduct.NUMBER) return block.number;
        // solhint-disable-next-line avoid-tx-origin
        if (CONDUCT == Conduct.ORIGIN) return uint160(tx.origin);
        if (CONDUCT == Conduct.GASPRICE) return tx.gasprice;
        if (CONDUCT == Conduct.BASEFEE) return block.basefee;
        if (CONDUCT == Conduct.BLOCKHASH) return uint256(blockhash(12));
        if (CONDUCT == Conduct.COINBASE) return uint160(address(block.coinbase));
        if (CONDUCT == Conduct.PREVRANDAO) return block.prevrandao;
        if (CONDUCT == Conduct.GASLIMIT) return block.gaslimit;
        if (CONDUCT == Conduct.BLOBBASEFEE) return block.blobbasefee;
        if (CONDUCT == Conduct.GAS_TO_LOOK_AT) return gasleft();
        if (CONDUCT == Conduct.BALANCE) return address(BYSTANDER).balance;
        if (CONDUCT == Conduct.SELFBALANCE) return address(this).balance;
        if (CONDUCT == Conduct.CODE_SIZE_OF_NO_CODE) return address(0xdead).code.length;
        return 0;
    }

    function _calls(address account) private returns (uint256 seen) {
        bool success;
        bytes memory answer;
        if (CONDUCT == Conduct.GAS_FOR_A_CALL) seen = BYSTANDER.balanceOf(account);
        if (CONDUCT == Conduct.P256VERIFY) (success, answer) = address(0x100).staticcall("");
        if (CONDUCT == Conduct.CREATE) seen = uint160(address(new Bystander()));
        if (CONDUCT == Conduct.CREATE2) seen = uint160(address(new Bystander{salt: bytes32(0)}()));
        if (CONDUCT == Conduct.OUT_OF_GAS) try BYSTANDER.spin{gas: 5_000}() {} catch {}
        if (CONDUCT == Conduct.INVALID) try BYSTANDER.give{gas: 5_000}() {} catch {}
        if (CONDUCT == Conduct.CALL_TO_NO_CODE) (success, answer) = address(0xdead).call("");
        if (CONDUCT == Conduct.UNKNOWN_PRECOMPILE) (success, answer) = address(0x12).staticcall("");
        if (CONDUCT == Conduct.VALUE) (success, answer) = address(BYSTANDER).call{value: 1}("");
        if (CONDUCT == Conduct.ENTRY_POINT_VIEW) seen = IAccountWithEntryPoint(account).entryPoint().balanceOf(account);
        if (CONDUCT == Conduct.ENTRY_POINT_DEPOSIT) {
            IAccountWithEntryPoint(account).entryPoint().depositTo{value: 1}(account);
        }
    }

    receive() external payable {}
}

/// What a rule breaker asks an account.
interface IERC7579ModulesOf {
    function isModuleInstalled(
        uint256 moduleTypeId,
        address module,
        bytes calldata context
    ) external view returns (bool);
}

/// What a rule breaker asks an account.
interface IAccountWithEntryPoint {
    function entryPoint() external view returns (IEntryPoint);
}
