"""What no webhook told us is found by looking: nothing missed, nothing doubled, whatever breaks on the way."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox import walmart_orders
from tests.house import House, order_event
from tests.polling import (
    ask_all,
    at_walmart,
    calls,
    days_ago,
    events,
    move_to,
    only_mirror,
    poll,
    row,
    set_zone,
    silence,
    stored,
    turns,
)
from webapp import claims, clock, days, deaths, inbox, polls, scans
from webapp.connectors import walmart as connector
from webapp.connectors import walmart_parse
from webapp.connectors.loose import document
from webapp.domain.poll_kinds import SHOP
from webapp.models import db
from webapp.order_rows import with_first_prices

CHANGED = ("orders", "orders_wfs", "orders_3pl")
OPEN = ("open", "open_wfs", "open_3pl", "cancellations")


@pytest.fixture
def house(house: House) -> House:
    """All polls are due."""
    ask_all(house)
    return house


@pytest.fixture
def postgres_house(postgres_house: House) -> House:
    """All polls are due."""
    ask_all(postgres_house)
    return postgres_house


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four orders a page."""
    monkeypatch.setattr(connector, "MOST_ORDERS", 4)


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The house on each database."""
    found: House = request.getfixturevalue(request.param)
    return found


def place(house: House, count: int, **spec: object) -> list[str]:
    return [house.walmart.place_order(**spec) for _ in range(count)]


@pytest.mark.usefixtures("small_pages")
def test_a_failed_page_leaves_the_cursor_and_the_next_run_gets_everything_once(house: House) -> None:
    before = poll(house).cursor_at
    pos = place(house, 11)
    house.walmart.fault("status", method="GET", path="/v3/orders$", status=500, skip=1, times=1)
    failed = poll(house)
    assert failed.cursor_at == before
    assert "500" in failed.trouble
    assert len(stored(house)) == 4
    clock.move(timedelta(minutes=1))
    done = poll(house)
    assert done.cursor_at is not None
    assert done.trouble == ""
    assert set(stored(house)) == set(pos)
    house.drain()
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)
    assert sorted(house.effects("acknowledge")) == sorted(pos)


def test_after_two_hours_without_webhooks_the_next_poll_misses_none_of_500(any_house: House) -> None:
    house = any_house
    only_mirror(house)
    house.drain()
    pos = place(house, 500)
    clock.move(timedelta(hours=2))
    poll(house)
    found = stored(house)
    assert set(found) == set(pos)
    assert events(house) == []


def test_an_order_that_has_not_changed_costs_no_write(any_house: House) -> None:
    house = any_house
    only_mirror(house)
    pos = place(house, 5)
    poll(house)
    before = turns(house)
    assert set(before) == set(pos)
    poll(house)
    house.walmart.act(pos[0], "ship")
    poll(house)
    changed = {po for po, turn in turns(house).items() if turn != before[po]}
    assert changed == {pos[0]}
    assert house.shown(pos[0])["status"] == "Shipped"


def test_a_page_is_the_read_of_the_orders_on_it(house: House) -> None:
    pos = place(house, 6)
    poll(house)
    assert [call for po in pos for call in calls(house, f"/v3/orders/{po}")] == []
    assert len([call for call in house.magento.ledger.calls() if "/products" in call["path"]]) == 1
    house.drain()
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)


def test_magento_is_read_for_all_linked_orders_of_a_page_together(any_house: House) -> None:
    house = any_house
    pos = place(house, 6)
    house.drain()
    house.magento.ledger.forget_calls()
    for po in pos:
        house.walmart.act(po, "ship")
    poll(house)
    assert {one.status.value for one in stored(house).values()} == {"Shipped"}
    reads = [call["path"] for call in house.magento.ledger.calls() if call["method"] == "GET"]
    assert len([path for path in reads if path.endswith("/V1/orders")]) == 1
    assert [path for path in reads if path.rpartition("/")[2].isdigit()] == []


def test_magento_away_does_not_stop_the_import(house: House) -> None:
    house.magento.settings(maintenance=True)
    pos = place(house, 3)
    assert poll(house).trouble == ""
    assert set(stored(house)) == set(pos)
    assert "maintenance" in " ".join(house.shown(pos[0])["waiting_for"])
    house.magento.settings(maintenance=False)
    house.pass_time(minutes=10)
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)


def test_a_deleted_magento_order_is_said_to_be_gone_only_after_two_reads(house: House) -> None:
    po = house.walmart.place_order()
    house.drain()
    assert house.magento.delete(f"WM-{po}")
    house.walmart.act(po, "ship")
    house.pass_time(minutes=3)
    poll(house)
    house.drain()
    assert "was deleted" not in " ".join(entry["sentence"] for entry in house.shown(po)["log"])
    house.pass_time(seconds=6)
    assert "was deleted" in " ".join(entry["sentence"] for entry in house.shown(po)["log"])


@pytest.mark.parametrize("market", ["us", "ca"])
def test_a_change_to_an_order_of_ten_days_ago_arrives(house: House, market: str) -> None:
    only_mirror(house)
    house.set_policy(import_since=datetime.now(UTC) - timedelta(days=20))
    move_to(house, market)
    po = house.walmart.place_order(order_date=days_ago(10), market=market)
    house.drain()
    assert po in stored(house)
    house.walmart.act(po, "ship")
    house.pass_time(minutes=6)
    assert stored(house)[po].status.value == "Shipped"


def test_outside_the_us_open_orders_are_found_although_last_modified_is_ignored(house: House) -> None:
    only_mirror(house)
    house.set_policy(import_since=datetime.now(UTC) - timedelta(days=20))
    move_to(house, "ca")
    po = house.walmart.place_order(order_date=days_ago(10), market="ca")
    house.drain()
    silence(house, *CHANGED)
    house.walmart.act(po, "ship")
    house.pass_time(minutes=6)
    assert stored(house)[po].status.value == "Shipped"


def test_in_the_us_open_orders_are_looked_at_by_date_of_creation_once_a_day(house: House) -> None:
    only_mirror(house)
    house.set_policy(import_since=datetime.now(UTC) - timedelta(days=20))
    house.set_policy(read_daily=timedelta(days=300))
    po = house.walmart.place_order(order_date=days_ago(10))
    house.drain()
    silence(house, *CHANGED)
    house.walmart.act(po, "ship")
    house.pass_time(hours=12)
    assert stored(house)[po].status.value == "Created"
    house.pass_time(hours=13)
    assert stored(house)[po].status.value == "Shipped"


@pytest.mark.parametrize(("node", "kind"), [("WFSFulfilled", "orders_wfs"), ("3PLFulfilled", "orders_3pl")])
def test_what_walmart_or_a_third_party_ships_is_found_by_a_scan_of_its_own(house: House, node: str, kind: str) -> None:
    po = house.walmart.place_order(ship_node=node)
    poll(house, "orders")
    assert stored(house) == {}
    poll(house, kind)
    assert stored(house)[po].ship_node == node
    house.drain()
    assert house.effects("acknowledge") == []


def test_a_wish_to_cancel_is_found_by_a_look_of_its_own(house: House) -> None:
    po = house.walmart.place_order()
    house.drain()
    silence(house, *CHANGED, "open", "open_wfs", "open_3pl", *SHOP)
    house.walmart.act(po, "intent_to_cancel")
    house.pass_time(minutes=115)
    assert not stored(house)[po].wants_to_cancel
    house.pass_time(minutes=6)
    assert stored(house)[po].wants_to_cancel
    assert "The buyer asked to cancel." in [entry["sentence"] for entry in house.shown(po)["log"]]


def test_the_first_look_for_wishes_goes_back_three_days_and_later_ones_one(house: House) -> None:
    def asked() -> timedelta:
        query = calls(house)[-1]["query"]
        start = query.partition("createdStartDate=")[2].partition("&")[0].replace("%3A", ":")
        return datetime.now(UTC) - datetime.fromisoformat(start)

    poll(house, "cancellations")
    assert timedelta(days=3) <= asked() < timedelta(days=3, minutes=1)
    poll(house, "cancellations")
    assert timedelta(days=1) <= asked() < timedelta(days=1, minutes=15)


def test_no_time_is_sent_with_milliseconds_and_an_old_order_counts_as_changed(house: House) -> None:
    house.set_policy(import_since=datetime.now(UTC) - timedelta(days=100))
    old = house.walmart.place_order(order_date=days_ago(60))
    poll(house)
    assert old in stored(house)
    for call in calls(house):
        assert "." not in call["query"].replace("nextCursor", "")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_wrong_by_ten_minutes_leaves_no_gap(house: House, minutes: int) -> None:
    only_mirror(house)
    clock.move(timedelta(minutes=minutes))
    pos = []
    for _ in range(4):
        pos += place(house, 2)
        poll(house)
        assert set(stored(house)) == set(pos)
        cursor = row(house).cursor_at
        assert cursor is not None
        assert abs(cursor - datetime.now(UTC)) < timedelta(seconds=5)


def test_after_an_outage_of_months_the_poll_says_what_it_cannot_reach(house: House) -> None:
    poll(house)
    clock.move(timedelta(days=200))
    po = house.walmart.place_order()
    late = poll(house)
    assert "180 days" in late.trouble
    assert late.cursor_at is not None
    assert po not in stored(house)  # by our clock it is 200 days old


def test_windows_are_cut_until_walmart_answers_them_in_full(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    house.set_policy(import_since=datetime.now(UTC) - timedelta(days=100))
    monkeypatch.setattr(connector, "MOST_ORDERS", 4)
    monkeypatch.setattr(scans, "MOST_FOUND", 8)
    monkeypatch.setattr(walmart_orders, "MAX_FOUND", 12)
    dice = random.Random(7)
    pos = [house.walmart.place_order(order_date=days_ago(dice.random() * 60)) for _ in range(40)]
    poll(house, "open")
    assert set(stored(house)) == set(pos)
    whole = {po: turn for po, turn in turns(house).items() if turn != (1, 0)}
    assert whole == {}


def test_an_order_that_cannot_be_read_is_told_of_and_holds_nothing_up(any_house: House) -> None:
    house = any_house
    good, bad = house.walmart.place_order(), house.walmart.place_order()
    _spoil(house, bad)
    assert poll(house).trouble == ""
    assert list(stored(house)) == [good]
    told = events(house, bad, type="unreadable")
    assert [one.state for one in told] == ["failed"]
    assert "USD and XXX" in told[0].reason or "XXX and USD" in told[0].reason
    poll(house)
    assert len(events(house, bad, type="unreadable")) == 1
    _spoil(house, bad, "USD")
    house.pass_time(minutes=30)
    assert set(stored(house)) == {good, bad}


def _spoil(house: House, po: str, currency: str = "XXX") -> None:
    """Let one charge of the order be in a currency of its own."""
    with house.walmart.seller.documents.transaction():
        record = house.walmart.seller.orders.record(po)
        charges = record["order"]["orderLines"]["orderLine"][0]["charges"]["charge"]
        charges[0]["chargeAmount"]["currency"] = "USD"
        if currency != "USD":
            charges.append({**charges[0], "chargeAmount": {"currency": currency, "amount": 0}})
        else:
            del charges[1:]
        house.walmart.seller.documents.put("order", po, record)


def test_orders_from_before_the_first_day_stay_out_by_the_shops_calendar(house: House) -> None:
    only_mirror(house)
    set_zone(house, "America/New_York")
    midnight = days.moment((datetime.now(UTC) - timedelta(days=3)).date().isoformat(), ZoneInfo("America/New_York"))
    assert midnight.hour in (4, 5)
    house.set_policy(import_since=midnight)
    before = house.walmart.place_order(order_date=(midnight - timedelta(seconds=1)).isoformat())
    first = house.walmart.place_order(order_date=midnight.isoformat())
    poll(house)
    assert set(stored(house)) == {first}
    assert house.post_webhook(before) == 200
    house.drain()
    assert set(stored(house)) == {first}
    assert "imports what was ordered from" in events(house, before)[0].reason
    house.wish(before)
    house.drain()
    assert set(stored(house)) == {first, before}


def test_the_first_day_is_the_day_before_the_account_was_connected(house: House) -> None:
    new, old = house.walmart.place_order(order_date=days_ago(0.9)), house.walmart.place_order(order_date=days_ago(1.1))
    house.drain()
    assert set(stored(house)) == {new}
    assert house.effects("order_create") == [f"WM-{new}"]
    assert old not in stored(house)


def test_a_webhook_and_a_poll_at_once_make_one_magento_order(any_house: House) -> None:
    house = any_house
    for _ in range(3):
        pos = place(house, 3)
        barrier = threading.Barrier(2)

        def by_webhook(pos: list[str] = pos, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            for po in pos:
                house.post_webhook(po)
            house.drain()

        def by_poll(barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            poll(house)

        threads = [threading.Thread(target=work) for work in (by_webhook, by_poll)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        house.drain()
        for po in pos:
            assert house.effects("order_create", f"WM-{po}") == [f"WM-{po}"]
            assert house.effects("acknowledge", po) == [po]


def test_an_order_that_somebody_else_holds_gets_a_hint(house: House) -> None:
    only_mirror(house)
    po = house.walmart.place_order()
    poll(house)
    house.walmart.act(po, "ship")
    with house.app.app_context():
        assert claims.take_one(house.account_id, po) is not None
        db.session.remove()
    poll(house)
    assert stored(house)[po].status.value == "Created"
    assert [one.source for one in events(house, po)] == ["poll"]
    house.pass_time(minutes=2)
    assert stored(house)[po].status.value == "Shipped"


def test_an_older_page_never_overwrites_what_was_read_since(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    po = house.walmart.place_order()
    poll(house)
    house.walmart.act(po, "ship")
    old = at_walmart(house, po)
    house.walmart.fault("stale_reads", method="GET", path="/v3/orders$", seconds=30)
    house.walmart.act(po, "deliver")
    house.wish(po)
    house.drain()
    assert old is not None
    assert [one.counts() for one in [stored(house)[po]]] == [Counter({"Delivered": 1})]
    poll(house)
    assert stored(house)[po].counts() == Counter({"Delivered": 1})


def test_a_refresh_says_what_changed_or_that_nothing_did(house: House) -> None:
    only_mirror(house)
    po = house.walmart.place_order()
    poll(house)
    house.wish(po)
    house.drain()
    assert "Read again on both sides: nothing has changed." in _log(house, po)
    house.walmart.act(po, "ship")
    house.wish(po)
    house.drain()
    assert "Walmart status: Created → Shipped." in _log(house, po)
    assert _log(house, po).count("nothing has changed") == 1


def _log(house: House, po: str) -> str:
    return " ".join(entry["sentence"] for entry in house.shown(po)["log"])


def test_a_poll_that_takes_its_worker_down_each_time_is_said_and_put_off(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its time then, as after any failure, and the first one that survives ends it."""
    house = any_house
    only_mirror(house)
    po = house.place()

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    def look() -> bool:
        with house.app.app_context():
            turn = polls.take_of(f"orders:{house.account_key}")
            with suppress(Killed):
                if turn:
                    polls.run(turn)
            db.session.remove()
            return turn is not None

    with monkeypatch.context() as deadly:
        deadly.setattr(polls, "_read", kill)
        for _ in range(deaths.MOST + 1):
            assert look()
            clock.move(polls.LEASE + timedelta(seconds=1))
        with house.app.app_context():
            assert polls.troubles() == [deaths.POLL_TOO_OFTEN]
    house.pass_time(minutes=5)
    assert po in stored(house)
    with house.app.app_context():
        assert polls.troubles() == []


