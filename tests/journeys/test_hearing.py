"""The shop tells while it saves: every kind of hook wakes its order, and a dead bridge stops nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from sqlalchemy import select

from sandbox.magento import MagentoSandbox
from tests.driving import drain_in, sentences
from tests.hearing import SECRET, address, heard, no_more_events, prove_by, reads, served, templates, told
from tests.house import House
from tests.journeys.shopping import row_of, use
from tests.working import look
from webapp import creation_by_hand
from webapp.hints import LOOKS_ONCE_MORE
from webapp.models import EventRow, db
from webapp.shop_events import COMMITS_WITHIN, NOT_OURS, OURS, REPLACED
from webapp.store_webhooks import Wanted

SKU = "FH-MUG-350-BLU"


@pytest.fixture
def po(house: House) -> str:
    """An order of two that stands in the shop, invoiced."""
    placed = house.place(lines=[{"sku": SKU, "quantity": 2}])
    house.drain()
    assert house.shown(placed)["magento_increment_id"]
    return placed


def number(house: House, po: str) -> str:
    return str(house.shown(po)["magento_increment_id"])


def test_the_ready_made_templates_wake_the_order_that_each_event_is_about(house: House, po: str) -> None:
    prove_by(house, Wanted("header", secret=SECRET))
    bodies = templates()
    assert {"order", "new_shipment", "new_creditmemo", "new_invoice", "new_order_comment"} < set(bodies)
    with served(house) as url:
        for event, body in bodies.items():
            house.magento.add_hook(kind="mageplaza", event=event, url=url, body=body, headers={"X-Api-Key": SECRET})
        new = {"event": "new_product", "body": bodies["product_update"]}
        house.magento.add_hook(kind="mageplaza", url=url, headers={"X-Api-Key": SECRET}, **new)
        house.magento.ship(number(house, po), {SKU: 1}, [{"track_number": "1Z", "carrier_code": "ups"}])
        assert [one[0] for one in told(house)] == ["new_shipment"]
        house.magento.refund(number(house, po), {SKU: 1})
        house.magento.comment(number(house, po), "a word")
        house.magento.add_product("OTHER-1", quantity=1)
    house.drain()
    assert {one[1] for one in told(house) if one[0] != "product_update"} == {po}
    house.pass_time(seconds=COMMITS_WITHIN.total_seconds() + 0.1)
    assert {one[2] for one in told(house)} == {"handled"}
    assert "1 shipped" in sentences(house, po)
    assert {"new_shipment", "order", "new_order_comment", "new_creditmemo", "product_update"} == {
        one[0] for one in told(house)
    }


@pytest.mark.parametrize("kind", ["basic", "hmac", "adobe_commerce", "adobe_io"])
def test_every_other_kind_of_hook_is_known_by_its_proof(house: House, po: str, kind: str) -> None:
    key = requests.get(f"{house.magento.url}/_control/adobe-key.pem", timeout=5).text
    ways: dict[str, tuple[Wanted, dict[str, Any]]] = {
        "basic": (
            Wanted("basic", user_name="shop", secret=SECRET),
            {"kind": "mageplaza", "username": "shop", "password": SECRET, "body": templates()["new_shipment"]},
        ),
        "hmac": (Wanted("hmac", secret=SECRET), {"secret": SECRET}),
        "adobe_commerce": (Wanted("adobe_commerce", public_keys=key), {"timeout_ms": 1000, "required": True}),
        "adobe_io": (Wanted("adobe_io", user_name="us", public_keys=key), {"client_id": "us", "delay": 0}),
    }
    wanted, hook = ways[kind]
    prove_by(house, wanted)
    with served(house) as url:
        added = house.magento.add_hook(**{"kind": kind, "event": "new_shipment", "url": url, **hook})
        assert added.get("challenged", True)
        house.magento.ship(number(house, po), {SKU: 1})
        until = time.monotonic() + 5
        while not (heard(house) and house.magento.deliveries()) and time.monotonic() < until:
            time.sleep(0.02)
        [delivery] = house.magento.deliveries()
        assert delivery["status"] == 200
        assert requests.post(url, json={"event": "shipment", "order_id": 1}, timeout=5).status_code == 401
    house.pass_time(seconds=4)
    assert [one[1:] for one in told(house)] == [(po, "handled")]
    assert "1 shipped" in sentences(house, po)


def test_an_order_is_read_after_the_commit_and_once_more_where_nothing_was_new(house: House, po: str) -> None:
    entity = house.shown(po)["magento_order_id"]
    before = reads(house, po)
    house.post({"event": "new_shipment", "order_id": entity}, address(house))
    house.drain()
    assert reads(house, po) == before, "it was read inside the shop's transaction"
    house.pass_time(seconds=4)
    assert (reads(house, po), told(house)[0][2]) == (before + 1, "handled")
    house.magento.ship(number(house, po), {SKU: 1})
    house.pass_time(seconds=LOOKS_ONCE_MORE.total_seconds() - 4)
    assert reads(house, po) == before + 2
    assert "1 shipped" in sentences(house, po)
    house.pass_time(minutes=2)
    assert reads(house, po) == before + 2


def test_where_something_was_new_it_is_not_read_once_more(house: House, po: str) -> None:
    entity = house.shown(po)["magento_order_id"]
    house.magento.ship(number(house, po), {SKU: 1})
    for _ in range(5):
        house.post({"event": "new_shipment", "order_id": entity}, address(house))
    before = reads(house, po)
    house.pass_time(seconds=4)
    house.pass_time(minutes=1)
    assert reads(house, po) == before + 1
    assert [one[2] for one in told(house)] == ["handled"] * 5


def test_a_read_that_comes_too_early_for_another_reason_is_no_answer(house: House, po: str) -> None:
    entity = house.shown(po)["magento_order_id"]
    house.post({"event": "new_shipment", "order_id": entity}, address(house))
    house.wish(po)
    drain_in(house)
    assert told(house) == [("new_shipment", po, "waiting")]
    house.magento.ship(number(house, po), {SKU: 1})
    house.pass_time(seconds=4)
    assert told(house) == [("new_shipment", po, "handled")]
    assert "1 shipped" in sentences(house, po)


def test_what_we_do_ourselves_echoes_once_and_makes_nothing_more(house: House) -> None:
    bodies = templates()
    with served(house) as url:
        for event, body in bodies.items():
            house.magento.add_hook(kind="mageplaza", event=event, url=url, body=body)
        pos = [house.place(lines=[{"sku": SKU, "quantity": 1}]) for _ in range(5)]
        house.drain()
        house.pass_time(seconds=4)
        acted = [house.commands(po) for po in pos]
        calls = len(house.magento.ledger.calls("POST"))
        seen = [reads(house, po) for po in pos]
        house.pass_time(minutes=2)
    assert len(heard(house)) >= 3 * len(pos)
    assert {row.state for rows in acted for row in rows} == {"done"}
    assert [len(house.commands(po)) for po in pos] == [len(rows) for rows in acted]
    assert len(house.magento.ledger.calls("POST")) == calls
    assert [reads(house, po) for po in pos] == seen
    assert {one[2] for one in told(house)} <= {"handled", "ignored"}


def test_an_order_that_is_just_being_created_is_told_to_be_our_own_and_the_shop_s_own_are_not(house: House) -> None:
    made = house.place(lines=[{"sku": SKU, "quantity": 1}])
    drain_in(house)
    for increment in (f"WM-{made}", f"WM-{made}-2", "000000042"):
        body = f'{{"event":"order","entity_id":"900001","increment_id":"{increment}"}}'
        assert house.app.test_client().post(address(house), data=body).status_code == 200
    drain_in(house)
    with house.app.app_context():
        mine = select(EventRow.state, EventRow.reason).where(EventRow.source == "magento").order_by(EventRow.id)
        rows = [tuple(row) for row in db.session.execute(mine)]
    assert rows == [("ignored", OURS), ("ignored", OURS), ("ignored", NOT_OURS)]


def test_an_order_that_was_replaced_is_never_told_to_be_just_being_created(house: House) -> None:
    use(house, "direct")
    house.set_policy(invoice=False)
    made = house.place(lines=[{"sku": SKU, "quantity": 1}])
    house.drain()
    first = house.magento.order(f"WM-{made}")
    house.magento.cancel(f"WM-{made}")
    house.pass_time(minutes=3)
    look(house, made)
    with house.app.app_context():
        creation_by_hand.recreate(row_of(house, made).id, "somebody")
    body = f'{{"event":"order","entity_id":"{first["entity_id"]}","increment_id":"WM-{made}"}}'
    for _ in ("before the new one is made", "after"):
        assert house.app.test_client().post(address(house), data=body).status_code == 200
        house.drain()
    with house.app.app_context():
        mine = select(EventRow.state, EventRow.reason).where(EventRow.source == "magento").order_by(EventRow.id)
        rows = [tuple(row) for row in db.session.execute(mine)]
    assert rows == [("ignored", REPLACED)] * 2


def test_an_adobe_commerce_save_goes_on_even_where_nothing_can_be_stored(house: House, po: str) -> None:
    key = requests.get(f"{house.magento.url}/_control/adobe-key.pem", timeout=5).text
    prove_by(house, Wanted("adobe_commerce", public_keys=key))
    with served(house) as url:
        house.magento.add_hook(kind="adobe_commerce", event="new_shipment", url=url, required=True)
        house.magento.ship(number(house, po), {SKU: 1})
        with no_more_events(house):
            house.magento.ship(number(house, po), {SKU: 1})
        assert [one["answer"].strip() for one in house.magento.deliveries()] == ['{"op":"success"}'] * 2
    assert len(heard(house)) == 1
    assert len(house.magento.shipments(number(house, po))) == 2


@pytest.mark.parametrize("kind", ["mageplaza", "adobe_commerce", "hmac"])
def test_a_dead_bridge_never_holds_up_the_shop(house: House, po: str, kind: str, magento: MagentoSandbox) -> None:
    """As the docs prescribe it for Adobe Commerce: not required, and at most a second."""
    with served(house) as url:
        dead = url
    house.magento.add_hook(
        kind=kind, event="new_shipment", url=dead, body="{}", required=False, timeout_ms=1000, secret=SECRET
    )
    began = time.monotonic()
    magento.ship(number(house, po), {SKU: 2})
    assert time.monotonic() - began < 2
    assert len(magento.shipments(number(house, po))) == 1
    assert heard(house) == []


def test_adobe_io_s_question_is_answered_and_nothing_else_is_read_there(house: House) -> None:
    client = house.app.test_client()
    path = address(house)
    echoed = client.get(path, query_string={"challenge": "8ec8d794-a0ab-42df-9017-e3dada8e84f7"})
    assert (echoed.status_code, echoed.text) == (200, "8ec8d794-a0ab-42df-9017-e3dada8e84f7")
    assert echoed.headers["Content-Type"].startswith("text/plain")
    for wrong in ("<script>alert(1)</script>", "", "x" * 201, "a\nb"):
        assert client.get(path, query_string={"challenge": wrong}).status_code == 405
    assert client.get(path).status_code == 405
    assert client.get("/webhooks/magento/nobody", query_string={"challenge": "x"}).status_code == 401
    assert client.get(house.webhook_path, query_string={"challenge": "x"}).status_code == 405


def test_an_adobe_io_event_that_comes_twice_counts_once(house: House, po: str) -> None:
    key = requests.get(f"{house.magento.url}/_control/adobe-key.pem", timeout=5).text
    prove_by(house, Wanted("adobe_io", user_name="us", public_keys=key))
    with served(house) as url:
        house.magento.add_hook(kind="adobe_io", event="new_shipment", url=url, client_id="us", delay=0)
        house.magento.ship(number(house, po), {SKU: 1})
        until = time.monotonic() + 5
        while not house.magento.deliveries() and time.monotonic() < until:
            time.sleep(0.02)
        [delivery] = house.magento.deliveries()
        requests.post(f"{house.magento.url}/_control/deliveries/{delivery['id']}/replay", timeout=5)
    assert [event.duplicates for event in heard(house)] == [1]
