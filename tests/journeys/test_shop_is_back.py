"""A shop that was away and is back: what waited for it comes at the first call that succeeds, and nothing else does."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.house import House
from tests.journeys.shopping import browser
from tests.polling import silence
from tests.views.conftest import statements
from webapp import accounts, clock, shop_health
from webapp.domain.poll_kinds import STORE_POLLS
from webapp.models import CommandRow, OrderRow, PollRow, StoreRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

LONGER = shop_health.SURE_AFTER + timedelta(seconds=1)


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The house on each database."""
    found: House = request.getfixturevalue(request.param)
    return found


def place(house: House, sku: str = "FH-MUG-350-BLU") -> str:
    """An order comes, and all that can be done about it at once is done."""
    po = house.place(lines=[{"sku": sku, "quantity": 1}])
    house.drain()
    return po


def is_made(house: House, po: str) -> bool:
    return bool(house.shown(po)["magento_increment_id"] == f"WM-{po}")


def go_away(house: House) -> None:
    """The shop is away for so long that two orders in a row have found it so."""
    house.magento.settings(maintenance=True)
    place(house)
    clock.move(LONGER)
    place(house)
    assert stand(house) == (True, True)


def come_back(house: House) -> None:
    """The shop is there again, and an order that comes finds it so."""
    house.magento.clear_faults()
    house.magento.settings(maintenance=False)
    assert is_made(house, place(house))


def stand(house: House) -> tuple[bool, bool]:
    """Whether a call to the shop has failed since one succeeded, and whether the shop counts as away."""
    with house.app.app_context():
        row = db.session.execute(select(StoreRow)).scalar_one()
        db.session.remove()
        return row.trouble_since is not None, row.is_away


def next_look(house: House, po: str) -> datetime:
    with house.app.app_context():
        at = db.session.execute(select(SyncRow.look_again_at).where(SyncRow.po == po)).scalar_one()
        db.session.remove()
        assert at is not None
        return at


def creation(house: House, po: str) -> CommandRow:
    return next(one for one in house.commands(po) if one.kind == "CreateMagentoOrder")


@pytest.mark.parametrize(
    ("fault", "more"), [("status", {"status": 503}), ("status", {"status": 502}), ("cut_before", {})]
)
def test_orders_that_waited_are_made_at_the_first_call_that_succeeds(
    any_house: House, fault: str, more: dict[str, Any]
) -> None:
    house = any_house
    silence(house, *STORE_POLLS)
    house.magento.fault(fault, path="/V1/", **more)
    early = place(house)
    assert stand(house) == (True, False), "one call is no proof"
    clock.move(LONGER)
    late = place(house)
    assert stand(house) == (True, True)
    assert next_look(house, early) > clock.now() + timedelta(seconds=90), "its own next look is far"
    house.magento.clear_faults()
    newest = place(house)
    assert [is_made(house, po) for po in (early, late, newest)] == [True, True, True]
    assert len(house.effects("order_create")) == 3
    assert stand(house) == (False, False)


def test_where_no_order_comes_a_poll_finds_out_that_it_is_away_and_that_it_is_back(house: House) -> None:
    house.magento.settings(maintenance=True)
    po = place(house)
    house.pass_time(seconds=LONGER.total_seconds())
    assert stand(house) == (True, True), "the smallest poll came soon after the call that failed"
    for _ in range(10):
        house.pass_time(minutes=1)
    house.magento.settings(maintenance=False)
    looks_at = next_look(house, po)
    while stand(house) == (True, True):
        house.pass_time(seconds=5)
        assert clock.now() < looks_at + timedelta(minutes=2)
    assert is_made(house, po)


def test_a_single_call_that_fails_neither_makes_a_shop_away_nor_wakes_anybody(house: House) -> None:
    house.magento.fault("status", path="/V1/products", method="GET", status=500, times=1)
    place(house)
    assert stand(house) == (True, False)
    house.pass_time(seconds=LONGER.total_seconds())
    assert stand(house) == (False, False), "the smallest poll was answered"
    house.magento.fault("status", path="/V1/orders", method="POST", status=500)
    po = place(house)
    for _ in range(6):
        house.pass_time(seconds=5)
        assert stand(house)[1] is False
    tried = creation(house, po).tries
    for _ in range(10):
        place(house, "NOT-THERE-1")
    assert creation(house, po).tries == tried, "that others are answered wakes nothing that fails alone"