def test_a_thousand_histories_end_where_walmart_stands_after_one_poll(house: House) -> None:
    """Webhooks shuffled, doubled and mostly lost, while the orders go on; then one poll."""
    only_mirror(house)
    dice = random.Random(20261123)
    pos = place(house, 1000)
    letters = []
    for step in ("intent_to_cancel", "ship", "deliver"):
        for po in pos:
            if dice.random() < 0.5:
                _act(house, po, dice.choice((step, "cancel")))
                letters.append((po, f"{po}-{step}"))
        told = [letter for letter in letters if dice.random() > 0.85]
        dice.shuffle(told)
        _tell(house, told)
    house.drain()
    poll(house)
    found = stored(house)
    shown = {po: walmart_parse.parse_order(_as_sent(house, po), "USD") for po in pos}
    assert [po for po in pos if found[po] != with_first_prices(shown[po], found[po])] == []


def _as_sent(house: House, po: str) -> dict[str, Any]:
    sent: dict[str, Any] = document(json.dumps(house.walmart.order(po)).encode())
    return sent


def _act(house: House, po: str, action: str) -> None:
    try:
        house.walmart.act(po, action)
    except Exception:
        return  # it is shipped or canceled by then: nothing happens


def _tell(house: House, letters: list[tuple[str, str]]) -> None:
    with house.app.app_context():
        secret = house.webhook_path.rpartition("/")[2]
        for po, event_id in letters:
            body = json.dumps(order_event(po, "PO_LINE_UPDATED", event_id)).encode()
            inbox.receive_walmart(house.account_key, secret, {}, body)
        db.session.remove()
