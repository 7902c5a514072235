"""Turns: one worker holds an order at a time, a dead one loses it, and a lost one does no harm any more."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.driving import (
    LEASE_IS_OVER,
    attempts_of,
    command_of,
    drain_in,
    drain_out,
    events_of,
    second_account,
    side_by_side,
    take,
    turn_of,
)
from tests.house import House
from webapp import accounts, claims, clock, deaths, handlers, inbox, orders, outbox, turns
from webapp.claims import Claim, Holder
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import db
from webapp.neighbours import call_both
from webapp.outbox import Outcome, Task, Trial
from webapp.turns import Wake
from webapp.unit_of_work import unit_of_work


class Killed(BaseException):
    """What the worker meets here is sudden: nothing after it is recorded."""


def dies(claim: Claim, task: Task, trial: Trial) -> Outcome:
    raise Killed


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def wanting(house: House) -> str:
    """An order whose acknowledgement waits to go out."""
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)
    po = house.place()
    drain_in(house)
    assert command_of(house, po, "AcknowledgeOrder").state == "queued"
    return po


# One holder


def test_of_eight_workers_one_gets_the_order(any_house: House) -> None:
    house = any_house
    po = house.place()
    with house.app.app_context():
        inbox.route()
    won = [claim for claim in side_by_side(house, lambda _: claims.take_one(house.account_id, po)) if claim]
    assert len(won) == 1
    assert won[0].fence == turn_of(house, po).fence == 1


def test_of_eight_workers_that_look_for_work_each_order_goes_to_one(any_house: House) -> None:
    house = any_house
    for number in range(20):
        house.post_webhook(f"{number:013d}")
    with house.app.app_context():
        inbox.route()

    def look(_: int) -> list[str]:
        found = claims.take(claims.due_reads, at_most=8, held=Counter(), threads=8)
        return [claim.po for claim in found]

    taken = [po for found in side_by_side(house, look) for po in found]
    assert len(taken) == len(set(taken)) >= 8


def test_an_order_is_held_for_a_lease_that_can_be_renewed(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)
    with house.app.app_context():
        clock.move(timedelta(seconds=50))
        claims.renew(claim)
        clock.move(timedelta(seconds=50))
        assert claims.take_one(house.account_id, po) is None
        clock.move(LEASE_IS_OVER)
        taken_over = claims.take_one(house.account_id, po)
        assert taken_over is not None
        assert taken_over.fence > claim.fence
        with pytest.raises(claims.Lost):
            claims.renew(claim)


def test_patience_gets_the_turn_when_the_other_lets_go(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)

    def visit(number: int) -> Claim | None:
        if number:
            return claims.wait_for_turn(house.account_id, po, seconds=10)
        with unit_of_work() as work:
            claims.let_go(work, claim)
        return None

    _, waited = side_by_side(house, visit, threads=2)
    assert waited is not None
    assert waited.fence == claim.fence + 1


# A dead worker


def test_a_command_left_running_by_a_dead_worker_is_taken_over_after_the_lease(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)
    with house.app.app_context(), pytest.raises(Killed):
        outbox.run(claim, dies)
    assert command_of(house, po, "AcknowledgeOrder").state == "running"
    house.drain()
    assert house.effects("acknowledge") == []
    clock.move(LEASE_IS_OVER)
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert command_of(house, po, "AcknowledgeOrder").state == "done"


def test_what_takes_its_worker_down_each_time_is_parked_and_goes_on_once_it_is_mended(house: House) -> None:
    """A crash, no memory left, a hang that is ended by force: to the row they are all one."""
    po = wanting(house)
    for _ in range(10):
        claim = take(house, po)
        with house.app.app_context(), suppress(Killed):
            outbox.run(claim, dies)
        clock.move(LEASE_IS_OVER + deaths.APART * deaths.MOST)
    other = house.place()
    house.drain()
    command = command_of(house, po, "AcknowledgeOrder")
    assert (command.state, house.effects("acknowledge")) == ("parked", [other])
    assert "ended 5 times in the middle of this" in command.reason
    assert "ended 5 times" in str(house.shown(po)["attention"])
    assert [one.outcome for one in attempts_of(house, po) if one.command_id == command.id] == ["died"] * 5
    with house.app.app_context():
        outbox.retry(command.id, "a person")
    house.drain()
    assert sorted(house.effects("acknowledge")) == sorted([po, other])


def test_a_worker_that_died_after_magento_had_acted_leaves_one_order(house: House) -> None:
    def acts_and_dies(claim: Claim, task: Task, trial: Trial) -> Outcome:
        handlers.perform(claim, task, trial)
        raise Killed

    po = house.place()
    drain_in(house)
    claim = take(house, po)
    with house.app.app_context(), pytest.raises(Killed):
        outbox.run(claim, acts_and_dies)
    assert house.effects("order_create") == [f"WM-{po}"]
    clock.move(LEASE_IS_OVER)
    house.drain()
    house.pass_time(minutes=2)
    assert house.effects("order_create") == [f"WM-{po}"]
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


def test_a_read_left_by_a_dead_worker_is_done_again_after_the_lease(house: House) -> None:
    po = house.place()
    with house.app.app_context():
        inbox.route()
    take(house, po)
    house.drain()
    assert [event.state for event in events_of(house, po) if event.source == "walmart"] == ["waiting"]
    clock.move(LEASE_IS_OVER)
    house.drain()
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


def die_together(house: House, pos: list[str]) -> None:
    """One worker holds them all, and ends in the middle of their reading."""
    for claim in [take(house, po) for po in pos]:
        with house.app.app_context(), suppress(Killed):
            orders.sync(claim)
    clock.move(LEASE_IS_OVER)


def doubt(house: House, po: str) -> None:
    """Its last look showed an older state than before."""
    claim = take(house, po)
    with house.app.app_context(), unit_of_work() as work:
        orders.doubt(work, claim)


def test_those_whose_readers_die_together_are_parted_and_the_innocent_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pos = [house.place() for _ in range(4)]
    with house.app.app_context():
        inbox.route()
    doubt(house, pos[0])

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as deadly:
        deadly.setattr(orders, "_sync", kill)
        for _ in range(3):
            die_together(house, pos)
    turns_of = [turn_of(house, po) for po in pos]
    assert {turn.trouble for turn in turns_of} == {deaths.SENTENCE}
    assert [turn.doubted_at is not None for turn in turns_of] == [True, False, False, False]
    assert len({turn.look_again_at for turn in turns_of}) == len(pos)
    house.drain()
    assert {turn_of(house, po).deaths for po in pos} == {0}
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)


def test_what_takes_its_reader_down_each_time_is_left_unread_and_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From then on each look is one try, and the first that survives ends it."""

    def read(times: int) -> None:
        for _ in range(times):
            die_together(house, [po])

    def kill(*_: object) -> None:
        raise Killed

    po = house.place()
    with house.app.app_context():
        inbox.route()
    doubt(house, po)
    with monkeypatch.context() as deadly:
        deadly.setattr(orders, "_sync", kill)
        read(2)
        read(2 * 3)
        assert attempts_of(house, po) == [], "before each try but the first two it rests"
        read(1)
        assert [one.outcome for one in attempts_of(house, po)] == ["died"]
        told = [(one.state, one.reason) for one in events_of(house, po) if one.source == "walmart"]
        assert [state for state, _ in told] == ["failed"]
        assert "ended 5 times in the middle of reading this order" in told[0][1]
        assert turn_of(house, po).trouble == told[0][1]
        assert turn_of(house, po).doubted_at is not None
        read(2)
        assert len(attempts_of(house, po)) == 2, "one try more, and it is said again"
    read(1)
    house.drain()
    assert (turn_of(house, po).trouble, turn_of(house, po).deaths) == ("", 0)
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


