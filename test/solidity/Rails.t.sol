// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISessionLens} from "../../contracts/interfaces/ISessionLens.sol";
import {ISessionModule} from "../../contracts/interfaces/ISessionModule.sol";
import {
    Call,
    EIP_3009,
    PERMIT2_EXACT,
    PERMIT2_UPTO,
    Session,
    SessionAction,
    SessionBudget
} from "../../contracts/types/Session.sol";
import {HookToken, IHookParty} from "../mocks/HookToken.sol";
import {IPullable, Puller} from "../mocks/Puller.sol";
import {
    ISignatureTransfer,
    X402ExactProxyStandIn,
    X402UptoProxyStandIn
} from "../../packages/devchain/contracts/X402ProxyStandIn.sol";
import {Code} from "./Code.sol";
import {between, pick, vm} from "./Vm.sol";

interface ISafe141 {
    function setup(
        address[] calldata owners,
        uint256 threshold,
        address to,
        bytes calldata data,
        address handler,
        address paymentToken,
        uint256 payment,
        address payable paymentReceiver
    ) external;
    function enableModule(address module) external;
    /// @notice Of its handler's.
    function setSessionModule(address module) external;
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);
}

interface ISafeProxyFactory {
    function createProxyWithNonce(address singleton, bytes memory initializer, uint256 salt) external returns (address);
}

