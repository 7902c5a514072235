"""`flask orders ship|cancel|refund|…`: one order's whole life by hand, and a sentence for each mistake."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from click.testing import Result

from tests.house import House
from tests.journeys.both_ways import refunded_at_walmart

MUG = {"sku": "FH-MUG-350-BLU", "price": "10.00", "tax": "0.83"}
UPS = ("--carrier", "UPS", "--number", "1Z999AA10123456784")


def run(house: House, *words: str) -> Result:
    return house.app.test_cli_runner().invoke(args=["orders", *words])


def told(house: House, *words: str) -> Any:
    result = run(house, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_ship_cancel_and_refund_each_once_and_mistakes_in_a_sentence(house: House) -> None:
    po = house.place(lines=[{**MUG, "quantity": 3}])
    house.drain()
    for words, sentence in (
        (("ship", po, "--line", "9=1", *UPS), "The order has no line 9. It has 1, 2, 3."),
        (("ship", po, "--line", "1", *UPS), "Write --line as in --line 1=2, not 1."),
        (("ship", po, "--line", "1=two", *UPS), "two is no number of units."),
        (("ship", po, "--line", "1=2", *UPS), "Line 1 has 1 to ship, not 2."),
        (("ship", po, "--carrier", "Bee", "--number", "T1"), "enter the address where the parcel is tracked"),
        (("ship", po, "--carrier", "UPS", "--number", "1Z1"), "Look for a slip, or add --sure."),
        (("cancel", po, "--line", "1=1:BECAUSE"), "not BECAUSE: CUSTOMER_REQUESTED_SELLER_TO_CANCEL, SELLER_CANCEL"),
        (("cancel", po, "--line", "1=1"), "Walmart takes one of these reasons, not none"),
        (("refund", po, "--line", "1=all", "--reason", "Others"), "Of line 1 nothing can be refunded"),
        (("refund", po, "--line", "1=all", "--reason", "Because"), "not Because: General adjustment"),
        (("accept-cancellation", po), "The buyer does not ask to cancel"),
        (("retry", po), "Nothing of this order has failed."),
        (("dismiss", po, "--reason", "x"), "Nothing of this order has failed."),
        (("settle", po), "not asked for any more"),
        (("ship", "1", *UPS), "has no order 1"),
    ):
        result = run(house, *words)
        assert result.exit_code == 1, words
        assert sentence in result.output, words
        assert "Traceback" not in result.output
    for _ in range(2):
        shipped = told(house, "ship", po, "--line", "1=1", "--line", "2=1", *UPS, "--request", "a")
    assert shipped == {"account": "Seller", "po": po, "done": True, "sentence": shipped["sentence"]}
    told(house, "cancel", po, "--line", "3=1:SELLER_CANCEL_PRICING_ERROR")
    house.drain()
    assert house.shown(po)["counts"] == "2 shipped · 1 canceled"
    other = run(house, "refund", po, "--line", "1=PRODUCT:MX$2.50", "--reason", "Others")
    assert (other.exit_code, "This order is in USD." in other.output) == (1, True)
    asked = ("refund", po, "--line", "1=PRODUCT:2.50:0.21", "--line", "2=10.00", "--reason", "Finance -> Goodwill")
    would = told(house, *asked)
    assert would["done"] is False
    assert "Would refund $13.54. Line 2: Walmart refunds tax and shipping too" in would["sentence"]
    house.drain()
    assert not house.effects("refund", po)
    for _ in range(2):
        told(house, *asked, "--yes", "--request", "b")
    house.drain()
    assert refunded_at_walmart(house, po) == Decimal("13.54")
    for call in ("/shipping", "/cancel"):
        assert len(house.walmart.ledger.calls("POST", call)) == 1


def test_a_cancellation_is_accepted_by_the_units_that_were_said(house: House) -> None:
    po = house.place(lines=[{**MUG, "quantity": 2}])
    house.drain()
    house.walmart.act(po, "intent_to_cancel")
    house.post_webhook(po, sub_type="INTENT_TO_CANCEL")
    house.drain()
    would = told(house, "accept-cancellation", po)
    assert would["done"] is False
    assert would["sentence"] == (
        f"Would cancel 2 × {MUG['sku']} (lines 1, 2). Nothing was sent: add --line 1=1 --line 2=1 to do it."
    )
    house.drain()
    assert house.effects("cancel", po) == []
    part = run(house, "accept-cancellation", po, "--line", "1=1")
    assert (part.exit_code, "What is to be canceled has changed meanwhile" in part.output) == (1, True)
    told(house, "accept-cancellation", po, "--line", "1=1", "--line", "2=1")
    house.drain()
    assert house.shown(po)["counts"] == "2 canceled"


def test_what_waits_is_tried_again_or_given_up_and_the_buyer_answered(house: House) -> None:
    po = house.place(lines=[{**MUG, "quantity": 1}])
    house.drain()
    house.walmart.act(po, "intent_to_cancel")
    house.post_webhook(po, sub_type="INTENT_TO_CANCEL")
    house.drain()
    told(house, "ship-anyway", po)
    house.walmart.fault("status", method="POST", path="/shipping", status=400, times=2, body='{"error":[]}')
    told(house, "ship", po, *UPS)
    house.drain()
    assert "tried again" in told(house, "retry", po)["sentence"]
    house.drain()
    told(house, "dismiss", po, "--reason", "Shipped in Seller Center")
    told(house, "resend", po)
    assert "given up. Shipped in Seller Center" in "\n".join(one["sentence"] for one in house.shown(po)["log"])