def test_commands_come_too_and_the_try_is_given_back(any_house: House) -> None:
    house = any_house
    silence(house, *STORE_POLLS)
    house.magento.fault("status", path="/V1/orders", status=503)
    po = place(house)
    go_away(house)
    for _ in range(5):
        house.pass_time(minutes=3)
    tries, due_at = creation(house, po).tries, creation(house, po).next_attempt_at
    assert tries >= 4
    assert due_at is not None
    assert due_at > clock.now() + timedelta(minutes=2)
    house.magento.settings(maintenance=False)
    place(house)
    waiting = creation(house, po)
    assert (waiting.state, waiting.tries) == ("queued", tries), "it was tried at once, and that used up nothing"
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at > clock.now() + timedelta(minutes=2), "and not over and over"
    house.magento.clear_faults()
    for _ in range(10):
        house.pass_time(minutes=3)
    assert is_made(house, po)


def test_what_was_done_in_doubt_is_not_done_again_before_it_had_time_to_show(any_house: House) -> None:
    house = any_house
    silence(house, *STORE_POLLS)
    house.magento.fault("cut_before", path="/invoice", method="POST", times=1)
    po = place(house)
    go_away(house)
    come_back(house)
    invoice = next(one for one in house.commands(po) if one.kind == "CreateInvoice")
    assert (invoice.state, invoice.tries) == ("queued", 1)
    house.pass_time(minutes=2, seconds=5)
    assert next(one for one in house.commands(po) if one.kind == "CreateInvoice").state == "done"
    assert len(house.effects("invoice")) == 4, "one for each order"


def test_what_failed_before_the_outage_keeps_its_time_and_its_tries(house: House) -> None:
    silence(house, *STORE_POLLS)
    house.magento.fault("status", path="/V1/orders", method="POST", status=500)
    po = place(house)
    for _ in range(5):
        house.pass_time(minutes=3)
    go_away(house)
    before = creation(house, po)
    come_back(house)
    after = creation(house, po)
    assert (after.tries, after.next_attempt_at) == (before.tries, before.next_attempt_at)


def test_a_try_that_ends_just_as_the_shop_is_back_comes_within_seconds(any_house: House) -> None:
    house = any_house
    silence(house, *STORE_POLLS)
    place(house)
    with house.app.app_context():
        account = accounts.by_key(house.account_key)
        assert account is not None
        now = clock.now()
        far, named = now + timedelta(hours=4), now + timedelta(minutes=5)
        with unit_of_work() as work:
            assert shop_health.comes(work, account.id, far, None) == (far, None), "it waits for something else"
            assert shop_health.comes(work, account.id, far, named) == (named, None), "the shop named that time"
            at, wakes = shop_health.comes(work, account.id, far, now)
        assert wakes is None
        assert at - now < timedelta(seconds=10)
    go_away(house)
    with house.app.app_context(), unit_of_work() as work:
        assert shop_health.comes(work, account.id, far, now) == (far, now)


def test_a_shop_that_is_back_and_turns_everybody_away_says_so(house: House) -> None:
    client = browser(house)
    go_away(house)
    house.magento.settings(maintenance=False)
    house.magento.fault("status", path="/V1/", status=401)
    house.pass_time(minutes=2)
    page = client.get("/orders").text
    assert "Magento is in maintenance mode" not in page
    assert "Magento did not accept" in page


@pytest.mark.parametrize(("status", "said"), [(401, "Magento did not accept"), (403, "refused the call (403)")])
def test_the_orders_of_a_shop_that_refuses_are_counted_with_its_reason(
    any_house: House, status: int, said: str
) -> None:
    house, client = any_house, browser(any_house)
    house.magento.fault("status", path="/V1/", status=status)
    po = place(house)
    assert re.search(r'href="/dashboard/for-magento">1<', client.get("/dashboard").text)
    behind = client.get("/dashboard/for-magento").text
    assert f"/{po}" in behind
    assert said in behind
    house.magento.clear_faults()
    house.pass_time(minutes=10)
    assert is_made(house, po)
    assert re.search(r'href="/dashboard/for-magento">0<', client.get("/dashboard").text)