interface IUsdc {
    function initialize(
        string memory,
        string memory,
        string memory,
        uint8,
        address masterMinter,
        address,
        address,
        address
    ) external;
    function initializeV2(string calldata) external;
    function initializeV2_1(address) external; // solhint-disable-line func-name-mixedcase
    function initializeV2_2(address[] calldata, string calldata) external; // solhint-disable-line func-name-mixedcase
    function configureMinter(address minter, uint256 allowance) external returns (bool);
    function mint(address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
    function transfer(address to, uint256 amount) external returns (bool);
    function balanceOf(address holder) external view returns (uint256);
    function DOMAIN_SEPARATOR() external view returns (bytes32); // solhint-disable-line func-name-mixedcase
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}

interface IPermit2Nonces {
    function invalidateUnorderedNonces(uint256 word, uint256 mask) external;
    function DOMAIN_SEPARATOR() external view returns (bytes32); // solhint-disable-line func-name-mixedcase
}

address constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
address constant X402_EXACT = 0x402085c248EeA27D92E8b30b2C58ed07f9E20001;
address constant X402_UPTO = 0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002;

/// @notice The key of one session, in the hands of a thief who has every tool: payments, batches, a contract that pulls
/// by old approvals, signed payments by EIP-3009 and by Permit2, a token that calls back in the middle of an execution.
/// The account is a genuine Safe 1.4.1. One budget is of genuine USDC with EIP-3009, one of genuine USDC at another
/// address with Permit2, one of the token that calls back, with Permit2 too.
contract Thief is IHookParty {
    uint256 private constant KEY = uint256(keccak256("key"));
    uint48 private constant START = 1_000_000;
    uint32 private constant PERIOD = 1000;
    uint128 private constant MOST = 1000;
    /// @dev Three lots and a half: few, so that a sequence uses them up.
    uint128 private constant A_PERIOD = 3500;
    address private constant PAYEE = address(0x9A1EE);
    address private constant FACILITATOR = address(0xFAC1);

    ISessionModule private immutable MODULE = ISessionModule(
        Code.deploy("contracts/accounts/safe/SafeSessionModule.sol/SafeSessionModule")
    );
    Puller private immutable PULLER = new Puller();
    HookToken private immutable HOSTILE = new HookToken();
    ISafe141 private immutable SAFE;
    /// @dev By its budget's index: 0 EIP-3009, 1 Permit2.
    IUsdc[2] private _usdc;
    Session private _session;
    bytes32 private immutable ID;
    /// @dev The session's bytes, and those without account and key.
    bytes private _packed;
    bytes private _packedOwn;

    /// @notice What left the account, by budget and period.
    mapping(uint256 budget => mapping(uint256 period => uint256)) public moved;
    mapping(uint256 budget => uint256) private _held;
    /// @dev What the hostile token does when it moves: a seed, or 0 for nothing.
    uint256 private _plot;
    /// @dev What other payments moved in the middle of the present call: each has a limit of its own.
    mapping(uint256 budget => uint256) private _settledInside;
    /// @dev What others pulled in the middle of the present call: no use of the session, which pays for it all the same
    /// where it measures what a call costs.
    mapping(uint256 budget => uint256) private _pulledByOthers;

    /// @notice What was broken first; empty: nothing.
    string public broken;
    /// @notice How often each thing was done that a session allows, so that a test can see that it was.
    mapping(string deed => uint256) public deeds;

    constructor() {
        vm.warp(START);
        vm.etch(PERMIT2, Code.genuine("Permit2"));
        vm.etch(X402_EXACT, address(new X402ExactProxyStandIn()).code);
        vm.etch(X402_UPTO, address(new X402UptoProxyStandIn()).code);
        // Where USDC's code was linked to it.
        vm.etch(0x800C32EaA2a6c93cF4CB51794450ED77fBfbB172, Code.genuine("USDC signatureChecker on ethereum"));
        bytes memory usdc = Code.genuine("USDC implementation on ethereum");
        for (uint160 i; i < 2; ++i) _usdc[i] = _newUsdc(address(0x05DC0 + i), usdc);

        SAFE = _newSafe();
        _session.account = address(SAFE);
        _session.key = vm.addr(KEY);
        _session.validAfter = START;
        _session.validUntil = START + 2 ** 30;
        _addBudget(address(_usdc[0]), EIP_3009, 3);
        _addBudget(address(_usdc[1]), PERMIT2_EXACT | PERMIT2_UPTO, 4);
        _addBudget(address(HOSTILE), PERMIT2_EXACT | PERMIT2_UPTO, 4);
        SessionAction storage action = _session.actions.push();
        action.target = address(PULLER);
        action.selector = Puller.pullFrom.selector;
        ISessionLens lens = ISessionLens(Code.deploy("contracts/SessionLens.sol/SessionLens"));
        ID = lens.hash(_session);
        _packed = lens.pack(_session);
        // Without account and key, 20 bytes each.
        bytes memory own = new bytes(_packed.length - 40);
        for (uint256 i; i < own.length; ++i) own[i] = _packed[40 + i];
        _packedOwn = own;
        vm.prank(address(SAFE));
        MODULE.enable(_packed);

        HOSTILE.mint(address(SAFE), 2 ** 100);
        vm.prank(address(SAFE));
        HOSTILE.approve(PERMIT2, type(uint256).max);
        HOSTILE.setHook(address(SAFE), this);
        for (uint256 i; i < 3; ++i) _held[i] = _balance(i);
    }

    /* THE TOOLS */

    /// @notice One payment.
    function pay(uint256 seed) external watched {
        _pay(seed);
    }

    /// @notice A batch of payments, pulls by an old approval, and payments in the token that calls back.
    function execute(uint256 seed, uint256 plot) external watched {
        _plot = plot;
        _execute(seed);
        _plot = 0;
    }

    /// @notice A signed payment by EIP-3009.
    function settle(uint256 seed) external watched {
        _settle(seed);
    }

    /// @notice A signed payment by Permit2, also in the token that calls back.
    function settleByPermit2(uint256 seed, uint256 plot) external watched {
        _plot = plot;
        _settleByPermit2(seed);
        _plot = 0;
    }

    /// @notice The owner uses up nonces of Permit2's.
    function burn(uint256 seed) external watched {
        uint256 nonce = MODULE.nodeNonce(ID, 1, _period(), pick(seed, 0) % 5, 0, 0);
        vm.prank(address(SAFE));
        IPermit2Nonces(PERMIT2).invalidateUnorderedNonces(nonce >> 8, 1 << (pick(seed, 1) % 256));
    }

    /// @notice The owner pauses the session, or lets it go on.
    function pause(uint256 seed) external watched {
        vm.prank(address(SAFE));
        if (seed % 4 == 0) MODULE.pause(ID);
        else MODULE.resume(ID);
    }

    /// @notice Time passes: seconds, or up to two periods.
    function wait(uint256 seed) external {
        vm.warp(block.timestamp + (seed % 16 == 0 ? between(pick(seed, 0), 1, 2 * PERIOD) : between(seed, 1, 20)));
    }

    /// @inheritdoc IHookParty
    function tokensToSend(address, address, uint256) external {
        if (msg.sender != address(HOSTILE) || _plot == 0) return;
        uint256 plot = _plot;
        // Not again in the middle of what it does now.
        _plot = 0;
        uint256[3] memory before = [_balance(0), _balance(1), _balance(2)];
        uint256 tool = plot % 5;
        if (tool == 0) _settle(plot);
        else if (tool == 1) _settleByPermit2(plot);
        else if (tool == 2) _pay(plot);
        else if (tool == 3)
            _execute(plot);
            // What the account had approved to somebody, without the session.
        else PULLER.pullFrom(IPullable(address(_usdc[plot % 2])), address(SAFE), PAYEE, MOST / 10);
        for (uint256 i; i < 3; ++i) {
            uint256 fell = before[i] - _balance(i);
            if (tool < 4) _settledInside[i] += fell;
            if (tool == 4) _pulledByOthers[i] += fell;
        }
    }

    /// @inheritdoc IHookParty
    function tokensReceived(address, address, uint256) external pure {}

    /* WHAT THEY DO */

    function _pay(uint256 seed) private {
        uint256 budget = pick(seed, 0) % 3;
        vm.prank(_session.key);
        try MODULE.pay(_packed, "", _session.budgets[budget].token, PAYEE, _amount(pick(seed, 1))) {
            deeds["pay"]++;
        } catch {}
    }

    function _execute(uint256 seed) private {
        Call[] memory calls = new Call[](1 + (pick(seed, 0) % 3));
        for (uint256 i; i < calls.length; ++i) {
            uint256 kind = pick(seed, 10 + i) % 8;
            uint256 amount = _amount(pick(seed, 20 + i)) / calls.length;
            if (kind < 3) {
                calls[i] = Call(_session.budgets[kind].token, 0, abi.encodeCall(IUsdc.transfer, (PAYEE, amount)));
            } else if (kind < 6) {
                calls[i] = Call(address(HOSTILE), 0, abi.encodeCall(IUsdc.transfer, (PAYEE, amount)));
            } else {
                IPullable token = IPullable(address(_usdc[kind - 6]));
                bytes memory data = abi.encodeCall(Puller.pullFrom, (token, address(SAFE), PAYEE, amount));
                calls[i] = Call(address(PULLER), 0, data);
            }
        }
        vm.prank(_session.key);
        try MODULE.execute(_packed, "", calls) {
            deeds["execute"]++;
        } catch {}
    }

    function _settle(uint256 seed) private {
        (uint256 lot, uint256 size, uint256 index) = (pick(seed, 0) % 5, pick(seed, 1) % 4, 0);
        if (pick(seed, 2) % 2 == 0) index = pick(seed, 3) % (1 << (2 * size));
        uint256 value = pick(seed, 4) % 4 == 0 ? _amount(pick(seed, 5)) : MOST >> (2 * size);
        bytes32 nonce = MODULE.slotNonce(ID, 0, _period(), lot, size, index);
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901",
                _usdc[0].DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256(
                            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
                            "uint256 validBefore,bytes32 nonce)"
                        ),
                        SAFE,
                        PAYEE,
                        value,
                        0,
                        type(uint48).max,
                        nonce
                    )
                )
            )
        );
        bytes memory payload = _payload(0, [lot, size, index, value], hex"01", digest);
        bool accepted = _accepts(digest, payload);
        try _usdc[0].transferWithAuthorization(address(SAFE), PAYEE, value, 0, type(uint48).max, nonce, payload) {
            deeds["settle"]++;
            if (!accepted) _break("the account rejected before USDC asked, and accepted then");
        } catch {}
    }

    /// @dev As a facilitator asks before it settles. A Safe rejects by a revert.
    function _accepts(bytes32 digest, bytes memory payload) private view returns (bool) {
        try SAFE.isValidSignature(digest, payload) returns (bytes4 answer) {
            return answer == 0x1626ba7e;
        } catch {
            return false;
        }
    }

    function _settleByPermit2(uint256 seed) private {
        uint256 depth = pick(seed, 1) % 5;
        uint256 index = pick(seed, 2) % (1 << depth);
        uint256 lot = pick(seed, 0) % 5;
        uint256 value = pick(seed, 4) % 4 == 0 ? _amount(pick(seed, 5)) : MOST >> depth;
        bool isExact = pick(seed, 6) % 2 == 0;
        ISignatureTransfer.PermitTransferFrom memory permit = ISignatureTransfer.PermitTransferFrom(
            ISignatureTransfer.TokenPermissions(_session.budgets[_of(seed)].token, value),
            MODULE.nodeNonce(ID, _of(seed), _period(), lot, depth, index),
            type(uint48).max
        );
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901",
                IPermit2Nonces(PERMIT2).DOMAIN_SEPARATOR(),
                isExact ? _exactHash(permit) : _uptoHash(permit)
            )
        );
        bytes32 named = keccak256(
            abi.encodePacked(
                hex"1901",
                _domainSeparator(),
                keccak256(abi.encode(keccak256("SignedPayment(address account,bytes32 digest)"), SAFE, digest))
            )
        );
        bytes memory method = isExact ? bytes(hex"04") : abi.encodePacked(hex"05", FACILITATOR);
        bytes memory payload = _payload(uint8(_of(seed)), [lot, depth, index, value], method, named);
        if (isExact) {
            try
                X402ExactProxyStandIn(X402_EXACT).settle(
                    permit,
                    address(SAFE),
                    X402ExactProxyStandIn.Witness(PAYEE, 0),
                    payload
                )
            {
                deeds["settle exact"]++;
            } catch {}
            return;
        }
        vm.prank(FACILITATOR);
        try
            X402UptoProxyStandIn(X402_UPTO).settle(
                permit,
                between(pick(seed, 7), 1, value == 0 ? 1 : value),
                address(SAFE),
                X402UptoProxyStandIn.Witness(PAYEE, FACILITATOR, 0),
                payload
            )
        {
            deeds["settle upto"]++;
        } catch {}
    }

    /// @dev The budget that a payment by Permit2 is made from.
    function _of(uint256 seed) private pure returns (uint256) {
        return 1 + (pick(seed, 9) % 2);
    }

    /* WHAT IS HELD AGAINST THE LIMITS */

    /// @dev Adds what a call took from the account to its period.
    modifier watched() {
        for (uint256 i; i < 3; ++i) _settledInside[i] = _pulledByOthers[i] = 0;
        _;
        uint256 period = _period();
        for (uint256 i; i < 3; ++i) {
            uint256 balance = _balance(i);
            uint256 fell = _held[i] - balance - _pulledByOthers[i];
            _held[i] = balance;
            moved[i][period] += fell;
            if (fell > MOST + _settledInside[i]) _break("more than perTransaction moved at once");
            if (moved[i][period] > A_PERIOD) _break("more than perPeriod moved in a period");
        }
    }

    function _break(string memory what) private {
        if (bytes(broken).length == 0) broken = what;
    }

    function _balance(uint256 budget) private view returns (uint256) {
        return IUsdc(_session.budgets[budget].token).balanceOf(address(SAFE));
    }

    function _period() private view returns (uint256) {
        return (block.timestamp - START) / PERIOD;
    }

    /// @dev Mostly the limit itself, where rules differ.
    function _amount(uint256 seed) private pure returns (uint256) {
        if (seed % 8 == 0) return MOST + 1;
        return seed % 8 < 5 ? MOST : pick(seed, 0) % MOST;
    }

    /* BYTES */

    /// @param node Lot, size or depth, index, and value.
    function _payload(
        uint8 budget,
        uint256[4] memory node,
        bytes memory method,
        bytes32 signed
    ) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, signed);
        return
            abi.encodePacked(
                abi.encodePacked(
                    hex"01",
                    budget,
                    _number(node[0]),
                    uint8(node[1]),
                    _number(node[2]),
                    // The first recipient.
                    hex"00",
                    _number(node[3]),
                    hex"00",
                    _number(type(uint48).max)
                ),
                method,
                r,
                bytes32(uint256(s) | (uint256(v - 27) << 255)),
                _packedOwn
            );
    }

    function _number(uint256 value) private pure returns (bytes memory bytes_) {
        uint256 length;
        while (length < 32 && value >> (8 * length) != 0) ++length;
        bytes_ = abi.encodePacked(uint8(length));
        for (uint256 i = length; i > 0; --i) bytes_ = abi.encodePacked(bytes_, uint8(value >> (8 * (i - 1))));
    }

    function _exactHash(ISignatureTransfer.PermitTransferFrom memory permit) private pure returns (bytes32) {
        return
            _permitHash(
                "Witness(address to,uint256 validAfter)",
                permit,
                X402_EXACT,
                keccak256(abi.encode(keccak256("Witness(address to,uint256 validAfter)"), PAYEE, 0))
            );
    }

    function _uptoHash(ISignatureTransfer.PermitTransferFrom memory permit) private pure returns (bytes32) {
        return
            _permitHash(
                "Witness(address to,address facilitator,uint256 validAfter)",
                permit,
                X402_UPTO,
                keccak256(
                    abi.encode(
                        keccak256("Witness(address to,address facilitator,uint256 validAfter)"),
                        PAYEE,
                        FACILITATOR,
                        0
                    )
                )
            );
    }

    function _permitHash(
        string memory witnessType,
        ISignatureTransfer.PermitTransferFrom memory permit,
        address spender,
        bytes32 witness
    ) private pure returns (bytes32) {
        string memory permissions = "TokenPermissions(address token,uint256 amount)";
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
                "Witness witness)",
                permissions,
                witnessType
            )
        );
        bytes32 permitted = keccak256(abi.encode(keccak256(bytes(permissions)), permit.permitted));
        return keccak256(abi.encode(typeHash, permitted, spender, permit.nonce, permit.deadline, witness));
    }

    function _domainSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("Latchkey"),
                    keccak256("1"),
                    block.chainid,
                    MODULE
                )
            );
    }

    /* THE BEGINNING */

    function _newUsdc(address place, bytes memory code) private returns (IUsdc usdc) {
        vm.etch(place, code);
        usdc = IUsdc(place);
        usdc.initialize("USD Coin", "USDC", "USD", 6, address(this), address(this), address(this), address(this));
        usdc.initializeV2("USD Coin");
        usdc.initializeV2_1(address(0x105));
        usdc.initializeV2_2(new address[](0), "USDC");
        usdc.configureMinter(address(this), type(uint256).max);
    }

    function _newSafe() private returns (ISafe141 safe) {
        address[] memory owners = new address[](1);
        owners[0] = vm.addr(uint256(keccak256("owner")));
        address handler = Code.deploy("contracts/accounts/safe/SafeSessionHandler.sol/SafeSessionHandler");
        bytes memory setup = abi.encodeCall(
            ISafe141.setup,
            (owners, 1, address(0), "", handler, address(0), 0, payable(0))
        );
        ISafeProxyFactory factory = ISafeProxyFactory(Code.deployGenuine("Safe 1.4.1 proxyFactory"));
        safe = ISafe141(factory.createProxyWithNonce(Code.deployGenuine("Safe 1.4.1 safe"), setup, 0));
        vm.prank(address(safe));
        safe.enableModule(address(MODULE));
        vm.prank(address(safe));
        safe.setSessionModule(address(MODULE));
        for (uint256 i; i < 2; ++i) {
            _usdc[i].mint(address(safe), 2 ** 100);
            vm.prank(address(safe));
            _usdc[i].approve(i == 0 ? address(PULLER) : PERMIT2, type(uint256).max);
        }
        // An approval from before the session, of the token that Permit2 moves too.
        vm.prank(address(safe));
        _usdc[1].approve(PERMIT2, type(uint256).max);
        vm.prank(address(safe));
        _usdc[1].approve(address(PULLER), type(uint256).max);
    }

    function _addBudget(address token, uint8 signatures, uint8 sizes) private {
        SessionBudget storage budget = _session.budgets.push();
        budget.token = token;
        budget.perTransaction = MOST;
        budget.perPeriod = A_PERIOD;
        budget.period = PERIOD;
        budget.signatures = signatures;
        budget.sizes = sizes;
        budget.recipients.push(PAYEE);
    }
}

/// @notice What holds after every sequence of the thief's calls.
contract RailsTest {
    Thief private _thief;

    function setUp() public {
        _thief = new Thief();
    }

    /// @notice The contracts whose functions are called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_thief);
    }

    /// @notice No transaction moves more than perTransaction, and no period more than perPeriod, over all rails.
    function invariant_limits() external view {
        require(bytes(_thief.broken()).length == 0, _thief.broken());
    }

    /// @notice Each tool works where a session allows it: else the sequences would say nothing.
    function test_everyToolWorks() external {
        string[5] memory deeds = ["pay", "execute", "settle", "settle exact", "settle upto"];
        for (uint256 seed; seed < 60; ++seed) {
            _thief.pay(pick(seed, 0));
            _thief.execute(pick(seed, 1), pick(seed, 2));
            _thief.settle(pick(seed, 3));
            _thief.settleByPermit2(pick(seed, 4), pick(seed, 6));
            _thief.wait(pick(seed, 5));
        }
        for (uint256 i; i < deeds.length; ++i) require(_thief.deeds(deeds[i]) > 0, deeds[i]);
        require(bytes(_thief.broken()).length == 0, _thief.broken());
    }
}
