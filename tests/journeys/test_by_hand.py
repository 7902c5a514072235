"""By hand: shipped, canceled, refunded, the buyer answered, each once however often the button is pressed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from tests.house import House
from webapp import by_hand
from webapp.by_hand import Options, Parcel
from webapp.domain.order import Charge
from webapp.models import AccountRow, LineRow, OrderRow, db
from webapp.outbox import Refusal
from webapp.unit_of_work import unit_of_work

BY = "ada@shop.example"
UPS = Parcel("UPS", "1Z999AA10123456784")
MUG = {"sku": "FH-MUG-350-BLU", "price": "10.00", "tax": "0.83"}


def two_mugs(house: House) -> str:
    """An acknowledged order of two one-unit lines, created in the shop."""
    po = house.place(lines=[{**MUG, "quantity": 2}])
    house.drain()
    return po


def order_of(house: House, po: str) -> OrderRow:
    wanted = select(OrderRow).where(OrderRow.po == po).options(selectinload(OrderRow.lines))
    with house.app.app_context():
        return db.session.execute(wanted).scalar_one()


def asked(house: House, po: str, act: Callable[..., str], *given: Any) -> str:
    """What the act says, done once."""
    row = order_of(house, po)
    with house.app.app_context():
        try:
            return act(row.id, *given)
        finally:
            db.session.remove()


def allowed(house: House, po: str) -> Options:
    row = order_of(house, po)
    with house.app.app_context():
        return by_hand.options(row, db.session.get_one(AccountRow, row.account_id))


def lines_of(house: House, po: str) -> list[str]:
    return [line.number for line in order_of(house, po).lines]


def test_one_unit_is_shipped_and_the_other_canceled_each_once(house: House) -> None:
    po = two_mugs(house)
    one, other = lines_of(house, po)
    for _ in range(2):
        asked(house, po, by_hand.ship, {one: 1}, UPS, BY, "r-1")
    house.drain()
    for _ in range(2):
        asked(house, po, by_hand.cancel, {other: (1, "SELLER_CANCEL_PRICING_ERROR")}, BY, "r-2")
    house.drain()
    assert len(house.effects("ship", po)) == 1
    assert len(house.effects("cancel", po)) == 1
    assert order_of(house, po).status == "Partially Shipped"
    shop = house.magento.order(f"WM-{po}")
    assert sum(item["qty_shipped"] for item in shop["items"]) == 1
    assert not allowed(house, po).refund
    assert "Nothing is left" in allowed(house, po).ship
    said = "\n".join(entry["sentence"] for entry in house.shown(po)["log"])
    assert "Mark as shipped with UPS" in said


def test_a_refund_goes_out_once_and_never_above_what_was_charged(house: House) -> None:
    po = two_mugs(house)
    one, other = lines_of(house, po)
    asked(house, po, by_hand.ship, {one: 1, other: 1}, UPS, BY, "r-1")
    house.drain()
    part = (Charge("PRODUCT", "Item Price", Decimal("2.50"), Decimal("0.21"), "Item Price Tax"),)
    for _ in range(2):
        asked(house, po, by_hand.refund, {one: part}, "Finance -> Goodwill", "Sorry", BY, "r-2")
    house.drain()
    assert len(house.effects("refund", po)) == 1
    assert order_of(house, po).refunded == Decimal("2.71")
    too_much = (Charge("PRODUCT", "Item Price", Decimal("10.00")),)
    with pytest.raises(Refusal, match="left to refund"):
        asked(house, po, by_hand.refund, {one: too_much}, "Finance -> Goodwill", "", BY, "r-3")
    with house.app.app_context():
        _, [said] = by_hand.widened(order_of(house, po), {other: too_much})
    assert "10.83" in said
    asked(house, po, by_hand.refund, {other: too_much}, "Finance -> Goodwill", "", BY, "r-4")
    house.walmart.act(po, "refund", lines=[{"line": other, "amount": "1.00"}])
    house.drain()
    assert len(house.effects("refund", po)) == 2, "what has changed meanwhile is not paid on top"
    assert "have changed since these amounts were entered" in house.commands(po)[-1].reason
    assert house.commands(po)[-1].state == "parked"


def test_a_credit_memo_made_for_a_refund_by_hand_pays_nothing_twice(house: House) -> None:
    po = two_mugs(house)
    one, other = lines_of(house, po)
    asked(house, po, by_hand.ship, {one: 1, other: 1}, UPS, BY, "r-1")
    house.drain()
    whole = (Charge("PRODUCT", "Item Price", Decimal("10.00"), Decimal("0.83"), "Item Price Tax"),)
    asked(house, po, by_hand.refund, {one: whole}, "DamagedItem", "", BY, "r-2")
    house.drain()
    house.magento.refund(f"WM-{po}", {MUG["sku"]: 1})
    house.wish(po)
    house.drain()
    house.pass_time(minutes=20)
    assert house.effects("refund", po) == [po]
    assert order_of(house, po).refunded == Decimal("10.83")
    assert (house.shown(po)["attention"], house.shown(po)["waiting_for"]) == (None, [])


def test_a_refund_that_is_done_and_cannot_be_seen_yet_bars_another(house: House) -> None:
    po = two_mugs(house)
    one, other = lines_of(house, po)
    asked(house, po, by_hand.ship, {one: 1, other: 1}, UPS, BY, "r-1")
    house.drain()
    part = (Charge("PRODUCT", "Item Price", Decimal("2.50"), Decimal("0.21"), "Item Price Tax"),)
    asked(house, po, by_hand.refund, {one: part}, "Finance -> Goodwill", "", BY, "r-2")
    house.drain()
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(LineRow).values(refunded=Decimal(0), refunds=None))  # what an old read would have stored
    with pytest.raises(Refusal, match="on its way"):
        asked(house, po, by_hand.refund, {one: part}, "Finance -> Goodwill", "", BY, "r-3")
    asked(house, po, by_hand.refund, {other: part}, "Finance -> Goodwill", "", BY, "r-4")
    house.drain()
    assert len(house.effects("refund", po)) == 2


def test_a_buyer_who_asks_to_cancel_is_answered_either_way(house: House) -> None:
    first, second = two_mugs(house), two_mugs(house)
    for po in (first, second):
        house.walmart.act(po, "intent_to_cancel")
        house.post_webhook(po, sub_type="INTENT_TO_CANCEL")
    house.drain()
    asked(house, first, by_hand.accept_cancellation, dict.fromkeys(lines_of(house, first), 1), BY, "r-1")
    asked(house, second, by_hand.ship_anyway, BY)
    house.drain()
    assert order_of(house, first).status == "Canceled"
    numbers = dict.fromkeys(lines_of(house, second), 1)
    asked(house, second, by_hand.ship, numbers, UPS, BY, "r-2")
    house.drain()
    assert order_of(house, second).status == "Shipped"


WRONG: tuple[tuple[Callable[[str], tuple[Any, ...]], str], ...] = (
    (lambda one: (by_hand.ship, {one: 2}, UPS), "has 1 to ship"),
    (lambda one: (by_hand.ship, {one: 0}, UPS), "at least one unit"),
    (lambda one: (by_hand.ship, {"99": 1}, UPS), "no line 99"),
    (lambda one: (by_hand.ship, {one: 1}, Parcel("UPS", "")), "tracking number"),
    (lambda one: (by_hand.ship, {one: 1}, Parcel("UPS", "1Z<b>")), "letters and digits"),
    (lambda one: (by_hand.ship, {one: 1}, Parcel("Parcel Bee", "T1")), "does not list the carrier"),
    (lambda one: (by_hand.cancel, {one: (1, "BECAUSE")}), "Walmart's reasons"),
    (lambda one: (by_hand.cancel, {one: (1, "CUSTOMER_REQUESTED_SELLER_TO_CANCEL")}), "has not asked"),
    (lambda one: (by_hand.cancel, {one: (3, "SELLER_CANCEL_PRICING_ERROR")}), "has 1 to cancel"),
)


def test_what_walmart_would_refuse_is_refused_here_with_a_sentence(house: House) -> None:
    po = two_mugs(house)
    for act, sentence in WRONG:
        function, *given = act(lines_of(house, po)[0])
        with pytest.raises(Refusal, match=sentence):
            asked(house, po, function, *given, BY, "r-1")
    house.drain()
    assert not house.effects("ship") + house.effects("cancel")


def test_nothing_is_offered_for_what_walmart_ships_itself(house: House) -> None:
    po = house.place(ship_node="WFSFulfilled", lines=[{**MUG, "quantity": 1}])
    house.drain()
    options = allowed(house, po)
    assert all("WFS" in why for why in (options.ship, options.cancel, options.refund, options.answer))
