"""Parcels, cancellations and refunds on an order's page: what Walmart said, who did it, and which number goes where."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_command, a_line, a_parcel, a_store, an_account, an_order
from tests.views.conftest import token_on
from webapp import clock, order_rows
from webapp.domain.commands import CancelLines, Command, ConfirmShipment, CorrectTracking, RefundLines
from webapp.domain.order import Line, LineRefund, Quantity
from webapp.domain.shop import Behind, Credited, ItemUnits, ShopCreditmemo, ShopOrder, ShopShipment, ShopTrack, Units
from webapp.models import OrderRow, db
from webapp.unit_of_work import Work, unit_of_work
from webapp.views import words

PO = "2802123876439"
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NUMBER = "1Z999AA10123456784"
DAMAGED = "The item is damaged (DamagedItem)"


def drawn(app: Flask, *lines: Line, shop: ShopOrder | None = None, **changes: Any) -> str:
    """An order whose shop's documents were read; each line of the shop's order stands for one of Walmart's."""
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        row = an_order(work, account, PO, lines, **changes)
        row.magento_items = msgspec.to_builtins(
            [Behind(60 + at, line.sku, (Units(line.number, line.quantity),)) for at, line in enumerate(lines)]
        )
        if shop is not None:
            order_rows.set_shop(row, shop)
        return f"/orders/{account.key}/{PO}"


def issue(work: Work, command: Command, state: str, **changes: Any) -> None:
    row = db.session.execute(select(OrderRow)).scalar_one()
    a_command(
        work,
        row,
        type(command).__name__,
        arguments=msgspec.to_builtins(asdict(command)),
        state=state,
        **{"ended_at": None if state in {"queued", "running"} else clock.now(), **changes},
    )


def shop(shipments: tuple[ShopShipment, ...] = (), memos: tuple[ShopCreditmemo, ...] = ()) -> ShopOrder:
    return ShopOrder(
        9, f"WM-{PO}", PO, 1, "processing", "processing", Decimal(24), (), shipments=shipments, creditmemos=memos
    )


def part(client: FlaskClient, path: str, name: str) -> str:
    """The text of one part of the page, without its tags."""
    page = client.get(path).text
    found = re.search(rf'data-region="{name}".*?(?=<div id="r-|</aside>|</div>\s*<aside)', page, re.S)
    assert found is not None
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])))


def test_each_parcel_says_what_walmart_has_said(app: Flask, operator: FlaskClient) -> None:
    elsewhere = replace(a_parcel("9400111"), url="http://insecure.example/9400111")
    lines = (
        a_line("1", statuses={"Shipped": 1}, tracking=a_parcel()),
        a_line("2", statuses={"Shipped": 1}, tracking=a_parcel()),
        a_line("3", "TEE", statuses={"Shipped": 1}, tracking=elsewhere),
        *(a_line(str(number), f"SKU-{number}") for number in range(4, 8)),
    )
    in_magento = ShopShipment(34, "000000034", 9, AT, (ItemUnits(66, 1),))
    waiting = ["Waiting for a tracking number on shipment 000000034."]
    path = drawn(app, *lines, shop=shop((in_magento,)), waiting_for=waiting)
    by_hand = replace(a_parcel("SENDING"), carrier="OnTrac")
    with app.app_context(), unit_of_work() as work:
        told = ConfirmShipment((Units("1", 1), Units("2", 1)), 31, "000000031", NUMBER)
        issue(work, told, "done", ended_at=AT, frozen={"floors": {"1": 1, "2": 1}, "sent_at": [AT.isoformat()]})
        issue(work, ConfirmShipment((Units("4", 1),), 0, "", "SENDING", by_hand, request="r"), "queued")
        refused = "Tracking number is not valid."
        issue(work, ConfirmShipment((Units("5", 1),), 32, "000000032", "REFUSED"), "parked", reason=refused)
        issue(
            work, ConfirmShipment((Units("6", 1),), 33, "000000033", "GONE"), "dismissed", dismissed_by="ada@x.example"
        )
    text = part(operator, path, "parcels")
    for sentence in (
        f"UPS {NUMBER} 2 × MUG-RED (lines 1, 2) · Magento shipment 000000031 Told from here, {when(AT)} .",
        "9400111 1 × TEE (line 3) Confirmed elsewhere: in Seller Center, or by another program. Accepted by Walmart",
        "OnTrac SENDING 1 × SKU-4 (line 4) Being sent",
        "REFUSED 1 × SKU-5 (line 5) · Magento shipment 000000032 Walmart: Tracking number is not valid. Refused",
        "GONE 1 × SKU-6 (line 6) · Magento shipment 000000033 Given up",
        "no tracking number yet 1 × SKU-7 (line 7) · Magento shipment 000000034 Waiting for a tracking number",
    ):
        assert sentence in text
    page = operator.get(path).text
    assert f'href="https://www.ups.com/track?tracknum={NUMBER}"' in page
    assert "insecure.example" not in page


