"""From a Walmart webhook to an acknowledged, created, invoiced order that explains itself."""

from __future__ import annotations

import pytest

from tests.house import House, order_event
from webapp.domain.policy import AcknowledgeWhen

MUG, TEA = "FH-MUG-350-BLU", "FH-TEA-MINT-50"


def test_an_order_is_created_acknowledged_and_invoiced_once(house: House) -> None:
    po = house.place(lines=[{"sku": MUG, "quantity": 1, "price": 11.90}, {"sku": TEA, "quantity": 1, "price": 4.5}])
    house.drain()
    shown = house.shown(po)
    assert shown["status"] == "Unshipped"
    assert shown["waiting_for"] == ["Waiting for a shipment in Magento."]
    assert shown["magento_increment_id"] == f"WM-{po}"
    assert house.effects("acknowledge") == [po]
    assert house.effects("order_create") == [f"WM-{po}"]
    assert len(house.magento.invoices(f"WM-{po}")) == 1
    sentences = [entry["sentence"] for entry in shown["log"]]
    assert any("Created Magento order" in sentence for sentence in sentences)
    assert any("Walmart took the acknowledgement" in sentence for sentence in sentences)


def test_a_repeated_webhook_has_one_effect(house: House) -> None:
    po = house.walmart.place_order()
    for _ in range(3):
        assert house.post(order_event(po, event_id="same")) == 200
    house.post_webhook(po)
    house.drain()
    house.post_webhook(po)
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_wfs_order_is_shown_and_nothing_is_written_for_it(house: House) -> None:
    po = house.place(ship_node="WFSFulfilled")
    house.drain()
    assert house.effects("acknowledge") == []
    assert house.effects("order_create") == []
    assert any("WFS" in sentence for sentence in house.shown(po)["waiting_for"])


def test_an_unknown_sku_waits_in_plain_words_and_goes_on_when_the_product_appears(house: House) -> None:
    po = house.place(lines=[{"sku": "NOT-THERE-1", "quantity": 1}])
    other = house.place()
    house.drain()
    shown = house.shown(po)
    assert "Waiting for a product with the SKU NOT-THERE-1 in Magento." in shown["waiting_for"]
    assert "NOT-THERE-1" in shown["attention"]
    assert house.shown(other)["magento_increment_id"] == f"WM-{other}"
    house.magento.add_product("NOT-THERE-1")
    house.pass_time(minutes=3)
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"
    assert house.shown(po)["attention"] is None
    assert house.effects("acknowledge", po) == [po]


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", "status"])
def test_trouble_while_creating_leaves_one_magento_order(house: House, fault: str) -> None:
    more = {"status": 503} if fault == "status" else {}
    house.magento.fault(fault, method="POST", path="/V1/orders", times=1, **more)
    po = house.place()
    house.drain()
    house.pass_time(minutes=1)
    assert house.effects("order_create") == [f"WM-{po}"]
    assert house.shown(po)["status"] == "Unshipped"
    assert len(house.magento.invoices(f"WM-{po}")) == 1


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", "status"])
def test_trouble_while_acknowledging_ends_acknowledged(house: House, fault: str) -> None:
    more = {"status": 500} if fault == "status" else {}
    house.walmart.fault(fault, method="POST", path="/acknowledge", times=2, **more)
    po = house.place()
    house.drain()
    house.pass_time(seconds=5)
    house.pass_time(seconds=30)
    assert house.shown(po)["status"] == "Unshipped"


def test_on_import_the_acknowledgement_does_not_wait_for_magento(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    house.magento.settings(maintenance=True)
    po = house.place()
    house.drain()
    assert house.effects("acknowledge") == [po]
    shown = house.shown(po)
    assert shown["magento_increment_id"] is None
    assert any("maintenance" in sentence for sentence in shown["waiting_for"])
    house.magento.settings(maintenance=False)
    house.pass_time(minutes=10)
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


def test_the_guard_acknowledges_an_hour_before_the_deadline(house: House) -> None:
    po = house.place(lines=[{"sku": "NOT-THERE-2", "quantity": 1}])
    house.drain()
    assert house.effects("acknowledge") == []
    house.pass_time(hours=2, minutes=55)
    assert house.effects("acknowledge") == []
    house.pass_time(minutes=10)
    assert house.effects("acknowledge") == [po]


def test_by_hand_nothing_is_acknowledged_by_itself(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, acknowledge_guard=False)
    po = house.place()
    house.drain()
    house.pass_time(hours=5)
    assert house.effects("acknowledge") == []
    assert house.shown(po)["magento_increment_id"] == f"WM-{po}"


def test_an_order_whose_webhook_was_lost_is_found_by_the_poll(house: House) -> None:
    po = house.walmart.place_order()
    house.drain()
    house.pass_time(minutes=6)
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_poll_that_fails_half_way_keeps_its_cursor(house: House) -> None:
    house.drain()
    house.walmart.fault("status", method="GET", path="/v3/orders", status=500, times=3)
    po = house.walmart.place_order()
    house.pass_time(minutes=6)
    for _ in range(4):
        house.pass_time(minutes=1)
    assert house.effects("order_create") == [f"WM-{po}"]


def test_an_order_that_is_in_the_shop_already_is_linked_not_doubled(house: House) -> None:
    po = house.place()
    house.drain()
    entity = house.magento.order(f"WM-{po}")["entity_id"]
    with house.app.app_context():
        from_elsewhere = house.shown(po)
    assert from_elsewhere["magento_order_id"] == entity
    assert len(house.magento.orders()) == 1


def test_an_order_that_walmart_does_not_know_is_given_up_with_a_reason(house: House) -> None:
    house.post_webhook("999999999")
    house.drain()
    for _ in range(6):
        house.pass_time(minutes=30)
    assert house.commands("999999999") == []


def test_an_acknowledgement_after_the_deadline_is_still_sent_and_said(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    house.walmart.fault("status", method="POST", path="/acknowledge", status=503)
    po = house.place()
    house.drain()
    house.pass_time(hours=5)
    house.walmart.clear_faults()
    house.pass_time(hours=3)
    log = " ".join(entry["sentence"] for entry in house.shown(po)["log"])
    assert "after the four hours" in log
    assert house.shown(po)["status"] == "Unshipped"


def test_an_order_with_one_line_canceled_is_acknowledged_by_its_other_line(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    po = house.walmart.place_order(lines=[{"sku": MUG, "quantity": 1}, {"sku": TEA, "quantity": 1}])
    house.walmart.act(po, "cancel", lines=[{"line": "1"}])
    house.post_webhook(po)
    house.drain()
    assert house.walmart.statuses(po) == {"1": {"Cancelled": 1}, "2": {"Acknowledged": 1}}
    assert house.shown(po)["status"] == "Unshipped"
    assert [item["sku"] for item in house.magento.order(f"WM-{po}")["items"]] == [TEA]
