"""Shipping, cancelling and refunding at Walmart: the bodies as published, and what the stand-in makes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.walmart import WalmartSandbox
from tests.connectors.scripted import Scripted, answer
from tests.connectors.test_walmart_standin import Tokens
from webapp.connectors import walmart_changes
from webapp.connectors.http import Caller, ConnectorError
from webapp.connectors.walmart import WalmartAccount, WalmartClient
from webapp.domain.order import Charge, OrderStatus, Tracking
from webapp.domain.outgoing import LineRefunded, UnitsCancelled, UnitsShipped

LEFT_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PARCEL = Tracking("UPS", "1Z999AA10123456784", "", "Standard", LEFT_AT)
FIRST = UnitsShipped("1", 1, PARCEL, "WM-1")


@pytest.fixture(scope="module")
def seller() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        sandbox.settings(limit_scale=100)
        yield sandbox


@pytest.fixture
def client(seller: WalmartSandbox) -> WalmartClient:
    account = WalmartAccount(seller.url, seller.client_id, seller.client_secret)
    return WalmartClient(Caller(), account, Tokens(Caller(), account))


def two_units(seller: WalmartSandbox, client: WalmartClient) -> str:
    """An acknowledged order of two one-unit lines."""
    line = {"sku": "FH-MUG-BLUE", "quantity": 1, "price": "10.00", "tax": "0.83"}
    po = seller.place_order(lines=[line, line])
    client.acknowledge(po)
    return po


def numbers_of(client: WalmartClient, po: str) -> tuple[str, str]:
    order = client.get_order(po)
    assert order is not None
    one, other = (line.number for line in order.lines)
    return one, other


def test_one_unit_ships_and_the_other_is_canceled(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = two_units(seller, client)
    one, other = numbers_of(client, po)
    shipped = client.ship(po, [replace(FIRST, line=one)])
    assert shipped.status is OrderStatus.PARTIALLY_SHIPPED
    done = client.cancel(po, [UnitsCancelled(other, 1, "SELLER_CANCEL_PRICING_ERROR")])
    assert done.counts() == {"Shipped": 1, "Cancelled": 1}
    read = client.get_order(po)
    assert read is not None
    assert read.lines[0].quantities[0].tracking is not None
    assert read.lines[0].quantities[0].tracking.number == PARCEL.number
    assert read.lines[0].seller_order_id == "WM-1"
    assert read.lines[1].quantities[0].cancellation_reason == "SELLER_CANCEL_PRICING_ERROR"
    with pytest.raises(ConnectorError, match="OverShipped") as caught:
        client.ship(po, [replace(FIRST, line=one)])
    assert (caught.value.permanent, caught.value.doubtful) == (True, False)


def test_a_tracking_number_is_corrected(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = two_units(seller, client)
    one, _ = numbers_of(client, po)
    client.ship(po, [replace(FIRST, line=one)])
    better = replace(PARCEL, number="1Z999AA10000000001")
    changed = client.ship(po, [replace(FIRST, line=one, tracking=better, corrects=PARCEL.number)])
    assert changed.lines[0].quantities[0].tracking is not None
    assert changed.lines[0].quantities[0].tracking.number == better.number
    assert changed.counts() == {"Shipped": 1, "Acknowledged": 1}


def test_a_refund_is_told_on_its_line_and_as_a_return(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = two_units(seller, client)
    one, other = numbers_of(client, po)
    client.ship(po, [replace(FIRST, line=one), replace(FIRST, line=other)])
    part = Charge("PRODUCT", "Item Price", Decimal("2.50"), Decimal("0.21"), "Item Price Tax")
    refund = LineRefunded(one, False, "Finance -> Goodwill", "Sorry", (part,))
    told = client.refund(po, [refund], "USD").lines[0]
    assert told.refunded == Decimal("2.71")
    assert [(r.reason, r.total, r.charges[0].amount) for r in told.refunds] == [
        ("Finance -> Goodwill", Decimal("2.71"), Decimal("2.50"))
    ]
    with pytest.raises(ConnectorError) as caught:
        client.refund(po, [replace(refund, charges=(replace(part, amount=Decimal(900)),))], "USD")
    assert caught.value.permanent
    order = client.get_order(po)
    assert order is not None
    seller.act(po, "return", lines=[other])
    [returned] = client.returns_of(order.customer_order_id)
    assert [(line.po, line.line, line.amount) for line in returned.lines] == [(po, other, Decimal("10.83"))]
    assert client.returns_of("000000000") == ()


@pytest.mark.parametrize(
    "build",
    [
        lambda: walmart_changes.shipment([FIRST, replace(FIRST, corrects="1Z")]),
        lambda: walmart_changes.shipment([replace(FIRST, tracking=replace(PARCEL, shipped_at=None))]),
        lambda: walmart_changes.refund(
            "1", [LineRefunded("1", True, "", "", ()), LineRefunded("2", False, "", "", ())], "USD"
        ),
    ],
)
def test_what_walmart_would_refuse_is_never_built(build: Any) -> None:
    with pytest.raises(ValueError):
        build()


def test_an_unlisted_carrier_goes_as_the_other_one_with_its_address() -> None:
    url = "https://parcels.example/T-1"
    body = walmart_changes.shipment(
        [replace(FIRST, tracking=Tracking("Parcel Bee", "T-1", url, "Standard", LEFT_AT), other_carrier=True)]
    )
    [line] = body["orderShipment"]["orderLines"]["orderLine"]
    info = line["orderLineStatuses"]["orderLineStatus"][0]["trackingInfo"]
    assert (info["carrierName"], info["trackingURL"]) == ({"otherCarrier": "Parcel Bee"}, url)
    assert "processMode" not in body["orderShipment"]


def test_a_hundred_lines_go_in_a_call() -> None:
    lines = [UnitsCancelled(str(n), 1, "SELLER_CANCEL_PRICING_ERROR") for n in range(1, 131)]
    order = {"purchaseOrderId": "1", "orderDate": 1, "orderLines": {"orderLine": []}}
    with Scripted([answer(200, json.dumps({"order": order}))]) as server:
        account = WalmartAccount(server.url, "id", "secret")
        tokens = Tokens(Caller(), account, "token")
        with pytest.raises(ConnectorError, match="could not be read"):
            WalmartClient(Caller(), account, tokens).cancel("1", lines)
    sent = json.loads(server.requests[0].body)["orderCancellation"]["orderLines"]["orderLine"]
    assert [line["lineNumber"] for line in sent] == [str(n) for n in range(1, 101)]


@pytest.mark.reference
@pytest.mark.skipif("REFERENCE_DIR" not in os.environ, reason="REFERENCE_DIR is not set")
class TestAsPublished:
    def test_the_correction_of_a_number(self, reference_dir: Path) -> None:
        sample = _sample(reference_dir, "us-ship-tracking-update-request")
        at = datetime.fromtimestamp(1580821866, UTC)
        number = "1Z999AA10123456784"
        tracking = Tracking("UPS", number, f"https://www.ups.com/track?tracknum={number}", "Standard", at)
        unit = UnitsShipped("1", 1, tracking, "SO-1001", corrects="1Z999AA10000000000")
        built = walmart_changes.shipment([unit])
        del built["orderShipment"]["orderLines"]["orderLine"][0]["intentToCancelOverride"]
        assert built == sample

    def test_the_cancellation(self, reference_dir: Path) -> None:
        built = walmart_changes.cancellation([UnitsCancelled("1", 1, "CUSTOMER_REQUESTED_SELLER_TO_CANCEL")])
        assert _without_units(built) == _without_units(_sample(reference_dir, "us-cancel-request"))

    def test_the_refund(self, reference_dir: Path) -> None:
        charge = Charge("PRODUCT", "Item Price", Decimal("0.1"), Decimal("0.1"), "Item Price Tax")
        refund = LineRefunded("4", False, "Merchandise not received", "test test", (charge,))
        built = walmart_changes.refund("2577453162650", [refund], "USD")
        assert json.loads(json.dumps(built, default=float)) == _sample(reference_dir, "us-refund-request")


def _sample(folder: Path, name: str) -> Any:
    return json.loads((folder / "walmart-samples" / f"{name}.json").read_text())["body"]


def _without_units(body: Any) -> str:
    return json.dumps(body, sort_keys=True).replace('"EA"', '"EACH"')