def when(at: datetime) -> str:
    """As every time on the page is said, where the store is."""
    return words.moment(at, "America/Los_Angeles").striptags()


def test_who_told_of_a_parcel_and_when_is_said_as_other_times_of_the_page(app: Flask, operator: FlaskClient) -> None:
    path, at = drawn(app, a_line("1", statuses={"Shipped": 1}, tracking=a_parcel())), clock.now()
    by = {"issued_by": "<b>@x.example"}
    with app.app_context(), unit_of_work() as work:
        told = ConfirmShipment((Units("1", 1),), 0, "", NUMBER, a_parcel(), request="r")
        issue(work, told, "done", ended_at=at, **by)
        issue(work, CorrectTracking(told.units, 31, "000000031", "1Z<i>", NUMBER), "done", ended_at=at)
    text, page = part(operator, path, "parcels"), operator.get(path).text
    assert when(at).startswith("Today ")
    assert f"Told from here by <b>@x.example, {when(at)} . Corrected from 1Z<i>, {when(at)} ." in text
    assert f'Corrected from 1Z&lt;i&gt;, <time datetime="{at:%Y-%m-%dT%H:%M:%SZ}"' in page


UNDONE = (
    "1 × SKU-1 canceled, line 1 By ada@x.example: out of stock",
    "1 × SKU-2 canceled, line 2 By the buyer: the buyer asked for it",
    "1 × SKU-3 canceled, line 3 By Walmart, for fraud",
    "1 × SKU-4 canceled, line 4 By Walmart itself, since it had not shipped in time",
    "1 × SKU-5 canceled, line 5 By you, in Seller Center or by another program: pricing error",
    "1 × SKU-6 canceled, line 6 By Walmart: Walmart names no reason",
    f"Refund on SKU-7, line 7 By the shop (credit memo 000000006): {DAMAGED} $5.00",
    f"Refund on SKU-8, line 8 By you, in Seller Center or by another program: {DAMAGED} $5.00",
    f"Refund on SKU-9, line 9 By return R-1: {DAMAGED} $5.00",
    "Magento credit memo 000000007 Its refund is on its way $11.98",
    "Magento credit memo 000000008 Not settled at Walmart yet It is about what shipped $11.98",
)
"""Who called off or paid back what, and why."""


