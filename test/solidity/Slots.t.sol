// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Budgets} from "../../contracts/libraries/Budgets.sol";
import {Meter} from "../../contracts/libraries/Meter.sol";
import {ANYONE, Session, SessionAction, SessionBudget} from "../../contracts/types/Session.sol";
import {Slots} from "../../contracts/libraries/Slots.sol";
import {Slot} from "../../contracts/types/Slot.sol";
import {ISessionErrors} from "../../contracts/interfaces/ISessionErrors.sol";
import {between, pick, vm} from "./Vm.sol";

/// @notice All that slots ask of a token: it remembers nonces.
contract NonceToken {
    mapping(address => mapping(bytes32 => bool)) public authorizationState;

    function use(address account, bytes32 nonce) external {
        authorizationState[account][nonce] = true;
    }
}

/// @notice Says the same bytes to every question, or refuses to say anything.
contract OneAnswer {
    bytes private _answer;
    bool private immutable REVERTS;

    constructor(bytes memory answer, bool reverts) {
        _answer = answer;
        REVERTS = reverts;
    }

    fallback() external {
        bytes memory answer = _answer;
        if (REVERTS) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }
}

/// @notice The libraries from outside, so that a test can see them revert.
contract SlotsDoor {
    function requireReachedLotUnopened(
        address account,
        bytes32 id,
        uint256 budgetIndex,
        SessionBudget memory budget,
        uint256 period,
        uint256 spent,
        uint256 amount
    ) external view {
        (bool reached, uint256 lot) = Slots.reachedLot(budget, spent, amount);
        if (reached) Slots.requireUnopened(account, Slots.prefixOf(id, budgetIndex, period), budget, lot);
    }

    function charge(Session memory session, bytes32 id, Meter meter, uint256 amount) external view returns (Meter m) {
        (m, ) = Budgets.charge(session, id, 0, meter, amount);
    }
}