# A lost turn


def test_who_lost_the_order_acts_no_more_and_records_nothing(any_house: House) -> None:
    house = any_house
    po = wanting(house)
    claim = take(house, po)

    def sleeps_too_long(claim: Claim, task: Task, trial: Trial) -> Outcome:
        clock.move(LEASE_IS_OVER)
        drain_out(house)
        assert house.effects("acknowledge") == [po]
        return handlers.perform(claim, task, trial)

    with house.app.app_context():
        outbox.run(claim, sleeps_too_long)
        db.session.remove()
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert [row.state for row in house.commands(po)] == ["done"]
    assert [attempt.outcome for attempt in attempts_of(house, po)] == ["died", "done"], (
        "the second saw the first go silent"
    )


def test_the_fence_is_proved_right_before_the_effect(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)

    def overtaken(claim: Claim, task: Task, trial: Trial) -> Outcome:
        clock.move(LEASE_IS_OVER)
        assert claims.take_one(house.account_id, po) is not None
        return handlers.perform(claim, task, trial)

    with house.app.app_context():
        outbox.run(claim, overtaken)
        db.session.remove()
    assert house.effects("acknowledge") == []
    assert attempts_of(house, po) == []
    assert command_of(house, po, "AcknowledgeOrder").tries == 0
    assert turn_of(house, po).claimed_until is not None


