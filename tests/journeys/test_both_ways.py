"""A status goes across once, whoever was first: the seed's own example and its relatives, on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.house import House
from tests.journeys.both_ways import (
    MUG,
    UPS,
    at_walmart,
    credit,
    credited_in_magento,
    in_magento,
    log,
    number,
    refunded_at_walmart,
    ship,
)
from tests.moments import Moment, a_house
from tests.working import look, work_off
from webapp import clock, timeline
from webapp.models import OrderRow, db
from webapp.timeline import Entry

OTHER = UPS | {"track_number": "1Z999AA10123456785"}
ONE = Decimal("12.88")
"""A mug with its tax."""
SENDS = ("ship", "cancel", "refund", "update_tracking")
MAKES = ("invoice", "ship", "refund", "cancel")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    with a_house(tmp_path_factory, valkey) as built:
        yield built


@pytest.fixture(scope="module")
def empty(house: House) -> Moment:
    return Moment.of(house)


@pytest.fixture(scope="module")
def split(house: House, empty: Moment) -> tuple[Moment, str]:
    """Two mugs as two lines of one unit, as Walmart sells them; one line in the shop."""
    return a_ready_order(house, empty, split=True)


@pytest.fixture(scope="module")
def whole(house: House, empty: Moment) -> tuple[Moment, str]:
    """Two mugs as one line of two on both sides."""
    return a_ready_order(house, empty, split=False)


@pytest.fixture
def po(house: House, split: tuple[Moment, str]) -> str:
    """The first of them, ready to ship."""
    split[0].come_back(house)
    return split[1]


def a_ready_order(house: House, empty: Moment, **line: Any) -> tuple[Moment, str]:
    empty.come_back(house)
    po = an_order(house, **line)
    assert house.shown(po)["status"] == "Unshipped"
    return Moment.of(house), po


def an_order(house: House, quantity: int = 2, **more: Any) -> str:
    spec = {name: more.pop(name) for name in ("split", "shipping", "shipping_tax", "sku") if name in more}
    po = house.place(lines=[{"sku": MUG, "quantity": quantity, "price": 11.90, "tax": 0.98} | spec], **more)
    work_off(house, po)
    return po


def nothing_more_happens(house: House, po: str) -> None:
    """Whatever is looked at again, and however late, asks for nothing: no echo, no second time."""
    before = Moment.of(house)
    for minutes in (0, 3, 60):
        clock.move(timedelta(minutes=minutes))
        look(house, po)
    assert before.since(house) == []


@pytest.mark.parametrize("kind", ["split", "whole"])
@pytest.mark.parametrize("first", ["ship", "credit"])
@pytest.mark.parametrize("lenient", [True, False], ids=["credited unit offered", "not offered"])
def test_one_unit_ships_and_the_other_is_canceled(
    house: House, request: pytest.FixtureRequest, kind: str, first: str, lenient: bool
) -> None:
    moment, po = request.getfixturevalue(kind)
    moment.come_back(house)
    house.magento.settings(refunded_unit_still_shippable=lenient)
    for act in (ship, credit) if first == "ship" else (credit, ship):
        act(house, po)
    shown = house.shown(po)
    assert (shown["status"], shown["counts"]) == ("Partially Shipped", "1 shipped · 1 canceled")
    assert (shown["attention"], shown["waiting_for"]) == (None, [])
    assert at_walmart(house, po) == {"Shipped": 1, "Cancelled": 1}
    assert in_magento(house, po) == {"shipped": 1, "refunded": 1, "canceled": 0}
    assert refunded_at_walmart(house, po) == 0
    assert (house.effects("ship", po), house.effects("cancel", po)) == ([po], [po])
    nothing_more_happens(house, po)


@pytest.mark.parametrize("answers", [("cut_before", "cut_after"), ("cut_after", "cut_before")])
def test_of_two_shipments_in_doubt_over_one_line_each_is_told_once(
    house: House, whole: tuple[Moment, str], answers: tuple[str, str]
) -> None:
    """One call has arrived and one has not, and Walmart shows a count that both would explain."""
    whole[0].come_back(house)
    po = whole[1]
    for answer, track in zip(answers, (UPS, OTHER), strict=True):
        house.walmart.fault(answer, method="POST", path=f"/v3/orders/{po}/shipping", times=1)
        house.magento.ship(number(po), {MUG: 1}, [track])
    for _ in range(6):
        look(house, po)
        clock.move(timedelta(minutes=2))
    assert at_walmart(house, po) == {"Shipped": 2}
    assert [len(house.walmart.ledger.entries(effect, po)) for effect in ("ship", "update_tracking")] == [2, 0]
    assert house.shown(po)["waiting_for"] == []
    nothing_more_happens(house, po)


def test_the_shop_gives_nothing_up_for_a_cancellation_that_walmart_may_never_have_heard(house: House, po: str) -> None:
    """The buyer's wish was accepted, the answer got lost, and the units were shipped after all."""
    house.set_policy(accept_cancellation_requests=True)
    house.walmart.fault("cut_before", method="POST", path=f"/v3/orders/{po}/cancel")
    for line in ("1", "2"):
        house.walmart.act(po, "intent_to_cancel", line=line)
    look(house, po)
    assert in_magento(house, po) == {"shipped": 0, "refunded": 0, "canceled": 0}
    for line in ("1", "2"):
        house.walmart.act(po, "ship", line=line, tracking="W1")
    house.walmart.clear_faults()
    for _ in range(4):
        clock.move(timedelta(minutes=2))
        look(house, po)
    assert in_magento(house, po) == {"shipped": 2, "refunded": 0, "canceled": 0}
    assert house.effects("cancel", po) == []
    nothing_more_happens(house, po)


