"""What no webhook of the shop told is found by its polls: partial shipments, later tracks, memos, after any absence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import text

from tests.hearing import reads
from tests.house import House
from tests.polling import ask_all, poll, row, turns
from tests.rows import an_order
from tests.views.conftest import statements
from webapp import clock, shop_polls
from webapp.domain.poll_kinds import SHOP, SHOP_CREDITMEMOS, SHOP_ORDERS, SHOP_SHIPMENTS, STORE_POLLS
from webapp.models import AccountRow, PollRow, db
from webapp.unit_of_work import unit_of_work

SKU = "FH-MUG-350-BLU"


@pytest.fixture
def po(house: House) -> str:
    placed = house.place(lines=[{"sku": SKU, "quantity": 3}])
    house.drain()
    look(house)
    return placed


def number(house: House, po: str) -> str:
    return str(house.shown(po)["magento_increment_id"])


def look(house: House) -> None:
    """All polls of the store, and what they hint at."""
    for kind in SHOP:
        assert poll(house, kind).trouble == ""
    house.drain()


def is_read(house: House, po: str) -> bool:
    """The polls make the order's turn come."""
    before = reads(house, po)
    look(house)
    return reads(house, po) > before


def test_what_changes_no_date_is_noticed_too(house: House, po: str) -> None:
    assert not is_read(house, po)
    house.magento.ship(number(house, po), {SKU: 1})
    assert is_read(house, po)
    assert "1 shipped" in "\n".join(entry["sentence"] for entry in house.shown(po)["log"])
    house.pass_time(days=1)
    assert not is_read(house, po)
    house.magento.track(number(house, po), "1Z-LATER")
    assert is_read(house, po)
    assert not is_read(house, po)
    house.magento.refund(number(house, po), {SKU: 1})
    assert is_read(house, po)
    house.magento.hold(number(house, po))
    assert is_read(house, po)
    assert not is_read(house, po)


def test_a_corrected_number_is_noticed_while_walmart_takes_it(house: House, po: str) -> None:
    house.magento.ship(number(house, po), {SKU: 1}, [{"track_number": "OLD", "carrier_code": "ups"}])
    assert is_read(house, po)
    house.magento.replace_track(number(house, po), "OLD", "NEW")
    assert is_read(house, po)
    assert not is_read(house, po)


def test_a_shop_that_was_away_for_days_is_caught_up_with(house: House, po: str) -> None:
    before = row(house, SHOP_SHIPMENTS).cursor_at
    house.magento.settings(maintenance=True)
    house.magento.ship(number(house, po), {SKU: 1})
    clock.move(timedelta(days=3))
    failed = poll(house, SHOP_SHIPMENTS)
    assert failed.trouble
    assert failed.cursor_at == before
    house.magento.settings(maintenance=False)
    seen = reads(house, po)
    house.pass_time(minutes=6)
    assert reads(house, po) > seen
    after = row(house, SHOP_SHIPMENTS)
    assert after.trouble == ""
    assert before is not None
    assert after.cursor_at is not None
    assert after.cursor_at > before


def test_pages_that_were_stored_are_kept_and_the_cursor_waits_for_the_last_one(
    house: House, monkeypatch: pytest.MonkeyPatch, po: str
) -> None:
    monkeypatch.setattr("webapp.connectors.magento_search.PAGE_SIZE", 2)
    monkeypatch.setattr("webapp.shop_polls.AT_ONCE", 2)
    for _ in range(3):
        house.magento.ship(number(house, po), {SKU: 1})
    assert is_read(house, po)
    before = row(house, SHOP_SHIPMENTS).cursor_at
    assert before is not None
    house.magento.fault("status", method="GET", path="/V1/shipments", status=503, times=1)
    assert poll(house, SHOP_SHIPMENTS).cursor_at == before


def test_orders_of_others_are_left_alone_and_a_store_without_orders_is_not_asked(house: House) -> None:
    def asked() -> list[dict[str, Any]]:
        paths = ("/V1/shipments", "/V1/creditmemos")
        return [call for path in paths for call in house.magento.ledger.calls("GET", path)]

    look(house)
    assert asked() == []
    po = house.place(lines=[{"sku": SKU, "quantity": 1}])
    house.drain()
    look(house)
    assert asked()
    assert house.shown(po)["magento_increment_id"]


