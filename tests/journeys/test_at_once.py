"""Several things within a second on both sides, and calls of which only a part succeeds: each line's effect once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.house import House
from tests.journeys.both_ways import (
    MUG,
    TEA,
    UPS,
    at_walmart,
    credited_in_magento,
    in_magento,
    log,
    number,
    refunded_at_walmart,
)
from tests.moments import Moment, a_house
from tests.working import look, work_off
from webapp import clock
from webapp.domain.policy import AcknowledgeWhen

LINES = [{"sku": sku, "quantity": 1, "price": 11.90, "tax": 0.98} for sku in (MUG, TEA, MUG)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    with a_house(tmp_path_factory, valkey) as built:
        yield built


@pytest.fixture(scope="module")
def empty(house: House) -> Moment:
    return Moment.of(house)


@pytest.fixture(scope="module")
def ready(house: House, empty: Moment) -> tuple[Moment, str]:
    """Two mugs and a tea, each a line of its own at Walmart, ready to ship."""
    empty.come_back(house)
    po = house.place(lines=LINES)
    work_off(house, po)
    return Moment.of(house), po


@pytest.fixture
def po(house: House, ready: tuple[Moment, str]) -> str:
    ready[0].come_back(house)
    return ready[1]


def nothing_more_happens(house: House, po: str) -> None:
    before = Moment.of(house)
    clock.move(timedelta(minutes=20))
    look(house, po)
    assert before.since(house) == []


def test_a_ship_a_cancel_and_a_refund_within_a_second_from_both_sides(house: House, po: str) -> None:
    house.magento.ship(number(po), {MUG: 1}, [UPS])
    house.walmart.act(po, "cancel", line="3")
    house.magento.refund(number(po), {TEA: 1})
    house.walmart.act(po, "ship", line="2")
    for event in range(3):
        assert house.post_webhook(po, event_id=f"event-{event % 2}") == 200
    look(house, po)
    assert at_walmart(house, po) == {"Shipped": 2, "Cancelled": 1}
    assert refunded_at_walmart(house, po) == credited_in_magento(house, po) / 2
    assert in_magento(house, po) == {"shipped": 1, "refunded": 2, "canceled": 0}
    told = [(one["effect"], one["detail"].get("line")) for one in house.walmart.ledger.entries(None, po)]
    effects = Counter(one for one in told if one[1])
    assert effects == {("ship", "1"): 1, ("ship", "2"): 1, ("cancel", "3"): 1, ("refund", "2"): 1}
    nothing_more_happens(house, po)


@pytest.mark.parametrize("partial", [True, False], ids=["the good line is kept", "all is refused"])
def test_one_bad_line_in_a_call_neither_loses_nor_doubles_the_good_one(house: House, po: str, partial: bool) -> None:
    """One of two lines was shipped in Seller Center after it was read and before the call."""
    house.walmart.settings(partial_multi_line=partial)
    house.magento.ship(number(po), {MUG: 2}, [UPS])
    before = Moment.of(house)
    before.come_back(house)
    house.walmart.act(po, "ship", line="3", tracking="1ZELSEWHERE")
    fault = house.walmart.fault("stale_reads", method="GET", path=f"/v3/orders/{po}", seconds=99_999)
    look(house, po)
    assert house.walmart.ledger.calls("POST", f"/{po}/shipping")
    house.walmart.faults.clear(fault)
    for minutes in (1, 3, 5):
        clock.move(timedelta(minutes=minutes))
        look(house, po)
    assert at_walmart(house, po) == {"Shipped": 2, "Acknowledged": 1}
    assert house.shown(po)["attention"] is None, log(house, po)
    nothing_more_happens(house, po)


def test_canceled_before_it_was_created_makes_no_order(house: House, empty: Moment) -> None:
    empty.come_back(house)
    po = house.walmart.place_order(lines=LINES)
    house.walmart.act(po, "cancel")
    assert house.post_webhook(po, sub_type="PO_LINE_CANCELLED") == 200
    assert house.post_webhook(po) == 200
    work_off(house, po)
    assert house.magento.orders() == []
    assert house.shown(po)["status"] == "Canceled"
    assert house.effects("acknowledge", po) == []


def test_shipped_before_it_was_acknowledged_waits_for_that(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND)
    po = house.place(lines=LINES)
    work_off(house, po)
    house.magento.ship(number(po), {MUG: 1}, [UPS])
    look(house, po)
    assert "Shipped in Magento; told to Walmart once the order is acknowledged." in log(house, po)
    assert house.walmart.ledger.calls("POST", f"/{po}/shipping") == []
    house.walmart.act(po, "acknowledge")
    look(house, po)
    assert at_walmart(house, po) == {"Shipped": 1, "Acknowledged": 2}
    nothing_more_happens(house, po)


def test_an_old_webhook_with_a_fresh_signature_takes_nothing_back(house: House, po: str) -> None:
    house.magento.ship(number(po), {MUG: 2, TEA: 1}, [UPS])
    look(house, po)
    before = Moment.of(house)
    clock.move(timedelta(hours=4))
    assert house.post_webhook(po, event_id="of four hours ago") == 200
    work_off(house, po)
    assert house.shown(po)["status"] == "Shipped"
    assert before.since(house) == []