def test_calls_that_fail_alone_bring_few_polls_and_none_before_the_time_that_the_shop_named(house: House) -> None:
    silence(house, *(kind for kind in STORE_POLLS if kind != "products"))

    def row() -> PollRow:
        with house.app.app_context():
            return db.session.execute(select(PollRow).where(PollRow.kind == "products")).scalar_one()

    read_at = set()
    for _ in range(10):
        house.magento.fault("status", path="/V1/orders", method="POST", status=502, times=1)
        place(house)
        house.pass_time(seconds=5)
        read_at.add(row().succeeded_at)
    assert 2 <= len(read_at) <= 4, "one in 20 s, where one in two minutes is the rule"
    house.pass_time(minutes=3)
    due_at = row().due_at
    house.magento.fault("status", path="/V1/orders", method="POST", status=503, times=1, headers={"Retry-After": "900"})
    assert creation(house, place(house)).tries == 1
    assert row().due_at == due_at


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"status": 503, "headers": {"Retry-After": "3000"}}, "queued"),
        ({"status": 429}, "queued"),
        ({"status": 400, "method": "POST"}, "parked"),
    ],
    ids=["the shop named a later time", "it asks for fewer calls", "it refused"],
)
def test_what_waits_for_another_reason_is_left_alone(house: House, fault: dict[str, Any], state: str) -> None:
    silence(house, *STORE_POLLS)
    house.magento.fault("status", **{"path": "/V1/orders", **fault})
    po = place(house)
    for _ in range(4):
        house.pass_time(minutes=1)
    missing = place(house, "NOT-THERE-1")
    go_away(house)
    before, look = creation(house, po), next_look(house, missing)
    come_back(house)
    after = creation(house, po)
    assert (after.state, after.tries, after.next_attempt_at) == (before.state, before.tries, before.next_attempt_at)
    assert after.state == state
    assert next_look(house, missing) == look


def test_an_order_waits_as_long_as_the_shop_asked(house: House) -> None:
    silence(house, *STORE_POLLS)
    house.magento.fault("status", path="/V1/", status=503, headers={"Retry-After": "60"})
    po = place(house)
    clock.move(LONGER)
    place(house)
    look = next_look(house, po)
    come_back(house)
    assert next_look(house, po) == look
    assert not is_made(house, po)
    house.pass_time(minutes=2, seconds=1)
    assert is_made(house, po)


def test_no_more_are_woken_than_is_said_and_the_others_keep_their_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence(house, *STORE_POLLS)
    monkeypatch.setattr(shop_health, "AT_MOST", 2)
    house.magento.settings(maintenance=True)
    waiting = [place(house) for _ in range(4)]
    clock.move(LONGER)
    place(house)
    come_back(house)
    assert [is_made(house, po) for po in waiting] == [True, True, False, False]
    house.pass_time(minutes=2)
    assert all(is_made(house, po) for po in waiting)


def test_a_shop_that_answers_costs_no_statement(house: House) -> None:
    silence(house, *STORE_POLLS)

    def of_stores() -> list[str]:
        with statements(house.app) as run:
            place(house)
        assert any(each.startswith("UPDATE syncs") for each in run), "it was worked"
        return [each for each in run if each.startswith("UPDATE stores")]

    assert of_stores() == []
    go_away(house)
    house.magento.settings(maintenance=False)
    assert len(of_stores()) <= 2, "those who began meanwhile look once whether they are the first"
    assert of_stores() == []


def test_each_page_says_it_within_seconds_and_not_for_one_call_that_fails(house: House) -> None:
    client = browser(house)

    def told() -> str:
        text = client.get("/pulse", headers={"HX-Request": "true"}).text
        return text.split("<b>")[1].split("</b>")[0]

    silence(house, *STORE_POLLS)
    house.magento.fault("status", path="/V1/", status=502, times=1)
    place(house)
    assert told() == "Live"
    place(house)
    house.magento.settings(maintenance=True)
    place(house)
    assert told() == "Live", "nobody knows yet whether it is that call alone"
    clock.move(LONGER)
    place(house)
    assert told() == "Shop cannot be read"
    page = client.get("/orders").text
    assert "<b>The shop Shop could not be read for 4 s.</b> Magento is in maintenance mode. Nothing is lost." in page
    assert '<a href="/polls">To the polls</a>' in page
    clock.move(timedelta(minutes=1))
    assert "<b>The shop Shop could not be read for 1 min.</b>" in client.get("/orders").text
    come_back(house)
    assert told() == "Live"


def test_a_shop_that_nothing_of_ours_is_in_any_more_is_nobodys_trouble(house: House) -> None:
    house.magento.settings(maintenance=True)
    po = place(house)
    house.pass_time(seconds=LONGER.total_seconds())
    assert stand(house) == (True, True)
    with house.app.app_context(), unit_of_work() as work:
        work.session.query(OrderRow).filter_by(po=po).delete()
        work.session.query(SyncRow).delete()
    house.pass_time(minutes=1, seconds=1)
    assert stand(house) == (False, False)