/// @notice The rule of the slots, against the same rule written out here.
contract SlotsTest {
    address private constant ACCOUNT = address(0xACC0);
    bytes32 private constant ID = keccak256("a session");
    uint256 private constant MOST = type(uint128).max;
    /// @dev What the nonces of budget 0 begin with, in periods 0 and 7.
    bytes32 private immutable FIRST = Slots.prefixOf(ID, 0, 0);
    bytes32 private immutable SEVENTH = Slots.prefixOf(ID, 0, 7);

    SlotsDoor private immutable DOOR = new SlotsDoor();
    NonceToken private _token;
    /// @dev Which openers are used, as the test remembers it.
    mapping(uint256 lot => mapping(uint256 size => bool)) private _opened;

    function setUp() public {
        _token = new NonceToken();
    }

    /* NONCES */

    function testFuzz_aNonceIsItsPeriodAndItsSlotOneBehindTheOther(
        bytes32 id,
        uint256 budget,
        uint256 period,
        uint256 seed
    ) public pure {
        Slot memory slot = _anySlot(seed);
        bytes32 nonce = Slots.nonceOf(Slots.prefixOf(id, budget, period), slot.lot, slot.size, slot.index);
        bytes17 prefix = bytes17(keccak256(abi.encode(id, budget, period)));
        bytes memory bytesOfIt = abi.encodePacked(
            prefix,
            uint32(slot.lot),
            uint8(slot.size),
            uint16(slot.index),
            uint64(0)
        );
        assert(bytesOfIt.length == 32 && nonce == bytes32(bytesOfIt));
    }

    function testFuzz_slotsThatDifferHaveDifferentNonces(uint256 one, uint256 other) public pure {
        Slot memory a = _anySlot(one);
        Slot memory b = _anySlot(other);
        // Alike but for one of the three, mostly.
        if (other % 4 != 0) b.lot = a.lot;
        if (other % 4 != 1) (b.size, b.index) = (a.size, other % 4 == 2 ? (a.index + 1) % 4 ** a.size : a.index);
        bool same = a.lot == b.lot && a.size == b.size && a.index == b.index;
        assert(same == (_nonce(a.lot, a.size, a.index) == _nonce(b.lot, b.size, b.index)));
    }

    function testFuzz_periodsThatDifferInAnythingHaveDifferentNonces(
        uint256[3] memory one,
        uint8 place,
        uint256 by
    ) public pure {
        uint256[3] memory other = [one[0], one[1], one[2]];
        other[place % 3] ^= by == 0 ? 1 : by;
        assert(
            Slots.prefixOf(bytes32(one[0]), one[1], one[2]) != Slots.prefixOf(bytes32(other[0]), other[1], other[2])
        );
    }

    /* AUTHORIZATIONS */

    /// @dev Lots, sizes and indices far outside, and dirty in their upper bits, too.
    function testFuzz_aSlotIsGoodExactlyByTheRule(uint256 seed) public {
        SessionBudget memory budget = _budget(seed);
        uint256 period = pick(seed, 10) % 2 ** 47;
        uint256 spent = between(pick(seed, 11), 0, budget.perPeriod);
        Slot memory slot = Slot(
            _lot(pick(seed, 12), budget, spent),
            _small(pick(seed, 13), budget.sizes),
            _small(pick(seed, 14), 5)
        );
        uint256 burns = pick(seed, 15) % 4;
        for (uint256 i; i < burns; ++i) {
            uint256 size = pick(seed, 20 + i) % (uint256(budget.sizes) + 1);
            _open(budget, period, slot.lot, pick(seed, 30 + i) % 3 == 0 ? slot.size : size);
        }
        uint256 worth = slot.size < 64 ? budget.perTransaction / 4 ** slot.size : 0;
        uint256 value = pick(seed, 16) % 3 == 0 ? worth + 1 : between(pick(seed, 17), 0, worth);

        bool good = Slots.isGood(ACCOUNT, Slots.prefixOf(ID, 0, period), budget, spent, slot, value);
        assert(good == _isGood(budget, spent, slot, value));
    }

    /// @dev No session with so many lots can be enabled, but a key may ask in the name of one that nobody enabled.
    function testFuzz_aLotThatANonceHasNoRoomForIsNeverGood(uint256 seed) public view {
        SessionBudget memory budget = _budget(seed);
        (budget.perTransaction, budget.perPeriod, budget.sizes) = (1, uint128(MOST), 1);
        uint256 lot = between(pick(seed, 12), 0, MOST - 1);
        uint256 first = pick(seed, 13) % 2 == 0 ? lot % 2 ** 32 : lot;
        assert(Slots.isGood(ACCOUNT, SEVENTH, budget, 0, Slot(first, 0, 0), 1) == (first < 2 ** 32));
        assert(Slots.isGood(ACCOUNT, SEVENTH, budget, 0, Slot(2 ** 32 - 1, 0, 0), 1));
        assert(!Slots.isGood(ACCOUNT, SEVENTH, budget, 0, Slot(2 ** 32, 0, 0), 1));
    }

    function testFuzz_aFreshLotBelowExecutionsTakesAnOpenerOfAnySize(uint256 seed) public view {
        SessionBudget memory budget = _budget(seed);
        uint256 lots = budget.perPeriod / budget.perTransaction;
        Slot memory slot = Slot(between(pick(seed, 12), 0, lots - 1), pick(seed, 13) % budget.sizes, 0);
        uint256 worth = budget.perTransaction / 4 ** slot.size;
        uint256 above = (slot.lot + 1) * budget.perTransaction;
        assert(Slots.isGood(ACCOUNT, SEVENTH, budget, budget.perPeriod - above, slot, worth));
        assert(!Slots.isGood(ACCOUNT, SEVENTH, budget, budget.perPeriod - above, slot, worth + 1));
        assert(!Slots.isGood(ACCOUNT, SEVENTH, budget, budget.perPeriod - above + 1, slot, worth));
    }

    function testFuzz_nonceOfAnotherPeriodOrBudgetOpensNothing(uint256 seed) public {
        SessionBudget memory budget = _budget(seed);
        Slot memory follower = Slot(0, budget.sizes > 1 ? 1 : 0, 1);
        if (budget.sizes == 1) return;
        _token.use(ACCOUNT, Slots.nonceOf(Slots.prefixOf(ID, 0, 6), 0, 1, 0));
        _token.use(ACCOUNT, Slots.nonceOf(Slots.prefixOf(ID, 1, 7), 0, 1, 0));
        _token.use(address(this), Slots.nonceOf(SEVENTH, 0, 1, 0));
        assert(!Slots.isGood(ACCOUNT, SEVENTH, budget, 0, follower, 0));
        _token.use(ACCOUNT, Slots.nonceOf(SEVENTH, 0, 1, 0));
        assert(Slots.isGood(ACCOUNT, SEVENTH, budget, 0, follower, 0));
    }

    /* EXECUTIONS */

    function testFuzz_anExecutionIsRefusedExactlyIfItReachesAnOpenedLot(uint256 seed) public {
        SessionBudget memory budget = _budget(seed);
        uint256 x = budget.perTransaction;
        uint256 spent = between(pick(seed, 11), 0, budget.perPeriod);
        uint256 left = budget.perPeriod - spent;
        uint256 amount = between(pick(seed, 12), 0, x < left ? x : left);
        // Around the lots that the execution could reach.
        uint256 around = left / x;
        for (uint256 i; i < 3; ++i) {
            uint256 lot = around + 1 >= i ? around + 1 - i : 0;
            if (pick(seed, 20 + i) % 3 == 0) _open(budget, 7, lot, pick(seed, 30 + i) % budget.sizes);
        }
        for (uint256 lot = (left - amount) / x; lot < left / x; ++lot) {
            for (uint256 size; size < budget.sizes; ++size) {
                if (!_opened[lot][size]) continue;
                vm.expectRevert(abi.encodeWithSelector(ISessionErrors.LotOpened.selector, address(_token), lot));
                DOOR.requireReachedLotUnopened(ACCOUNT, ID, 0, budget, 7, spent, amount);
                return;
            }
        }
        DOOR.requireReachedLotUnopened(ACCOUNT, ID, 0, budget, 7, spent, amount);
    }

    /* BOTH */

    /// @dev Sixty-four steps of executions, payments in slots, and nonces burnt by others, in one period.
    function testFuzz_executionsAndPaymentsTogetherNeverPassPerPeriod(uint256 seed) public {
        Session memory session = _session(_budget(seed));
        SessionBudget memory budget = session.budgets[0];
        uint256 x = budget.perTransaction;
        uint256 lots = between(pick(seed, 9), 1, 6);
        // Few lots and some rest, so that the two ends meet.
        uint256 perPeriod = x * lots + (x > 1 ? pick(seed, 8) % x : 0);
        budget.perPeriod = perPeriod > MOST ? uint128(MOST) : uint128(perPeriod);
        vm.warp(1);
        Meter meter = Meter.wrap(0);
        uint256 settled;
        for (uint256 step; step < 64; ++step) {
            uint256 dice = pick(seed, 100 + step);
            if (dice % 8 == 0) {
                uint256 amount = between(dice >> 8, 1, x);
                try DOOR.charge(session, ID, meter, amount) returns (Meter charged) {
                    meter = charged;
                } catch {}
            } else {
                Slot memory slot = Slot((dice >> 8) % (lots + 1), (dice >> 16) % (uint256(budget.sizes) + 1), 0);
                slot.index = (dice >> 24) % 2 == 0 ? 0 : (dice >> 32) % (4 ** slot.size + 1);
                bytes32 nonce = _nonce(slot.lot, slot.size, slot.index);
                if (_token.authorizationState(ACCOUNT, nonce)) continue;
                uint256 worth = x / 4 ** slot.size;
                bool good = Slots.isGood(ACCOUNT, FIRST, budget, meter.spentIn(0), slot, worth);
                if (good) settled += worth;
                if (good || dice % 8 == 1) _token.use(ACCOUNT, nonce);
            }
            assert(meter.spentIn(0) + settled <= budget.perPeriod);
        }
    }

    /* TOKENS THAT ANSWER ODDLY */

    function test_onlyAClearYesOrNoOfTheTokenIsAnAnswer() public {
        _expectAnswer(abi.encode(0), false, true, false);
        _expectAnswer(abi.encode(1), false, true, true);
        _expectAnswer(abi.encode(1, 1), false, true, true);
        _expectAnswer(abi.encode(2), false, false, false);
        _expectAnswer(abi.encode(type(uint256).max), false, false, false);
        _expectAnswer(abi.encode(uint256(1) << 255), false, false, false);
        _expectAnswer(hex"", false, false, false);
        _expectAnswer(hex"01", false, false, false);
        _expectAnswer(new bytes(31), false, false, false);
        _expectAnswer(abi.encode(1), true, false, false);
        _expectAnswer(abi.encode(0), true, false, false);
        (bool answered, bool used) = Slots.authorizationState(address(0xDEAD), ACCOUNT, ID);
        assert(!answered && !used);
    }

    function test_aTokenThatDoesNotAnswerStopsBothRails() public {
        SessionBudget memory budget = _budget(0);
        (budget.perTransaction, budget.perPeriod, budget.sizes) = (16, 64, 3);
        budget.token = address(new OneAnswer(hex"", false));
        assert(!Slots.isGood(ACCOUNT, FIRST, budget, 0, Slot(0, 0, 0), 1));
        vm.expectRevert(abi.encodeWithSelector(ISessionErrors.UnreadableToken.selector, budget.token));
        DOOR.requireReachedLotUnopened(ACCOUNT, ID, 0, budget, 0, 0, 16);
    }

    function _expectAnswer(bytes memory answer, bool reverts, bool answered, bool used) private {
        address token = address(new OneAnswer(answer, reverts));
        (bool isAnswer, bool isUsed) = Slots.authorizationState(token, ACCOUNT, ID);
        assert(isAnswer == answered && isUsed == used);
    }

    /* THE RULE, WRITTEN OUT */

    function _isGood(
        SessionBudget memory budget,
        uint256 spent,
        Slot memory slot,
        uint256 value
    ) private view returns (bool) {
        uint256 x = budget.perTransaction;
        if (slot.size >= budget.sizes) return false;
        if (value > x / 4 ** slot.size) return false;
        if (slot.index >= 4 ** slot.size) return false;
        if (slot.lot >= 2 ** 32 || (slot.lot + 1) * x > budget.perPeriod - spent) return false;
        for (uint256 size; size < budget.sizes; ++size) {
            if (size != slot.size && _opened[slot.lot][size]) return false;
        }
        return slot.index == 0 || _opened[slot.lot][slot.size];
    }

    /* MAKING */

    function _nonce(uint256 lot, uint256 size, uint256 index) private pure returns (bytes32) {
        return Slots.nonceOf(Slots.prefixOf(ID, 0, 0), lot, size, index);
    }

    /// @dev Any that a budget can have.
    function _anySlot(uint256 seed) private pure returns (Slot memory) {
        uint256 size = pick(seed, 41) % 8;
        return Slot(pick(seed, 40) % 2 ** 32, size, pick(seed, 42) % 4 ** size);
    }

    function _open(SessionBudget memory budget, uint256 period, uint256 lot, uint256 size) private {
        if (size >= budget.sizes) return;
        _opened[lot][size] = true;
        _token.use(ACCOUNT, Slots.nonceOf(Slots.prefixOf(ID, 0, period), lot, size, 0));
    }

    function _budget(uint256 seed) private view returns (SessionBudget memory budget) {
        budget.token = address(_token);
        budget.signatures = 1;
        budget.sizes = uint8(between(pick(seed, 1), 1, 8));
        uint256 least = 4 ** (uint256(budget.sizes) - 1);
        uint256 most = pick(seed, 4) % 3 == 0 ? MOST : least * 1_000;
        uint256 x = between(pick(seed, 2), least, most);
        uint256 y =
            pick(seed, 5) % 4 == 0
                ? x
                : between(pick(seed, 3), x, _capped(x * (pick(seed, 6) % 2 == 0 ? 2 ** 32 - 1 : 9)));
        (budget.perTransaction, budget.perPeriod, budget.period) = (uint128(x), uint128(y), 1 days);
        budget.recipients = new address[](1);
        budget.recipients[0] = ANYONE;
    }

    function _capped(uint256 amount) private pure returns (uint256) {
        return amount > MOST ? MOST : amount;
    }

    /// @dev Around the last lot that is below executions, small, or any number at all.
    function _lot(uint256 seed, SessionBudget memory budget, uint256 spent) private pure returns (uint256) {
        uint256 lots = (budget.perPeriod - spent) / budget.perTransaction;
        uint256 kind = seed % 8;
        if (kind == 0) return lots;
        if (kind < 4) return lots == 0 ? 0 : lots - 1;
        if (kind < 6) return lots == 0 ? 0 : (seed >> 8) % lots;
        if (kind == 6) return seed;
        // Plus one, times X, it is 0 or little in 256 bits.
        return type(uint256).max / budget.perTransaction;
    }

    /// @dev Below the bound mostly; sometimes any number, or a small one with dirt above it.
    function _small(uint256 seed, uint256 bound) private pure returns (uint256) {
        uint256 kind = seed % 16;
        if (kind == 0) return seed;
        if (kind == 1) return bound;
        if (kind == 2) return ((seed >> 8) % bound) | (1 << (8 + (seed % 248)));
        return (seed >> 8) % bound;
    }

    function _session(SessionBudget memory budget) private pure returns (Session memory session) {
        session.account = ACCOUNT;
        session.validUntil = 2 ** 47 - 1;
        session.budgets = new SessionBudget[](1);
        session.budgets[0] = budget;
        session.actions = new SessionAction[](0);
    }
}
