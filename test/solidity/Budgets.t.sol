// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Budgets} from "../../contracts/libraries/Budgets.sol";
import {Meter, Meters} from "../../contracts/libraries/Meter.sol";
import {ANYONE, Session, SessionAction, SessionBudget, State} from "../../contracts/types/Session.sol";
import {ISessionErrors} from "../../contracts/interfaces/ISessionErrors.sol";
import {between, pick, vm} from "./Vm.sol";

/// @notice The library from outside, so that a test can see it revert.
contract BudgetsDoor {
    function charge(
        Session memory session,
        bytes32 id,
        uint256 index,
        Meter meter,
        uint256 amount
    ) external view returns (Meter charged, uint256 period) {
        return Budgets.charge(session, id, index, meter, amount);
    }
}

/// @notice The arithmetic of budgets, against sums that are done here in the plainest way.
contract BudgetsTest {
    address private constant TOKEN = address(0x70CE);
    uint256 private constant MOST = type(uint128).max;

    BudgetsDoor private immutable DOOR = new BudgetsDoor();

    /* THE METER */

    function testFuzz_meterRemembersWhatWasSpentInAPeriod(uint256 dirt, uint128 spent, uint48 period) public pure {
        Meter meter = Meters.withSpent(_word(dirt, dirt), period, spent);
        assert(meter.spentIn(period) == spent);
    }

    function testFuzz_meterReadsAsNothingSpentInLaterPeriodsAndAsEverythingInEarlierOnes(
        uint256 dirt,
        uint128 spent,
        uint48 period,
        uint256 other
    ) public pure {
        Meter meter = Meters.withSpent(_word(dirt, dirt), period, spent);
        if (other > period) assert(meter.spentIn(other) == 0);
        if (other < period) assert(meter.spentIn(other) == type(uint256).max);
        if (period > 0) assert(meter.spentIn(other % period) == type(uint256).max);
        assert(meter.spentIn(uint256(period) + 2 ** 48) == 0);
        assert(meter.spentIn(uint256(period) + 2 ** 128) == 0);
    }

    function testFuzz_meterKeepsStateAndSpendingApart(uint256 dirt, uint128 spent, uint48 period) public pure {
        State before = State(pick(dirt, 1) % 3);
        State afterwards = State(pick(dirt, 2) % 3);
        Meter meter = _word(dirt, uint256(before)).withSpent(period, spent);
        assert(meter.state() == before);
        meter = meter.withState(afterwards);
        assert(meter.state() == afterwards && meter.spentIn(period) == spent);
    }

    /// @dev A pause outlives charges and every change of state, and changes nothing but itself.
    function testFuzz_meterKeepsAPauseApart(uint256 dirt, uint128 spent, uint48 period, bool paused) public pure {
        State before = State(pick(dirt, 1) % 3);
        State afterwards = State(pick(dirt, 2) % 3);
        Meter meter = _word(dirt, uint256(before)).withSpent(period, spent);
        Meter changed = meter.withPaused(paused);
        assert(changed.isPaused() == paused && changed.state() == before && changed.spentIn(period) == spent);
        assert(Meter.unwrap(changed.withPaused(meter.isPaused())) == Meter.unwrap(meter));
        changed = changed.withState(afterwards).withSpent(uint48(dirt), 0);
        assert(changed.isPaused() == paused && changed.isIn(afterwards));
    }

    function testFuzz_onlyWhatIsEnabledAndNotPausedIsUsable(
        uint8 state,
        bool paused,
        uint128 spent,
        uint48 period
    ) public pure {
        State current = State(state % 3);
        Meter meter = Meter.wrap(0).withState(current).withPaused(paused).withSpent(period, spent);
        assert(meter.isUsable() == (current == State.ENABLED && !paused));
    }

    function testFuzz_stateIsReplacedWhateverElseTheWordSays(uint256 dirt) public pure {
        Meter meter = _word(dirt, uint256(State.REVOKED));
        Meter revived = meter.withState(State.ENABLED);
        assert(revived.state() == State.ENABLED);
        assert(Meter.unwrap(revived) << 8 == Meter.unwrap(meter) << 8);
    }

    /* THE PERIODS */

    function testFuzz_periodsTileTheSessionFromItsFirstSecond(
        uint48 validAfter,
        uint32 period,
        uint256 seed
    ) public pure {
        Session memory session = _session(validAfter, period);
        SessionBudget memory budget = session.budgets[0];
        uint256 k = between(seed, 0, (session.validUntil - session.validAfter) / budget.period);
        uint256 start = session.validAfter + k * budget.period;
        assert(Budgets.periodAt(session, budget, start) == k);
        assert(Budgets.periodAt(session, budget, start + budget.period - 1) == k);
        assert(Budgets.periodAt(session, budget, start + budget.period) == k + 1);
        if (k > 0) assert(Budgets.periodAt(session, budget, start - 1) == k - 1);
    }

    function testFuzz_resetsAtTheNextPeriodOrTheEnd(uint48 validAfter, uint32 period, uint256 seed) public pure {
        Session memory session = _session(validAfter, period);
        SessionBudget memory budget = session.budgets[0];
        uint256 time = between(seed, session.validAfter, session.validUntil - 1);
        uint256 k = Budgets.periodAt(session, budget, time);
        uint256 reset = Budgets.resetsAt(session, budget, k);
        assert(reset > time && reset <= session.validUntil);
        bool atPeriod = reset == session.validAfter + (k + 1) * uint256(budget.period);
        assert(atPeriod || reset == session.validUntil);
        assert(Budgets.periodAt(session, budget, reset - 1) == k);
    }

    /* THE RELEASE */

    function testFuzz_withoutAStreamAllIsThereFromTheFirstSecond(
        uint128 perPeriod,
        uint32 period,
        uint256 seed
    ) public pure {
        Session memory session = _session(1_000, period);
        SessionBudget memory budget = session.budgets[0];
        budget.perPeriod = perPeriod;
        assert(Budgets.releasedAt(session, budget, between(seed, 1_000, session.validUntil)) == perPeriod);
    }

    function testFuzz_aStreamAddsEachSecondUpToPerPeriod(
        uint128 perPeriod,
        uint128 initial,
        uint128 perSecond,
        uint32 period,
        uint256 seed
    ) public pure {
        Session memory session = _session(1_000, period);
        SessionBudget memory budget = session.budgets[0];
        (budget.perPeriod, budget.initial, budget.perSecond) = (perPeriod, initial, perSecond == 0 ? 1 : perSecond);
        uint256 k = between(pick(seed, 1), 0, 1_000);
        uint256 seconds_ = between(pick(seed, 2), 0, budget.period - 1);
        uint256 streamed = uint256(initial) + uint256(budget.perSecond) * seconds_;
        uint256 expected = streamed < perPeriod ? streamed : perPeriod;
        uint256 time = 1_000 + k * budget.period + seconds_;
        assert(Budgets.releasedAt(session, budget, time) == expected);
    }

    function testFuzz_aStreamStartsAnewEachPeriod(uint128 initial, uint32 period) public pure {
        Session memory session = _session(0, period);
        SessionBudget memory budget = session.budgets[0];
        (budget.perPeriod, budget.initial, budget.perSecond) = (type(uint128).max, initial, type(uint128).max);
        assert(Budgets.releasedAt(session, budget, budget.period) == initial);
        uint256 expected = budget.period == 1 ? initial : MOST;
        assert(Budgets.releasedAt(session, budget, uint256(budget.period) * 2 - 1) == expected);
    }

    /* THE CHARGE */

    /// @dev Slots closed: the third rule has its own tests.
    function testFuzz_aChargePassesExactlyWithinBothLimits(uint256 seed, bool streaming, bool sameHour) public {
        Session memory session = _session(uint48(between(pick(seed, 0), 0, 2 ** 40)), uint32(pick(seed, 1)));
        SessionBudget memory budget = session.budgets[0];
        budget.perPeriod = uint128(between(pick(seed, 2), 1, MOST));
        budget.perTransaction = uint128(between(pick(seed, 3), 1, budget.perPeriod));
        uint256 second = between(pick(seed, 4), session.validAfter, session.validUntil - 1);
        if (streaming) {
            budget.perSecond = uint128(between(pick(seed, 5), 1, MOST));
            budget.initial = uint128(between(pick(seed, 6), 0, MOST));
        }
        vm.warp(second);
        uint256 k = (second - session.validAfter) / budget.period;
        uint256 released = budget.perPeriod;
        if (streaming) {
            uint256 streamed = budget.initial + budget.perSecond * ((second - session.validAfter) % budget.period);
            if (streamed < released) released = streamed;
        }
        // Spent in this period, or in an older one, which is as nothing.
        uint256 noted = between(pick(seed, 7), 0, released);
        uint256 spent = sameHour || k == 0 ? noted : 0;
        Meter meter = _word(pick(seed, 8), 1).withSpent(
            sameHour || k == 0 ? k : between(pick(seed, 9), 0, k - 1),
            noted
        );
        uint256 amount = _amount(pick(seed, 10), budget.perTransaction, released - spent);

        if (amount > budget.perTransaction) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ISessionErrors.PerTransactionExceeded.selector,
                    TOKEN,
                    amount,
                    budget.perTransaction
                )
            );
            DOOR.charge(session, 0, 0, meter, amount);
        } else if (spent + amount > released) {
            uint256 next = session.validAfter + (k + 1) * budget.period;
            vm.expectRevert(
                abi.encodeWithSelector(
                    ISessionErrors.PeriodExceeded.selector,
                    TOKEN,
                    amount,
                    released - spent,
                    next < session.validUntil ? next : session.validUntil
                )
            );
            DOOR.charge(session, 0, 0, meter, amount);
        } else {
            (Meter charged, uint256 period) = DOOR.charge(session, 0, 0, meter, amount);
            assert(period == k && charged.spentIn(k) == spent + amount);
            assert(charged.state() == State.ENABLED);
        }
    }

    function testFuzz_oneMoreThanAnyLimitIsRefused(uint128 perTransaction, uint128 spent) public {
        Session memory session = _session(0, 1 days);
        SessionBudget memory budget = session.budgets[0];
        perTransaction = perTransaction == 0 ? 1 : perTransaction;
        (budget.perTransaction, budget.perPeriod) = (perTransaction, type(uint128).max);
        vm.warp(1 hours);
        Meter meter = _word(0, 1).withSpent(0, spent);
        uint256 left = MOST - spent;
        uint256 most = left < perTransaction ? left : perTransaction;
        if (most > 0) DOOR.charge(session, 0, 0, meter, most);
        try DOOR.charge(session, 0, 0, meter, most + 1) {
            assert(false);
        } catch {}
    }

    function testFuzz_aMeterOfALaterPeriodIsRefusedWhateverTheAmount(
        uint128 spent,
        uint48 later,
        uint128 amount
    ) public {
        Session memory session = _session(0, 1 days);
        (session.budgets[0].perTransaction, session.budgets[0].perPeriod) = (type(uint128).max, type(uint128).max);
        vm.warp(1 hours);
        Meter meter = _word(0, 1).withSpent(between(later, 1, type(uint48).max), spent);
        uint256[2] memory amounts = [uint256(0), amount];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ISessionErrors.PeriodExceeded.selector, TOKEN, amounts[i], 0, uint256(1 days))
            );
            DOOR.charge(session, 0, 0, meter, amounts[i]);
        }
    }

    function test_whatIsSpentInTheLastSecondDoesNotCountInTheNext() public {
        Session memory session = _session(1_000, 1 days);
        (session.budgets[0].perTransaction, session.budgets[0].perPeriod) = (20, 20);
        vm.warp(1_000 + 1 days - 1);
        (Meter meter, uint256 period) = DOOR.charge(session, 0, 0, _word(0, 1), 20);
        assert(period == 0);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionErrors.PeriodExceeded.selector, TOKEN, 1, 0, 1_000 + uint256(1 days))
        );
        DOOR.charge(session, 0, 0, meter, 1);
        vm.warp(1_000 + 1 days);
        (meter, period) = DOOR.charge(session, 0, 0, meter, 20);
        assert(period == 1 && meter.spentIn(1) == 20 && meter.spentIn(0) == type(uint256).max);
    }

    /* MAKING */

    /// @dev A stored word with anything in the bits that mean nothing, and in the spending; and a state.
    function _word(uint256 dirt, uint256 state) private pure returns (Meter) {
        return Meter.wrap(((dirt << 8) >> 8) | ((state % 3) << 248));
    }

    /// @dev Near one of the limits, more often than not.
    function _amount(uint256 seed, uint256 perTransaction, uint256 left) private pure returns (uint256) {
        uint256 limit = seed % 2 == 0 ? perTransaction : left;
        uint256 kind = (seed >> 1) % 4;
        if (kind == 0) return limit + 1;
        if (kind == 1) return limit == 0 ? 1 : limit;
        if (kind == 2) return between(seed >> 3, 1, MOST);
        return between(seed >> 3, 1, perTransaction);
    }

    /// @dev Ends as late as a session can, so that no period is cut short.
    function _session(uint48 validAfter, uint32 period) private pure returns (Session memory session) {
        session.validAfter = validAfter % (2 ** 46);
        session.validUntil = 2 ** 47 - 1;
        session.budgets = new SessionBudget[](1);
        session.actions = new SessionAction[](0);
        SessionBudget memory budget = session.budgets[0];
        budget.token = TOKEN;
        budget.period = period == 0 ? 1 : period;
        budget.recipients = new address[](1);
        budget.recipients[0] = ANYONE;
    }
}
