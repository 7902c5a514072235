"""What a neighbour's bad day may not lead to: an order forgotten, an effect repeated before the first could be seen."""

from __future__ import annotations

import json

from tests.driving import call_posts, command_of, sentences
from tests.house import House
from webapp import outbox
from webapp.domain.policy import AcknowledgeWhen

UNKNOWN = json.dumps({"errors": {"error": [{"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO"}]}})

NO_ENTITY = json.dumps({"message": "The entity that was requested doesn't exist. Verify the entity and try again."})


def test_an_order_that_walmart_denies_for_a_while_is_not_forgotten(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    po = house.place()
    house.drain()
    house.walmart.fault("status", method="GET", path=f"/v3/orders/{po}", status=404, body=UNKNOWN)
    house.post_webhook(po, sub_type="PO_LINE_SHIPPED")
    house.drain()
    for _ in range(8):
        house.pass_time(minutes=10)
    house.walmart.clear_faults()
    house.walmart.fault("status", method="GET", path=r"/v3/orders$", status=503)
    house.walmart.act(po, "ship", webhook=False)
    for _ in range(5):
        house.pass_time(hours=5)
    assert house.shown(po)["status"] == "Shipped"


def test_an_invoice_in_doubt_is_not_sent_again_before_it_could_be_seen(house: House) -> None:
    house.magento.fault("cut_before", method="POST", path="/invoice", times=1)
    po = house.place()
    house.drain()
    for _ in range(3):
        house.pass_time(seconds=30)
    assert call_posts(house, "/invoice") == 1
    assert any("Invoicing" in sentence for sentence in house.shown(po)["waiting_for"])
    house.pass_time(seconds=60)
    assert len(house.magento.invoices(f"WM-{po}")) == 1


def test_an_invoice_whose_answer_was_lost_is_found_and_not_made_twice(house: House) -> None:
    house.magento.fault("cut_after", method="POST", path="/invoice", times=1)
    po = house.place()
    house.drain()
    house.pass_time(minutes=3)
    assert call_posts(house, "/invoice") == 1
    assert len(house.magento.invoices(f"WM-{po}")) == 1
    assert command_of(house, po, "CreateInvoice").state in {"done", "dismissed"}
    assert house.shown(po)["waiting_for"] == ["Waiting for a shipment in Magento."]


def test_one_read_that_does_not_show_the_magento_order_proves_nothing(house: House) -> None:
    house.magento.fault("status", method="POST", path="/invoice", status=400, times=1)
    po = house.place()
    house.drain()
    assert command_of(house, po, "CreateInvoice").state == "parked"
    house.pass_time(minutes=3)
    house.magento.fault("status", method="GET", path=r"/V1/orders/\d+", status=404, body=NO_ENTITY)
    with house.app.app_context():
        outbox.retry(command_of(house, po, "CreateInvoice").id, "test")
    house.drain()
    assert "does not show the order" in str(command_of(house, po, "CreateInvoice").reason)
    house.magento.clear_faults()
    house.pass_time(minutes=1)
    assert "deleted" not in sentences(house, po)
    assert len(house.magento.invoices(f"WM-{po}")) == 1
