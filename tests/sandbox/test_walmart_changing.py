"""Changing orders at the Walmart stand-in: acknowledge, ship, cancel and refund, and every refusal."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.walmart import WalmartSandbox
from tests.sandbox.walmart_client import Caller, cancelled, error_of, quantity, refunded, shipped


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def caller(walmart: WalmartSandbox) -> Iterator[Caller]:
    made = Caller(walmart)
    yield made
    made.close()


def line_of(answer: requests.Response, number: str = "1") -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    lines = answer.json()["order"]["orderLines"]["orderLine"]
    line: dict[str, Any] = next(line for line in lines if line["lineNumber"] == number)
    return line


def refusal(answer: requests.Response, text: str) -> None:
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert error["code"] == "INVALID_REQUEST_CONTENT.GMP_ORDER_API"
    assert text in error["description"] + error["field"]


def test_acknowledging_twice_is_allowed_and_counts_once(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(lines=[{"quantity": 2}])
    assert caller.acknowledge(po).json()["order"]["purchaseOrderId"] == po
    assert caller.acknowledge(po).status_code == 200
    assert walmart.statuses(po) == {"1": {"Acknowledged": 1}, "2": {"Acknowledged": 1}}
    assert len(walmart.ledger.entries("acknowledge")) == 1
    assert len(walmart.ledger.entries("acknowledge_again")) == 1


def test_acknowledging_needs_a_content_type(walmart: WalmartSandbox, caller: Caller) -> None:
    answer = caller.call("POST", f"/v3/orders/{walmart.place_order()}/acknowledge")
    assert answer.status_code == 500
    assert "SYSTEM_ERROR" in answer.text
    assert answer.headers["Content-Type"] == "application/xml"


def test_acknowledging_a_higher_status_is_refused(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(lines=[{"quantity": 2}])
    walmart.act(po, "cancel", line="1")
    refusal(caller.acknowledge(po), "Some or all qty in higher status")
    walmart.settings(strict_acknowledge=False)
    assert caller.acknowledge(po).status_code == 200
    assert walmart.statuses(po) == {"1": {"Cancelled": 1}, "2": {"Acknowledged": 1}}
    refusal(caller.acknowledge(walmart.place_order(status="Shipped")), "higher status")


def test_single_lines_can_be_acknowledged_globally(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(lines=[{"quantity": 2}])
    walmart.act(po, "cancel", line="1")
    entry = {"status": "Acknowledged", "statusQuantity": quantity(1)}
    line = {"lineNumber": "2", "orderLineStatuses": {"orderLineStatus": [entry]}}
    body = {"orderAcknowledgement": {"orderLines": {"orderLine": [line]}}}
    assert caller.call("POST", f"/v3/orders/{po}/acknowledgeLines", json=body).status_code == 200
    assert walmart.statuses(po)["2"] == {"Acknowledged": 1}


@pytest.mark.parametrize("node", ["WFSFulfilled", "3PLFulfilled"])
def test_orders_of_other_houses_are_read_only(walmart: WalmartSandbox, caller: Caller, node: str) -> None:
    po = walmart.place_order(ship_node=node)
    for answer in (
        caller.acknowledge(po),
        caller.ship(po, shipped()),
        caller.cancel(po, cancelled()),
        caller.refund(po, refunded(full=True)),
    ):
        refusal(answer, f"not allowed for {node}")
    assert [entry["effect"] for entry in walmart.ledger.entries()] == ["place"]


def test_shipping_a_part_leaves_the_rest_open(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged", lines=[{"quantity": 3, "split": False}, {}])
    line = line_of(caller.ship(po, shipped(count=2, number="1Z77")))
    entry = line["orderLineStatuses"]["orderLineStatus"][1]
    assert (entry["status"], entry["statusQuantity"]) == ("Shipped", quantity(2))
    assert entry["trackingInfo"]["trackingNumber"] == "1Z77"
    assert entry["trackingInfo"]["trackingURL"].startswith("https://www.walmart.com/")
    assert walmart.statuses(po) == {"1": {"Acknowledged": 1, "Shipped": 2}, "2": {"Acknowledged": 1}}
    caller.ship(po, shipped(number="1Z78"))
    assert walmart.statuses(po)["1"] == {"Shipped": 3}
    assert [e["detail"]["tracking"]["trackingNumber"] for e in walmart.ledger.entries("ship")] == ["1Z77", "1Z78"]


def test_shipping_again_or_too_early_is_overshipped(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order()
    refusal(caller.ship(po, shipped()), "Qty OverShipped")
    caller.acknowledge(po)
    assert caller.ship(po, shipped()).status_code == 200
    refusal(caller.ship(po, shipped()), f"shipConfirm API for {po}. Qty OverShipped")
    refusal(caller.ship(po, shipped("9")), "Qty OverShipped")
    assert len(walmart.ledger.entries("ship")) == 1


@pytest.mark.parametrize(
    ("tracking", "named"),
    [
        ({"methodCode": "Ground"}, "Method code is not supported in line number 1"),
        ({"trackingNumber": ""}, "trackingNumber"),
        ({"shipDateTime": "2026-11-01T00:00:00Z"}, "shipDateTime"),
        ({"carrierName": {"carrier": "ups"}}, "Carrier is not supported"),
        ({"carrierName": {"otherCarrier": "Bike Post"}}, "trackingURL is missing"),
        ({"carrierName": {"carrier": "UPS", "otherCarrier": "Bike Post"}}, "carrierName"),
    ],
)
def test_bad_tracking_is_named(walmart: WalmartSandbox, caller: Caller, tracking: dict[str, Any], named: str) -> None:
    po = walmart.place_order(status="Acknowledged")
    refusal(caller.ship(po, shipped(**tracking)), named)
    assert walmart.ledger.entries("ship") == []


def test_the_sellers_number_is_required_and_short(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged")
    refusal(caller.ship(po, shipped() | {"sellerOrderId": ""}), "sellerOrderId")
    refusal(caller.ship(po, shipped() | {"sellerOrderId": "1" * 31}), "sellerOrderId")
    other: dict[str, Any] = {"carrierName": {"otherCarrier": "Bike Post"}, "trackingURL": "https://bike.example/1"}
    assert line_of(caller.ship(po, shipped(**other)))["sellerOrderId"] == "100000012"


def test_a_wish_to_cancel_bars_shipping_without_the_override(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged")
    walmart.act(po, "intent_to_cancel")
    assert caller.get(f"/v3/orders/{po}").json()["order"]["orderLines"]["orderLine"][0]["intentToCancel"]
    refusal(caller.ship(po, shipped()), "intent to cancel")
    assert caller.ship(po, shipped(override=True)).status_code == 200


def test_a_tracking_number_is_corrected_by_a_partial_update(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged")
    caller.ship(po, shipped(number="WRONG"))
    line = shipped(number="RIGHT")
    entry = line["orderLineStatuses"]["orderLineStatus"][0]
    entry["currentTrackingInfo"] = {"trackingNumber": "NEITHER"}
    refusal(caller.ship(po, line, processMode="PARTIAL_UPDATE"), "currentTrackingInfo")
    entry["currentTrackingInfo"] = {"trackingNumber": "WRONG"}
    told = line_of(caller.ship(po, line, processMode="PARTIAL_UPDATE"))
    assert told["orderLineStatuses"]["orderLineStatus"][0]["trackingInfo"]["trackingNumber"] == "RIGHT"
    assert walmart.statuses(po) == {"1": {"Shipped": 1}}
    walmart.settings(tracking_update_hours=0)
    entry["currentTrackingInfo"] = {"trackingNumber": "RIGHT"}
    refusal(caller.ship(po, line, processMode="PARTIAL_UPDATE"), "is in SHIPPED status")


def test_cancelling_zeroes_the_charges_of_the_line(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(lines=[{"sku": "FH-MUG-350-BLU", "quantity": 2, "shipping": "5.00"}])
    line = line_of(caller.cancel(po, cancelled("2")), "2")
    assert {charge["chargeAmount"]["amount"] for charge in line["charges"]["charge"]} == {0}
    assert line["charges"]["charge"][0]["tax"]["taxAmount"]["amount"] == 0
    assert walmart.statuses(po) == {"1": {"Created": 1}, "2": {"Cancelled": 1}}
    refusal(caller.cancel(po, cancelled("2")), "cannot be Cancelled")
    walmart.act(po, "ship", line="1")
    refusal(caller.cancel(po, cancelled("1")), "cannot be Cancelled")
    assert len(walmart.ledger.entries("cancel")) == 1


def test_a_part_of_a_line_can_be_cancelled(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged", lines=[{"sku": "FH-MUG-350-BLU", "quantity": 3, "split": False}])
    line = line_of(caller.cancel(po, cancelled(count=2, reason="SELLER_CANCEL_PRICING_ERROR")))
    assert line["charges"]["charge"][0]["chargeAmount"]["amount"] == 43.5
    assert walmart.statuses(po) == {"1": {"Acknowledged": 1, "Cancelled": 2}}


def test_reasons_are_the_markets_own(walmart: WalmartSandbox, caller: Caller) -> None:
    po, canadian = walmart.place_order(), walmart.place_order(market="ca")
    refusal(caller.cancel(po, cancelled(reason="CANCEL_BY_SELLER")), "cancellationReason")
    assert caller.cancel(canadian, cancelled(reason="CANCEL_BY_SELLER")).status_code == 200
    asked = cancelled(reason="CUSTOMER_REQUESTED_SELLER_TO_CANCEL")
    refusal(caller.cancel(po, asked), "cancellationReason")
    walmart.act(po, "intent_to_cancel")
    assert caller.cancel(po, asked).status_code == 200


def test_created_units_may_be_barred_from_cancelling(walmart: WalmartSandbox, caller: Caller) -> None:
    walmart.settings(cancel_created=False)
    refusal(caller.cancel(walmart.place_order(), cancelled()), "cannot be Cancelled")


def test_one_bad_line_refuses_all_or_only_the_rest(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged", lines=[{"quantity": 2}])
    refusal(caller.ship(po, shipped("1"), shipped("7")), "OverShipped")
    assert walmart.statuses(po)["1"] == {"Acknowledged": 1}
    walmart.settings(partial_multi_line=True)
    refusal(caller.ship(po, shipped("1"), shipped("7")), "OverShipped")
    assert walmart.statuses(po)["1"] == {"Shipped": 1}
    assert len(walmart.ledger.entries("ship")) == 1


def sold(walmart: WalmartSandbox, **more: Any) -> str:
    """A shipped order of one line: 20.00 with 1.60 tax, shipping 5.00 with 0.40 tax."""
    line = {"price": "20", "tax": "1.60", "shipping": "5", "shipping_tax": "0.40", **more}
    return walmart.place_order(lines=[line], status="Shipped")


def refunds(walmart: WalmartSandbox) -> list[dict[str, Any]]:
    return [entry["detail"] for entry in walmart.ledger.entries("refund")]


def test_partial_refunds_add_up_to_the_charge_and_no_further(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    line = line_of(caller.refund(po, refunded(product=-15, tax=-1.2)))
    charge = line["refund"]["refundCharges"]["refundCharge"][0]
    assert charge["charge"]["chargeAmount"] == {"currency": "USD", "amount": -15}
    assert line["orderLineStatuses"]["orderLineStatus"][0]["status"] == "Shipped"
    assert "returnOrderId" not in line
    refusal(caller.refund(po, refunded(product=-5.01)), "more than the charged amount")
    refusal(caller.refund(po, refunded(product=-5, tax=-0.41)), "more than the charged amount")
    line = line_of(caller.refund(po, refunded(product=-5, tax=-0.4, shipping=-5)))
    assert len(line["refund"]["refundCharges"]["refundCharge"]) == 3
    refusal(caller.refund(po, refunded(product=-0.01)), "more than the charged amount")
    assert [detail["widened"] for detail in refunds(walmart)] == [False, False]


def test_the_same_refund_twice_is_two_refunds(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    for _ in range(2):
        assert caller.refund(po, refunded(product=-5)).status_code == 200
    assert len(refunds(walmart)) == 2


def test_a_full_item_price_widens_to_tax_and_shipping(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    line = line_of(caller.refund(po, refunded(product=-20)))
    assert line["returnOrderId"]
    assert refunds(walmart)[0]["charges"] == {"PRODUCT": ["20.00", "1.60"], "SHIPPING": ["5.00", "0.40"]}
    assert refunds(walmart)[0]["widened"] is True


def test_a_full_refund_gives_all_that_is_left(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    caller.refund(po, refunded(product=-4))
    assert line_of(caller.refund(po, refunded(product=0, full=True)))["returnOrderId"]
    assert refunds(walmart)[1]["charges"] == {"PRODUCT": ["16.00", "1.60"], "SHIPPING": ["5.00", "0.40"]}
    refusal(caller.refund(po, refunded(product=0, full=True)), "Nothing is left")


def test_refunds_that_break_a_rule(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    refusal(caller.refund(po, refunded(product=5)), "must be negative")
    refusal(caller.refund(po, refunded(product=-5.001)), "decimal places")
    refusal(caller.refund(po, refunded(product=-5, reason="Because")), "refundReason")
    refusal(caller.refund(walmart.place_order(), refunded(product=-5)), "shipped lines only")
    refusal(caller.refund(po, refunded(), refunded(full=True)), "either of full refund or of partial")
    refusal(caller.refund(po), "orderLine is missing")
    body = {"orderRefund": {"purchaseOrderId": "1", "orderLines": {"orderLine": [refunded(product=-1)]}}}
    refusal(caller.call("POST", f"/v3/orders/{po}/refund", json=body), "purchaseOrderId")
    assert refunds(walmart) == []


def test_only_shipped_units_can_be_refunded(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged", lines=[{"price": "10", "tax": "0", "quantity": 2, "split": False}])
    caller.ship(po, shipped())
    refusal(caller.refund(po, refunded(product=-11)), "more than the charged amount")
    assert caller.refund(po, refunded(product=-9)).status_code == 200


def test_the_seller_can_refund_a_return(walmart: WalmartSandbox, caller: Caller) -> None:
    po = sold(walmart)
    assert caller.get("/v3/returns").status_code == 404
    started = walmart.act(po, "return")
    listed = caller.get(f"/v3/returns?customerOrderId={started['customerOrderId']}").json()
    line = listed["returnOrders"][0]["returnOrderLines"][0]
    assert (line["purchaseOrderId"], line["status"]) == (po, "INITIATED")
    body = {
        "customerOrderId": started["customerOrderId"],
        "refundLines": [{"returnOrderLineNumber": 1, "quantity": {"unitOfMeasure": "EACH", "measurementValue": 1}}],
    }
    answer = caller.call("POST", f"/v3/returns/{started['returnOrderId']}/refund", json=body)
    assert answer.status_code == 202
    assert refunds(walmart)[0]["charges"]["PRODUCT"] == ["20.00", "1.60"]
    assert caller.get("/v3/returns").json()["returnOrders"][0]["returnOrderLines"][0]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"orderShipment": 1}',
        b'{"orderShipment": {"orderLines": null}}',
        b'{"orderShipment": {"orderLines": 7}}',
    ],
)
def test_malformed_bodies_are_refused(walmart: WalmartSandbox, caller: Caller, data: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    po = walmart.place_order()
    answer = caller.call("POST", f"/v3/orders/{po}/shipping", data=data, headers=headers)
    assert answer.status_code == 400


def test_a_cut_after_acting_leaves_the_effect(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged")
    walmart.fault("cut_after", method="POST", path="/shipping", times=1)
    with pytest.raises(requests.ConnectionError):
        caller.ship(po, shipped())
    assert walmart.statuses(po) == {"1": {"Shipped": 1}}
    refusal(caller.ship(po, shipped()), "OverShipped")