def test_what_was_refunded_in_seller_center_and_then_booked_by_hand_is_refunded_once(house: House, po: str) -> None:
    ship(house, po, 2)
    house.walmart.act(po, "refund", line="1")
    look(house, po)
    assert "Walmart gave back $12.88 on line 1 that no credit memo in Magento tells of." in log(house, po)
    credit(house, po)
    assert refunded_at_walmart(house, po) == credited_in_magento(house, po) == ONE
    assert f"Walmart had refunded $12.88 on {MUG} (line 1)" in log(house, po)
    assert house.shown(po)["attention"] is None
    nothing_more_happens(house, po)


def test_a_part_that_was_refunded_there_is_not_paid_again_though_reads_are_old(house: House, po: str) -> None:
    ship(house, po, 2)
    before = Moment.of(house)
    before.come_back(house)
    house.walmart.act(po, "refund", line="1", amount=3)
    house.magento.refund(number(po), None, adjustment_positive=3)
    house.walmart.fault("stale_reads", method="GET", seconds=99_999)
    look(house, po)
    assert "making sure first that Walmart has not given the same money back" in " ".join(
        house.shown(po)["waiting_for"]
    )
    house.walmart.clear_faults()
    clock.move(timedelta(minutes=3))
    work_off(house, po)
    assert refunded_at_walmart(house, po) == credited_in_magento(house, po) == 3
    assert house.shown(po)["attention"] is None
    nothing_more_happens(house, po)


