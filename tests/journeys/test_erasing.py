"""A buyer's whole way through the application, and then gone from it: from rows, events, calls, index and pages."""

from __future__ import annotations

import logging
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs import scheduler
from tests.house import House
from tests.views.conftest import token_on
from webapp import clock, erasing, exports, notes, people
from webapp.models import CommandRow, EventRow, ExportPartRow, ExportRow, OrderRow, SettingChangeRow, db
from webapp.outbox import Refusal
from webapp.unit_of_work import unit_of_work

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


def test_files_go_after_a_day_and_with_addresses_at_once_when_a_buyer_in_them_is_erased(house: House) -> None:
    po, by = finished(house), "dana@shop.example"
    with house.app.app_context():
        order_id = row_of(po).id
        keys = {
            "his": exports.ask([order_id], ["po"], by, with_address=True),
            "without": exports.ask([order_id], ["po"], by, with_address=False),
            "others": exports.ask([order_id + 1], ["po"], by, with_address=True),
        }
        while turn := exports.take():
            exports.run(turn)
        erasing.erase_one(order_id, by)
        assert [name for name, key in keys.items() if exports.find(key, by)] == ["without", "others"]
        clock.move(timedelta(days=1, minutes=1))
        while not erasing.sweep(erasing.Marks()):
            pass
        assert db.session.execute(select(ExportRow.id).union(select(ExportPartRow.id))).all() == []


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


def old_events(house: House, *states: str) -> list[int]:
    """Webhooks from forty days ago, a minute apart, the oldest first."""
    begin = clock.now() - timedelta(days=40)
    about: dict[str, Any] = {"source": "walmart", "account_id": house.account_id, "po": "1", "body": b"{}"}
    with house.app.app_context(), unit_of_work() as work:
        rows = [
            EventRow(**about, state=state, received_at=begin + timedelta(minutes=at)) for at, state in enumerate(states)
        ]
        for row in rows:
            work.add(row)
        work.flush()
        return [row.id for row in rows]


def bodies(ids: list[int]) -> list[bytes]:
    db.session.expire_all()
    return [db.session.get_one(EventRow, one).body for one in ids]


def test_a_body_that_was_still_needed_goes_once_its_event_is_answered(house: House) -> None:
    ids = old_events(house, "handled", "waiting", "handled")
    marks = erasing.Marks()
    with house.app.app_context():
        assert erasing.sweep(marks)
        assert bodies(ids) == [b"", b"{}", b""]
        with unit_of_work() as work:
            work.session.get_one(EventRow, ids[1]).state = "handled"
        assert erasing.sweep(marks)
        assert bodies(ids) == [b"", b"", b""]


def test_a_sweep_ends_when_its_time_is_up_and_the_next_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "EVENTS_AT_ONCE", 1)
    ids = old_events(house, *["handled"] * 3)
    marks = erasing.Marks(has_words=False)
    with house.app.app_context():
        for left in (2, 1, 0):
            assert not erasing.sweep(marks, seconds=0)
            assert bodies(ids).count(b"{}") == left
        assert erasing.sweep(marks, seconds=0)


def test_the_scheduler_goes_on_after_any_error_and_until_all_is_swept(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopped, turns = threading.Event(), iter((False, True, RuntimeError("a defect"), None))
    looks: list[int] = []
    swept: list[int] = []

    def turn(_: erasing.Marks) -> bool:
        found = next(turns)
        swept.append(len(looks))
        if isinstance(found, RuntimeError):
            raise found
        if found is None:
            stopped.set()
        return bool(found)

    monkeypatch.setattr(scheduler, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(scheduler, "ERASE_EVERY", 3)
    monkeypatch.setattr(scheduler, "sweep", lambda: looks.append(0))
    monkeypatch.setattr(erasing, "sweep", turn)
    caplog.set_level(logging.ERROR, scheduler.__name__)
    scheduler.run(house.app, stopped)
    assert "a defect" in caplog.text
    assert swept == [3, 4, 6, 9]


def test_what_proves_that_a_document_is_ours_outlives_the_buyer(house: House) -> None:
    po = finished(house)
    with house.app.app_context():
        made = select(CommandRow).where(CommandRow.kind == "CreateShipment", CommandRow.frozen.is_not(None))
        before = dict(db.session.execute(made).scalars().one().frozen or {})
        erasing.erase_one(row_of(po).id, "dana@shop.example")
        db.session.expire_all()
        kept = [row.frozen for row in db.session.execute(select(CommandRow)).scalars() if row.frozen]
        assert before["entity_id"]
        assert before in kept
        assert {name for one in kept for name in one} <= erasing.PROOF
    house.wish(po)
    house.drain()
    assert house.shown(po)["status"] == "Shipped"
