"""A buyer's whole way through the application, and then gone from it: from rows, events, calls, index and pages."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.house import House
from tests.views.conftest import token_on
from webapp import clock, erasing, notes, people
from webapp.models import EventRow, OrderRow, SettingChangeRow, db
from webapp.outbox import Refusal

NAME = "Zebulon Quixwhistle"
BUYER: dict[str, Any] = {
    "address": {"name": NAME, "address1": "77 Unrepeatable Row", "city": "Mossgate", "postalCode": "99277"},
    "phone": "5095550177",
    "email": "zq@canary.example",
}
CANARIES = ("zebulon", "quixwhistle", "unrepeatable", "mossgate", "99277", "5095550177", "zq@canary")


def left_in(folder: Path) -> list[str]:
    """Which canaries a dump of the database still holds, in whatever column or index."""
    with sqlite3.connect(folder / "test.db") as connection:
        dump = "\n".join(connection.iterdump()).lower()
    return [one for one in CANARIES if one in dump or one.encode().hex() in dump]


def finished(house: House) -> str:
    """An order of that buyer, from its webhook to its shipment, talked about on the way."""
    po = house.place(**BUYER)
    house.drain()
    body = {"source": {"eventType": "PO_LINE_UPDATES"}, "payload": {"order": {"purchaseOrderId": po, "who": BUYER}}}
    assert house.post(body) == 200
    house.drain()
    for line in house.walmart.statuses(po):
        house.walmart.act(po, "ship", lines=[{"line": line}])
    house.wish(po)
    house.drain()
    assert house.shown(po)["status"] == "Shipped"
    return po


def row_of(po: str) -> OrderRow:
    return db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()


def sweep(house: House) -> None:
    with house.app.app_context():
        erasing.sweep(erasing.Marks())
        db.session.remove()


def test_a_buyer_is_gone_thirty_days_after_the_order_and_stays_gone(house: House, tmp_path: Path) -> None:
    po = finished(house)
    before = house.shown(po)
    assert left_in(tmp_path) == list(CANARIES), "the dump shows what is there"
    house.pass_time(days=29)
    sweep(house)
    assert left_in(tmp_path) == list(CANARIES)
    house.pass_time(days=2)
    sweep(house)
    assert left_in(tmp_path) == []
    after = house.shown(po)
    for kept in ("status", "lines", "magento_increment_id", "po", "customer_order_id"):
        assert after[kept] == before[kept]
    assert [entry["sentence"] for entry in before["log"]] == [
        entry["sentence"] for entry in after["log"] if not entry["sentence"].startswith("The buyer’s data was erased")
    ]
    house.wish(po)
    house.drain()
    house.pass_time(days=1)
    assert left_in(tmp_path) == [], "reading the order again brings nothing back"
    assert "Walmart changed the delivery address." not in str(house.shown(po)["log"])


def test_an_open_order_keeps_its_buyer_and_so_does_one_that_waits_for_somebody(house: House, tmp_path: Path) -> None:
    po = house.place(**BUYER)
    house.drain()
    clock.move(timedelta(days=40))
    sweep(house)
    with house.app.app_context():
        assert row_of(po).buyer == NAME
        with pytest.raises(Refusal, match="still open"):
            erasing.erase_one(row_of(po).id, "dana@shop.example")


def test_one_buyer_is_erased_on_request_by_an_admin_and_it_is_kept_who_did(house: House, tmp_path: Path) -> None:
    po = finished(house)
    with house.app.app_context():
        people.add_user("dana@shop.example", "admin", "four quiet words here")
        notes.add(row_of(po).id, "Asked to be forgotten.", "dana@shop.example", "r")
        link = people.issue_link("dana@shop.example")
    client = house.app.test_client()
    client.get(link)
    path = f"/orders/{house.account_key}/{po}"
    assert NAME in client.get(path).text
    assert "Erase for good" in client.get(f"{path}/erase").text
    client.post(f"{path}/erase", data={"csrf_token": token_on(client, "/account")})
    page = client.get(path).text
    assert "Buyer’s data erased on" in page
    assert NAME not in page
    assert "Asked to be forgotten." in page
    assert "there is nobody to create an order for" in page or "Create the order again" not in page
    assert client.get("/orders").status_code == 200
    assert left_in(tmp_path) == []
    with house.app.app_context():
        last = db.session.execute(select(SettingChangeRow).order_by(SettingChangeRow.id.desc()).limit(1)).scalar_one()
        assert (last.by, last.setting, last.after) == (
            "dana@shop.example",
            f"Order {po} of Seller",
            "erased on request",
        )
        event = db.session.execute(select(EventRow).where(EventRow.po == po)).scalars().first()
        assert event is not None
        assert "The body was erased" in client.get(f"/incoming/{event.id}").text


def test_bodies_go_after_their_days_and_what_belongs_to_no_order_after_its(house: House) -> None:
    po = house.place()
    house.post({"source": {"eventType": "SOMETHING_ELSE"}, "payload": {}})
    house.drain()
    clock.move(timedelta(days=31))
    sweep(house)
    with house.app.app_context():
        events = db.session.execute(select(EventRow).where(EventRow.source == "walmart")).scalars().all()
        assert [(event.po, event.body) for event in events] == [(po, b""), (None, b"")]
        assert row_of(po).buyer, "the order is open"
    clock.move(timedelta(days=60))
    sweep(house)
    with house.app.app_context():
        left = db.session.execute(select(EventRow.po).where(EventRow.source == "walmart")).scalars().all()
        assert left == [po], "what belongs to an order stays as long as the order"