def test_what_walmart_adds_to_a_full_price_is_credited_in_magento_too(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.set_policy(create_credit_memos=True)
    po = an_order(house, 1, shipping=4.99, shipping_tax=0.41)
    ship(house, po)
    credit(house, po)
    assert "5.40 of it is tax and shipping that Walmart adds to a full price" in log(house, po)
    assert refunded_at_walmart(house, po) == credited_in_magento(house, po) == ONE + Decimal("5.40")
    nothing_more_happens(house, po)


@pytest.mark.parametrize(("later", "sent"), [(timedelta(hours=1), True), (timedelta(days=1), False)])
def test_a_corrected_number_goes_to_walmart_as_long_as_walmart_takes_it(
    house: House, po: str, later: timedelta, sent: bool
) -> None:
    ship(house, po)
    clock.move(later)
    house.magento.replace_track(number(po), UPS["track_number"], OTHER["track_number"])
    look(house, po)
    assert house.effects("update_tracking", po) == ([po] if sent else [])
    assert at_walmart(house, po) == {"Shipped": 1, "Acknowledged": 1}
    said = "Corrected at Walmart" if sent else "Walmart takes corrections for 4 hours only and keeps 1Z999AA10123456784"
    assert said in log(house, po)
    nothing_more_happens(house, po)


def test_shipped_here_and_canceled_there_at_once_is_told(house: House, empty: Moment) -> None:
    empty.come_back(house)
    po = an_order(house, 1)
    house.walmart.act(po, "cancel")
    ship(house, po)
    assert at_walmart(house, po) == {"Cancelled": 1}
    assert house.effects("ship", po) == []
    assert "was shipped in Magento but is canceled at Walmart" in str(house.shown(po)["attention"])
    nothing_more_happens(house, po)


@pytest.mark.parametrize("winner", ["ship", "cancel"])
def test_shipped_and_canceled_at_once_from_both_sides_one_wins(house: House, empty: Moment, winner: str) -> None:
    """The command is on its way when the other side acts."""
    empty.come_back(house)
    po = an_order(house, 1)
    house.walmart.fault("status", method="POST", path="/(shipping|cancel)", status=503, times=1)
    if winner == "ship":
        credit(house, po)
        house.walmart.act(po, "ship")
    else:
        ship(house, po)
        house.walmart.act(po, "cancel")
    for minutes in (2, 1, 5):
        clock.move(timedelta(minutes=minutes))
        work_off(house, po)
    assert "so this came too late" in log(house, po)
    if winner == "ship":
        assert at_walmart(house, po) == {"Shipped": 1}
        assert refunded_at_walmart(house, po) == ONE
    else:
        assert at_walmart(house, po) == {"Cancelled": 1}
        assert "is canceled at Walmart" in str(house.shown(po)["attention"])
    nothing_more_happens(house, po)


def credit_what_shipped(house: House, po: str) -> None:
    ship(house, po, 2)
    credit(house, po)


def ship_there(house: House, po: str) -> None:
    house.walmart.act(po, "ship", line="1")
    look(house, po)


def refund_there(house: House, po: str) -> None:
    ship(house, po, 2)
    house.walmart.act(po, "refund", line="1")
    look(house, po)


Act = Callable[[House, str], None]
SWITCHES: dict[str, tuple[Act, str]] = {
    "send_shipments": (ship, "Not sent to Walmart: sending shipments is switched off for this account."),
    "send_cancels": (credit, "Not canceled at Walmart: sending cancellations is switched off for this account."),
    "send_credit_memos": (
        credit_what_shipped,
        "Not refunded at Walmart: sending credit memos is switched off for this account.",
    ),
    "create_shipments": (
        ship_there,
        "Not shipped in Magento: creating shipments is switched off for this account.",
    ),
    "create_credit_memos": (refund_there, "Making such credit memos is switched off for this account."),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_is_not_sent_and_said_once(house: House, po: str, switch: str) -> None:
    act, sentence = SWITCHES[switch]
    house.set_policy(**{switch: False})
    act(house, po)
    before = Moment.of(house)
    nothing_more_happens(house, po)
    assert log(house, po).count(sentence) == 1
    before.come_back(house)
    house.set_policy(**{switch: True})
    clock.move(timedelta(minutes=3))
    look(house, po)
    assert before.since(house), "switched on, it goes by itself"


def test_an_order_that_walmart_ships_is_never_written_to(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.set_policy(
        create_wfs_orders=True, create_credit_memos=True, wfs_manage_stock=True, wfs_shipment_source="default"
    )
    po = an_order(house, ship_node="WFSFulfilled")
    house.walmart.act(po, "ship")
    look(house, po)
    assert in_magento(house, po)["shipped"] == 2
    credit(house, po)
    house.walmart.act(po, "refund", line="2")
    look(house, po)
    nothing_more_happens(house, po)
    writes = [call for call in house.walmart.ledger.calls("POST") if "/token" not in call["path"]]
    assert [call for call in writes if po in call["path"]] == []


def test_each_parcel_goes_with_its_own_number(house: House, po: str) -> None:
    ship(house, po, 2, MUG, UPS, OTHER)
    sent = [entry["detail"] for entry in house.walmart.ledger.entries("ship", po)]
    told = {one["line"]: one["tracking"]["trackingNumber"] for one in sent}
    assert told == {"1": UPS["track_number"], "2": OTHER["track_number"]}
    assert {one["sellerOrderId"] for one in sent} == {number(po)}
    ways = {(one["tracking"]["carrierName"]["carrier"], one["tracking"]["methodCode"]) for one in sent}
    assert ways == {("UPS", house.walmart.order(po)["shippingInfo"]["methodCode"])}
    nothing_more_happens(house, po)


def test_parcels_of_walmart_leave_the_sources_that_the_shop_selects(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.magento.settings(multi_source=True)
    po = an_order(house, 2)
    house.walmart.act(po, "ship", lines=[{"line": "1", "tracking": "1Z1"}, {"line": "2", "tracking": "1Z2"}])
    look(house, po)
    shipments = house.magento.shipments(number(po))
    assert sorted(track["track_number"] for one in shipments for track in one["tracks"]) == ["1Z1", "1Z2"]
    assert {one["extension_attributes"]["source_code"] for one in shipments} <= {"east", "west"}
    assert in_magento(house, po)["shipped"] == 2
    nothing_more_happens(house, po)


def test_a_part_that_walmart_cancels_before_the_invoice_is_canceled_in_magento(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.set_policy(invoice=False)
    po = an_order(house)
    house.walmart.act(po, "cancel", line="2")
    look(house, po)
    assert in_magento(house, po) == {"shipped": 0, "refunded": 0, "canceled": 1}
    ship(house, po)
    assert at_walmart(house, po) == {"Shipped": 1, "Cancelled": 1}
    nothing_more_happens(house, po)


@pytest.mark.parametrize("action", ["auto_cancel", "fraud_cancel"])
def test_what_walmart_cancels_by_itself_is_credited_and_back_in_stock(house: House, po: str, action: str) -> None:
    house.walmart.act(po, action)
    look(house, po)
    assert in_magento(house, po) == {"shipped": 0, "refunded": 2, "canceled": 0}
    assert house.magento.order(number(po))["state"] == "closed"
    assert house.shown(po)["status"] == "Canceled"
    assert refunded_at_walmart(house, po) == 0
    nothing_more_happens(house, po)


def test_refunds_of_walmart_become_credit_memos_where_the_account_says_so(house: House, empty: Moment) -> None:
    empty.come_back(house)
    house.set_policy(create_credit_memos=True)
    po = an_order(house, 2, shipping=4.99, shipping_tax=0.41)
    ship(house, po, 2)
    house.walmart.act(po, "refund", line="1", amount=2, tax=0.2)
    look(house, po)
    house.walmart.act(po, "refund", line="2")
    look(house, po)
    assert credited_in_magento(house, po) == refunded_at_walmart(house, po) > ONE
    assert len(house.magento.creditmemos(number(po))) == 2
    nothing_more_happens(house, po)


def test_the_log_of_a_whole_life_reads_as_a_story(house: House, po: str) -> None:
    ship(house, po)
    credit(house, po)
    credit(house, po)
    told = log(house, po)
    story = [
        "Webhook from Walmart: ORDER_UPDATES PO_CREATED.",
        "Order imported: 2 to acknowledge.",
        f"Created Magento order {number(po)}.",
        "Walmart took the acknowledgement.",
        "Walmart status: Created → Unshipped.",
        "Magento made invoice 1.",
        "In Magento: processing, 2 invoiced · 1 shipped.",
        f"Told Walmart that 1 × {MUG} (line 1) left with UPS {UPS['track_number']} (shipment 000000001).",
        "At Walmart: 2 to ship → 1 shipped · 1 to ship.",
        "Walmart status: Unshipped → Partially Shipped.",
        "In Magento: complete, 2 invoiced · 1 shipped · 1 refunded.",
        f"Canceled at Walmart for credit memo 000000001: 1 × {MUG} (line 2). Reason given: pricing error.",
        "At Walmart: 1 shipped · 1 to ship → 1 shipped · 1 canceled.",
        f"Refunded at Walmart for credit memo 000000002: $12.88 on {MUG} (line 1). Reason given: General adjustment.",
        "Refunded at Walmart: $12.88 in all.",
    ]
    places = [told.find(sentence) for sentence in story]
    assert -1 not in places, (story[places.index(-1)], told)
    assert places == sorted(places), told
    entries = whole_log(house, po)
    assert len(entries) >= 12
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert all(entry.by or entry.actor for entry in entries), "somebody or something did it"
    assert {entry.actor for entry in entries} >= {"Walmart", "Magento", "rule"}
    tries = [entry for entry in entries if entry.kind == "attempt"]
    assert {entry.tone for entry in tries} == {"ok"}
    assert all(entry.duration_ms is not None and entry.calls for entry in tries)
    assert all(call.correlation_id for entry in tries for call in entry.calls)


def whole_log(house: House, po: str) -> tuple[Entry, ...]:
    with house.app.app_context():
        row = db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
        return timeline.log(row.account_id, po, row.sync_id)