def test_a_read_that_was_overtaken_writes_nothing(house: House) -> None:
    po = house.place()
    with house.app.app_context():
        inbox.route()
    stale = take(house, po)
    clock.move(LEASE_IS_OVER)
    house.drain()
    before = house.shown(po)
    with house.app.app_context():
        orders.sync(stale)
        db.session.remove()
    assert house.shown(po) == before
    assert turn_of(house, po).fence > stale.fence


# A hint while it is held


def test_a_hint_that_comes_during_a_read_leads_to_another_read(house: House) -> None:
    po = house.place()
    with house.app.app_context():
        inbox.route()
    claim = take(house, po)
    house.walmart.act(po, "cancel")
    house.post_webhook(po, sub_type="PO_LINE_AUTOCANCELLED")
    with house.app.app_context():
        inbox.route()
        orders.sync(claim)
        db.session.remove()
    assert turn_of(house, po).claimed_until is None
    looks = len(house.walmart.ledger.calls("GET", f"/v3/orders/{po}"))
    drain_in(house)
    assert len(house.walmart.ledger.calls("GET", f"/v3/orders/{po}")) == looks + 1
    assert {event.state for event in events_of(house, po)} == {"handled"}


# Fair shares


def test_reads_from_a_slow_neighbour_keep_the_order(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)
    with house.app.app_context():
        both = call_both(accounts.by_id(house.account_id), lambda _: None, claim)
        for read in (lambda: both.walmart.get_order(po), lambda: both.magento.find_products(["MUG"])) * 3:
            clock.move(claims.LEASE / 3)
            read()
        db.session.remove()
    assert turn_of(house, po).fence == claim.fence
    left = turn_of(house, po).claimed_until
    assert left is not None
    assert left > clock.now(), "two minutes after it was taken it is held still"


def test_a_read_of_an_order_that_was_taken_over_is_not_made(house: House) -> None:
    po = wanting(house)
    claim = take(house, po)
    with house.app.app_context():
        both = call_both(accounts.by_id(house.account_id), lambda _: None, claim)
        clock.move(LEASE_IS_OVER)
        take(house, po)
        before = len(house.walmart.ledger.calls("GET", f"/v3/orders/{po}"))
        with pytest.raises(claims.Lost):
            both.walmart.get_order(po)
    assert len(house.walmart.ledger.calls("GET", f"/v3/orders/{po}")) == before


def due(house: House, account: House, count: int) -> None:
    """So many orders of an account that nobody has read yet."""
    with house.app.app_context(), unit_of_work() as work:
        pos = [f"{account.account_id}{number:012d}" for number in range(count)]
        turns.wake(work, [Wake(account.account_id, po, clock.now()) for po in pos])


def shares(house: House, *, at_most: int, held: Counter[Holder] | None = None) -> Counter[int]:
    with house.app.app_context():
        taken = claims.take(claims.due_reads, at_most=at_most, held=held or Counter(), threads=8)
        db.session.remove()
    return Counter(claim.account_id for claim in taken)


def test_alone_an_account_may_use_every_thread(house: House) -> None:
    due(house, house, 100)
    assert shares(house, at_most=8) == {house.account_id: 8}


def test_a_backlog_of_one_account_never_hides_the_order_of_another(house: House) -> None:
    with second_account(house) as other:
        due(house, house, 100)
        due(house, other, 1)
        assert shares(house, at_most=8) == {house.account_id: 2, other.account_id: 1}


def test_what_is_running_counts_to_the_quarter(house: House) -> None:
    with second_account(house) as other:
        due(house, house, 100)
        due(house, other, 100)
        running = Counter({Holder("account", house.account_id): 2, Holder("store", 1): 2})
        assert shares(house, at_most=6, held=running) == {other.account_id: 2}


def test_accounts_of_one_store_share_its_quarter(house: House) -> None:
    with second_account(house) as other:
        due(house, house, 10)
        due(house, other, 10)
        full = Counter({Holder("store", 1): 2, Holder("account", 999): 2})
        assert house.account_id not in shares(house, at_most=6, held=full)