def test_deleted_and_canceled_orders_are_noticed_by_the_polls_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, po: str
) -> None:
    monkeypatch.setattr("webapp.shop_polls.AT_ONCE", 1)
    house.set_policy(invoice=False)
    deleted, canceled = (house.place(lines=[{"sku": SKU, "quantity": 1}]) for _ in range(2))
    house.drain()
    look(house)
    house.magento.delete(number(house, deleted))
    house.magento.cancel(number(house, canceled))
    house.pass_time(minutes=3)
    assert not is_read(house, po)
    house.pass_time(seconds=6)
    assert "was deleted" in str(house.shown(deleted)["attention"])
    assert "canceled" in str(house.shown(canceled)["attention"])
    turns_before = turns(house)
    look(house)
    assert turns(house) == turns_before, "what is known to be gone or as it was is not read again"


def asked(house: House, at: int) -> list[str]:
    """The lists that the shop was asked for since its call of this number."""
    return [call["path"].rpartition("/")[2] for call in house.magento.ledger.calls("GET")[at:]]


def fail(house: House, times: int = 4) -> int:
    """Every poll comes so often; how many calls the shop has had by then."""
    for _ in range(times):
        ask_all(house)
        house.drain()
    return len(house.magento.ledger.calls("GET"))


def test_a_shop_in_trouble_is_asked_little_and_one_that_is_back_shows_it_within_a_minute(house: House, po: str) -> None:
    house.magento.settings(maintenance=True)
    before = fail(house)
    for _ in range(60):
        house.pass_time(seconds=10)
    calls = house.magento.ledger.calls("GET")[before:]
    own = 10 // 2 + 4 * 10 // 5
    assert 9 <= len(calls) <= 10 + own, "one a minute, and each poll on its own schedule"
    assert all("[value]=0&" in unquote(call["query"]) for call in calls), "each is the smallest"
    house.magento.settings(maintenance=False)
    house.pass_time(minutes=1, seconds=1)
    assert {kind: row(house, kind).tries for kind in STORE_POLLS} == dict.fromkeys(STORE_POLLS, 0)


def test_a_right_that_is_missing_is_asked_for_on_the_usual_schedule(house: House, po: str) -> None:
    """However often the other polls succeed meanwhile."""
    house.magento.fault("status", method="GET", path="/V1/creditmemos", status=403)
    before = fail(house)
    for _ in range(60):
        house.pass_time(seconds=20)
    assert asked(house, before).count("creditmemos") <= 20 // 5 + 1
    assert row(house, SHOP_CREDITMEMOS).tries
    assert not row(house, SHOP_ORDERS).tries


def test_a_shop_that_names_a_later_time_is_left_alone_until_then(house: House, po: str) -> None:
    house.magento.fault("status", method="GET", path="/V1/creditmemos", status=503, headers={"Retry-After": "3000"})
    for _ in range(8):
        before = clock.now()
        due_at = poll(house, SHOP_CREDITMEMOS).due_at
        assert before + timedelta(seconds=3000) <= due_at <= clock.now() + timedelta(seconds=3001)
    poll(house, SHOP_ORDERS)
    with house.app.app_context():
        left = db.session.query(PollRow).filter_by(kind=SHOP_CREDITMEMOS).one().due_at
    assert left == due_at, "that others are answered lets nobody come earlier"


def test_whether_a_shop_is_asked_costs_the_same_however_many_orders_it_has_nothing_to_do_with(house: House) -> None:
    with house.app.app_context():
        with unit_of_work() as work:
            account = work.session.query(AccountRow).one()
            for at in range(300):
                an_order(work, account, f"28021238{at:05}", magento=False)
        with statements(house.app) as run:
            assert not shop_polls.serves_orders(account.store_id)
        ours = [each for each in run if "from orders" in each.lower()]
        plans = [step.detail for each in ours for step in db.session.execute(text(f"explain query plan {each}"))]
        assert plans
        assert all("facet" in step for step in plans if "orders" in step), plans
        with unit_of_work() as work:
            an_order(work, account, "2802123900000", magento=False, wants_magento=True)
        assert shop_polls.serves_orders(account.store_id)