def undone(app: Flask) -> str:
    """The path of an order with units that were called off and money that was paid back, in every way."""

    def gone(number: str, reason: str) -> Line:
        line = a_line(number, f"SKU-{number}", statuses={"Cancelled": 1})
        return replace(line, quantities=(Quantity("Cancelled", 1, None, reason),))

    paid: dict[str, Any] = {
        "statuses": {"Shipped": 1},
        "refunded": Decimal("5.00"),
        "refunds": (LineRefund("r", "DamagedItem"),),
    }
    lines = (
        gone("1", "SELLER_CANCEL_OUT_OF_STOCK"),
        gone("2", "CUSTOMER_REQUESTED"),
        gone("3", "FRAUD"),
        gone("4", "Auto-cancelled due to expiry"),
        gone("5", "SELLER_CANCEL_PRICING_ERROR"),
        gone("6", ""),
        a_line("7", "SKU-7", **paid),
        a_line("8", "SKU-8", **paid),
        a_line("9", "SKU-9", **paid, return_order_id="R-1"),
        a_line("10", "SKU-10"),
    )
    memos = tuple(
        ShopCreditmemo(number, f"00000000{number}", 9, AT, (Credited(60, 1),), grand_total=Decimal("11.98"))
        for number in (7, 8)
    )
    path = drawn(app, *lines, shop=shop(memos=memos))
    with app.app_context(), unit_of_work() as work:
        issue(work, CancelLines((Units("1", 1),), "X", "request:r", "by hand"), "done", issued_by="ada@x.example")
        issue(work, RefundLines((), False, "DamagedItem", memo=7, memo_number="000000007"), "queued")
        from_memo = {"line": "7", "charges": [], "units": 0, "before": "0"}
        row = db.session.execute(select(OrderRow)).scalar_one()
        arguments = {
            "lines": [from_memo],
            "is_full": False,
            "reason": "DamagedItem",
            "memo": 6,
            "memo_number": "000000006",
        }
        a_command(work, row, "RefundLines", arguments=arguments, state="done", ended_at=clock.now())
    return path


def test_who_called_units_off_and_who_paid_back(app: Flask, operator: FlaskClient) -> None:
    path = undone(app)
    text = part(operator, path, "undone")
    for sentence in UNDONE:
        assert sentence in text
    data = {"csrf_token": token_on(operator, "/account")}
    assert operator.post(f"{path}/memos/8/refunds", data=data).status_code == 303
    assert "000000008 Taken for a refund of what shipped" in part(operator, path, "undone")
    operator.post(f"{path}/memos/99/refunds", data=data)
    assert "no such credit memo" in operator.get(path).text


def test_numbers_are_dealt_to_units_until_they_are_sent(app: Flask, operator: FlaskClient) -> None:
    tracks = (ShopTrack(1, "T-ONE", "ups", "UPS"), ShopTrack(2, "T-TWO", "ups", "UPS"))
    shipment = ShopShipment(34, "000000034", 9, AT, (ItemUnits(60, 1), ItemUnits(61, 1)), tracks)
    path = drawn(app, a_line("1", "MUG"), a_line("2", "TEE"), shop=shop((shipment,)))
    assert "Deal the numbers…" in operator.get(path).text
    form = operator.get(f"{path}/shipments/34/deal").text
    assert re.findall(r'<option value="(T-[A-Z]+)" selected>', form) == ["T-ONE", "T-TWO"]
    data = {"csrf_token": token_on(operator, "/account"), "number-1": "T-TWO", "number-2": "T-ONE"}
    assert operator.post(f"{path}/shipments/34/deal", data=data).status_code == 303
    form = operator.get(f"{path}/shipments/34/deal").text
    assert re.findall(r'<option value="(T-[A-Z]+)" selected>', form) == ["T-TWO", "T-ONE"]
    with app.app_context():
        dealt = (db.session.execute(select(OrderRow)).scalar_one().choices or {})["deals"]
        assert dealt == {"34:1": "T-TWO", "34:2": "T-ONE"}
    late = operator.post(f"{path}/shipments/34/deal", data={**data, "number-1": "T-ONE", "number-2": "T-ONE"})
    assert late.status_code == 409, "somebody dealt them since that form was opened"
    text = " ".join(re.sub("<[^>]+>", " ", late.text).split())
    assert "line 1 has T-TWO , you chose T-ONE" in text
    again = dict(re.findall(r'name="(seen-\d)" value="([^"]*)"', late.text))
    assert again == {"seen-1": "T-TWO", "seen-2": "T-ONE"}
    data |= again
    wrong = operator.post(f"{path}/shipments/34/deal", data={**data, "number-1": "T-X"})
    assert wrong.status_code == 422
    assert "has no tracking number T-X any more" in wrong.text
    nothing = operator.post(f"{path}/shipments/34/deal", data={"csrf_token": data["csrf_token"]})
    assert nothing.status_code == 422
    assert "nothing was dealt" in nothing.text
    assert operator.get(f"{path}/shipments/35/deal").status_code == 404
