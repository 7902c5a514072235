"""What goes out: once each, tried on a schedule, parked with a sentence and two buttons, never dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.driving import (
    attempts_of,
    call_posts,
    command_of,
    drain_in,
    drain_out,
    pause,
    seconds_until_next_try,
    sentences,
    side_by_side,
    turn_of,
)
from tests.house import House
from webapp import accounts, clock, outbox
from webapp.domain.commands import AcknowledgeOrder, CreateInvoice, CreateMagentoOrder
from webapp.domain.policy import AcknowledgeWhen
from webapp.domain.retry import JITTER, SCHEDULE
from webapp.models import AccountRow, LineRow, OrderRow
from webapp.neighbours import call_magento
from webapp.queue import Bell
from webapp.unit_of_work import unit_of_work

UGLY = json.dumps({"message": "The order is too ugly for this shop."})
EVERYTHING = (AcknowledgeOrder(), CreateMagentoOrder(), CreateInvoice(), CreateInvoice(2))


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def refuse_orders(house: House, **more: object) -> None:
    house.magento.fault("status", method="POST", path="/V1/orders$", **more)


# Once each


def test_a_command_that_eight_threads_issue_at_once_is_there_once(any_house: House) -> None:
    house = any_house
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, create_orders=False, acknowledge_guard=False)
    po = house.place()
    drain_in(house)
    turn = turn_of(house, po)

    def issue(_: int) -> None:
        with unit_of_work() as work:
            outbox.issue(work, turn.id, house.account_key, po, EVERYTHING)

    side_by_side(house, issue)
    keys = [row.key for row in house.commands(po)]
    assert len(keys) == len(set(keys)) == 4


def test_only_what_is_new_is_counted_and_rings_the_bell(any_house: House) -> None:
    house = any_house
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, create_orders=False, acknowledge_guard=False)
    po = house.place()
    drain_in(house)
    turn = turn_of(house, po)
    new = []
    with house.app.app_context():
        for commands in (EVERYTHING[:1], EVERYTHING[:1], EVERYTHING[:3], EVERYTHING, EVERYTHING, ()):
            with unit_of_work() as work:
                issued = outbox.issue(work, turn.id, house.account_key, po, commands)
                new.append((issued, Bell.OUTBOUND in work.bells))
    assert new == [(1, True), (0, False), (2, True), (1, True), (0, False), (0, False)]


# The schedule


def test_a_failed_command_comes_again_on_the_schedule_until_it_works(house: House) -> None:
    refuse_orders(house, status=503)
    po = house.place()
    drain_in(house)
    for tries, wait in enumerate(SCHEDULE[:5], 1):
        house.drain()
        row = command_of(house, po, "CreateMagentoOrder")
        assert (row.tries, row.state) == (tries, "queued")
        left = seconds_until_next_try(house, po, "CreateMagentoOrder")
        assert wait.total_seconds() * (1 - JITTER) - 10 <= left <= wait.total_seconds() * (1 + JITTER)
        assert any("tried again" in sentence for sentence in house.shown(po)["waiting_for"])
        clock.move(timedelta(seconds=left))
    house.magento.clear_faults()
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]
    assert [one.outcome for one in attempts_of(house, po)][:6] == ["failed"] * 5 + ["done"]


def test_after_the_last_try_a_person_is_asked_and_told_how_often_it_was_tried(house: House) -> None:
    refuse_orders(house, status=503)
    po = house.place()
    for wait in (timedelta(0), *SCHEDULE):
        clock.move(wait * (1 + JITTER))
        drain_in(house)
        drain_out(house)
    house.drain()
    row = command_of(house, po, "CreateMagentoOrder")
    assert row.state == "parked"
    assert f"tried {len(SCHEDULE) + 1} times" in row.reason
    assert str(house.shown(po)["attention"]).startswith("Magento: ")


def test_nothing_is_sent_before_the_time_that_the_other_side_asked_for(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)
    house.walmart.fault(
        "status", method="POST", path="/acknowledge", status=429, headers={"Retry-After": "300"}, times=1
    )
    po = house.place()
    house.drain()
    assert 290 <= seconds_until_next_try(house, po, "AcknowledgeOrder") <= 301
    sent = call_posts(house, "/acknowledge")
    house.pass_time(seconds=280)
    assert call_posts(house, "/acknowledge") == sent == 1
    house.pass_time(seconds=25)
    assert house.effects("acknowledge") == [po]


# Parked


def test_a_refusal_is_parked_at_once_in_the_neighbours_own_words(house: House) -> None:
    refuse_orders(house, status=400, body=UGLY)
    po = house.place()
    house.drain()
    house.pass_time(hours=1)
    assert call_posts(house, "/V1/orders") == 1
    assert command_of(house, po, "CreateMagentoOrder").state == "parked"
    assert "too ugly for this shop" in house.shown(po)["attention"]
    assert "too ugly for this shop" in sentences(house, po)


def test_retry_tries_it_once_more_and_the_log_says_who_wanted_it(house: House) -> None:
    refuse_orders(house, status=400, body=UGLY, times=1)
    po = house.place()
    house.drain()
    with house.app.app_context():
        outbox.retry(command_of(house, po, "CreateMagentoOrder").id, by="maren@shop.example")
    house.drain()
    house.pass_time(seconds=2)
    assert house.effects("order_create") == [f"WM-{po}"]
    shown = house.shown(po)
    assert (shown["attention"], shown["magento_increment_id"]) == (None, f"WM-{po}")
    said = [entry for entry in shown["log"] if entry["by"] == "maren@shop.example"]
    assert [entry["sentence"] for entry in said] == ["Create the Magento order: tried again by hand."]


def test_what_is_dismissed_stays_dismissed_with_its_reason(house: House) -> None:
    refuse_orders(house, status=400, body=UGLY)
    po = house.place()
    house.drain()
    command = command_of(house, po, "CreateMagentoOrder")
    with house.app.app_context():
        outbox.dismiss(command.id, " Made by hand. ", by="maren@shop.example")
    house.magento.clear_faults()
    house.pass_time(seconds=2)
    house.pass_time(hours=30)
    row = command_of(house, po, "CreateMagentoOrder")
    assert (row.id, row.state, row.reason) == (command.id, "dismissed", "Made by hand.")
    assert house.effects("order_create") == []
    shown = house.shown(po)
    assert shown["attention"] is None
    assert "No Magento order: creating it was given up by hand." in shown["waiting_for"]
    assert "given up. Made by hand." in sentences(house, po)


def test_a_dismissal_wants_a_reason_and_both_buttons_want_a_parked_command(house: House) -> None:
    po = house.place()
    house.drain()
    done = command_of(house, po, "CreateMagentoOrder").id
    presses: list[Callable[[], None]] = [
        lambda: outbox.dismiss(done, "", by="x"),
        lambda: outbox.dismiss(done, "because", by="x"),
        lambda: outbox.retry(done, by="x"),
        lambda: outbox.retry(10**6, by="x"),
    ]
    with house.app.app_context():
        for press in presses:
            with pytest.raises(outbox.Refusal):
                press()


def test_two_people_who_press_retry_at_once_start_it_once(house: House) -> None:
    refuse_orders(house, status=400, body=UGLY, times=1)
    po = house.place()
    house.drain()
    command = command_of(house, po, "CreateMagentoOrder").id

    def press(number: int) -> bool:
        try:
            outbox.retry(command, by=f"person {number}")
        except outbox.Refusal:
            return False
        return True

    assert sum(side_by_side(house, press)) == 1
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_an_error_of_our_own_is_parked_after_five_tries_while_others_flow(house: House) -> None:
    po = house.place()
    drain_in(house)
    with house.app.app_context(), unit_of_work() as work:
        mine = LineRow.order_id.in_(select(OrderRow.id).where(OrderRow.po == po))
        work.execute(update(LineRow).where(mine).values(quantities=["no", "quantities"]))
    other = house.place()
    for wait in (timedelta(0), *SCHEDULE[:6]):
        clock.move(wait * (1 + JITTER))
        drain_in(house)
        drain_out(house)
    row = command_of(house, po, "CreateMagentoOrder")
    assert (row.state, row.tries) == ("parked", 5)
    assert "error in Orderbridge itself" in row.reason
    assert house.effects("order_create") == [f"WM-{other}"]


# Called off


def test_what_is_not_wanted_any_more_is_dismissed_by_the_next_look(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)
    po = house.place()
    drain_in(house)
    assert command_of(house, po, "AcknowledgeOrder").state == "queued"
    house.walmart.act(po, "acknowledge")
    house.post_webhook(po)
    drain_in(house)
    row = command_of(house, po, "AcknowledgeOrder")
    assert (row.state, "Not needed any more" in row.reason) == ("dismissed", True)
    house.drain()
    assert call_posts(house, "/acknowledge") == 0


def test_an_order_canceled_before_it_was_sent_is_never_made_in_magento(house: House) -> None:
    po = house.place()
    drain_in(house)
    house.walmart.act(po, "cancel")
    drain_out(house)
    house.drain()
    assert house.effects("order_create") == []
    assert command_of(house, po, "CreateMagentoOrder").state == "dismissed"


def test_an_order_canceled_after_a_doubtful_creation_is_found_in_magento_and_linked(house: House) -> None:
    house.magento.fault("cut_after", method="POST", path="/V1/orders$", times=1)
    po = house.place()
    drain_in(house)
    drain_out(house)
    house.walmart.act(po, "cancel")
    house.post_webhook(po)
    house.drain()
    house.pass_time(minutes=5)
    assert house.effects("order_create") == [f"WM-{po}"]
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


def test_an_order_canceled_after_a_creation_that_never_arrived_is_not_made_late(house: House) -> None:
    house.magento.fault("cut_before", method="POST", path="/V1/orders$", times=1)
    po = house.place()
    drain_in(house)
    drain_out(house)
    house.walmart.act(po, "cancel")
    house.post_webhook(po)
    house.drain()
    for _ in range(8):
        house.pass_time(minutes=3)
    assert house.effects("order_create") == []
    assert command_of(house, po, "CreateMagentoOrder").state == "dismissed"


# Frozen before the first send


def test_after_a_doubt_the_very_same_order_goes_out_whatever_the_settings_say_by_then(house: House) -> None:
    house.magento.fault("cut_before", method="POST", path="/V1/orders$", times=1)
    po = house.place()
    drain_in(house)
    drain_out(house)
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(AccountRow).values(number_prefix="NEW-"))
    house.pass_time(minutes=1)
    assert house.effects("order_create") == [f"WM-{po}"]


def test_the_advice_to_choose_another_prefix_can_be_followed(house: House) -> None:
    occupy(house, "WM-108999000001")
    po = house.place(po="108999000001")
    house.drain()
    assert "Choose another number prefix" in house.shown(po)["attention"]
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(AccountRow).values(number_prefix="NEW-"))
    with house.app.app_context():
        outbox.retry(command_of(house, po, "CreateMagentoOrder").id, by="maren@shop.example")
    house.drain()
    house.pass_time(seconds=2)
    assert house.shown(po)["magento_increment_id"] == f"NEW-{po}"
    assert house.effects("order_create", f"NEW-{po}") == [f"NEW-{po}"]


def occupy(house: House, number: str) -> None:
    """Another order of the shop gets this number: a copy of one that the bridge made, for another PO."""
    first = house.place()
    house.drain()
    body = dict(command_of(house, first, "CreateMagentoOrder").frozen["body"])  # type: ignore[index]
    with house.app.app_context():
        magento = call_magento(accounts.by_id(house.account_id).store, lambda _: None)
        magento.create_order({**body, "increment_id": number, "ext_order_id": "of-somebody-else"})


# Paused


def test_a_paused_account_sends_nothing_loses_nothing_and_goes_on(house: House) -> None:
    pause(house, on=True)
    po = house.place()
    house.drain()
    house.pass_time(hours=2)
    assert house.effects("acknowledge") == house.effects("order_create") == []
    pause(house, on=False)
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert house.effects("order_create") == [f"WM-{po}"]
