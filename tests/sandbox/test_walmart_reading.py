"""Reading orders at the Walmart stand-in: filters, cursor paging, dates, and what an order looks like."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.walmart import WalmartSandbox
from tests.sandbox.walmart_client import Caller, error_of, shipped, wait_for

DAY = 86_400_000


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def caller(walmart: WalmartSandbox) -> Iterator[Caller]:
    made = Caller(walmart)
    yield made
    made.close()


def found(caller: Caller, query: str = "", path: str = "/v3/orders", **headers: str) -> list[str]:
    """The POs of one page, none for Walmart's 404 of an empty list."""
    answer = caller.get(f"{path}{query}", headers=headers)
    if answer.status_code == 404:
        assert error_of(answer)["code"] == "CONTENT_NOT_FOUND.GMP_ORDER_API"
        return []
    assert answer.status_code == 200, answer.text
    return [order["purchaseOrderId"] for order in answer.json()["list"]["elements"]["order"]]


def days_ago(days: float) -> int:
    return int(time.time() * 1000 - days * DAY)


def test_an_empty_list_is_a_404_or_an_empty_200(walmart: WalmartSandbox, caller: Caller) -> None:
    error = error_of(caller.get("/v3/orders"))
    assert (error["severity"], error["category"]) == ("INFO", "APPLICATION")
    walmart.settings(empty_list_as_404=False)
    assert caller.get("/v3/orders").json()["list"]["elements"] == {"order": []}


def test_pages_follow_the_cursor_verbatim_and_are_frozen(walmart: WalmartSandbox, caller: Caller) -> None:
    pos = [walmart.place_order(order_date=days_ago(3 - n / 100)) for n in range(7)]
    query, seen = "?limit=3&status=Created", []
    while query:
        listed = caller.get(f"/v3/orders{query}").json()["list"]
        assert listed["meta"]["totalCount"] == 7
        seen += [order["purchaseOrderId"] for order in listed["elements"]["order"]]
        query = listed["meta"].get("nextCursor", "")
        time.sleep(0.002)  # the scan is frozen to the millisecond
        walmart.place_order()
    assert seen == pos[::-1]


def test_a_changed_cursor_is_refused(walmart: WalmartSandbox, caller: Caller) -> None:
    for _ in range(2):
        walmart.place_order()
    cursor = caller.get("/v3/orders?limit=1").json()["list"]["meta"]["nextCursor"]
    assert cursor.startswith("?limit=1&hasMoreElements=true&soIndex=2&poIndex=1&partnerId=")
    assert caller.get(f"/v3/orders{cursor.replace(':', '%3A')}").status_code == 400
    assert caller.get(f"/v3/orders{cursor}&status=Created").status_code == 400
    assert caller.get("/v3/orders", params={cursor: ""}).status_code == 400
    assert caller.get(f"/v3/orders{cursor}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "createdStartDate=2026-11-01T00:00:00.000Z",
        "lastModifiedStartDate=2026-11-01 00:00:00",
        "createdEndDate=2026-13-01",
        "limit=201",
        "limit=0",
        "status=Unshipped",
    ],
)
def test_bad_parameters_are_refused(caller: Caller, query: str) -> None:
    answer = caller.get(f"/v3/orders?{query}")
    assert answer.status_code == 400
    error = error_of(answer)
    assert error["code"] == "INVALID_REQUEST.GMP_ORDER_API"
    assert error["field"] == query.partition("=")[0]


def test_seven_days_are_looked_at_unless_told_otherwise(walmart: WalmartSandbox, caller: Caller) -> None:
    new = walmart.place_order(order_date=days_ago(6))
    old = walmart.place_order(order_date=days_ago(30))
    ancient = walmart.place_order(order_date=days_ago(181))
    assert found(caller) == [new]
    assert found(caller, "?createdStartDate=2020-01-01") == [new, old]
    assert found(caller, f"?purchaseOrderId={old}") == [old]
    assert found(caller, "?lastModifiedStartDate=2026-01-01") == [new, old]
    assert caller.get(f"/v3/orders/{ancient}").status_code == 200


def test_each_filter_narrows(walmart: WalmartSandbox, caller: Caller) -> None:
    one = walmart.place_order(lines=[{"sku": "FH-APRON-LINEN"}], customer_order_id="200077")
    two = walmart.place_order(order_type="REPLACEMENT", status="Acknowledged", shipping_program="TWO_DAY")
    assert found(caller, "?sku=FH-APRON-LINEN&status=Created") == [one]
    assert found(caller, "?customerOrderId=200077") == [one]
    assert found(caller, "?status=Acknowledged") == [two]
    assert sorted(found(caller, "?status=Acknowledged&status=Created")) == sorted([one, two])
    assert found(caller, "?orderType=REPLACEMENT") == [two]
    assert found(caller, "?shippingProgramType=TWO_DAY") == [two]
    assert found(caller, "?toExpectedShipDate=2020-01-01") == []


def test_a_change_shows_in_last_modified(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(order_date=days_ago(20))
    walmart.place_order(order_date=days_ago(20))
    start = int(time.time()) + 1
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))
    assert found(caller, f"?lastModifiedStartDate={stamp}") == []
    wait_for(lambda: time.time() >= start)
    walmart.act(po, "ship")
    assert found(caller, f"?lastModifiedStartDate={stamp}") == [po]


def test_ship_nodes_and_markets_are_asked_for_one_by_one(walmart: WalmartSandbox, caller: Caller) -> None:
    own = walmart.place_order()
    wfs = walmart.place_order(ship_node="WFSFulfilled")
    third = walmart.place_order(ship_node="3PLFulfilled")
    canadian = walmart.place_order(market="ca")
    assert found(caller) == [own]
    assert found(caller, "?shipNodeType=WFSFulfilled") == [wfs]
    assert found(caller, "?shipNodeType=3PLFulfilled") == [third]
    assert found(caller, WM_MARKET="ca", WM_GLOBAL_VERSION="3.1") == [canadian]
    assert walmart.statuses(wfs) == walmart.statuses(canadian) == {"1": {"Acknowledged": 1}}


def test_released_lists_what_waits_for_its_acknowledgement(walmart: WalmartSandbox, caller: Caller) -> None:
    waiting = walmart.place_order()
    walmart.place_order(status="Acknowledged")
    assert found(caller, path="/v3/orders/released") == [waiting]
    caller.acknowledge(waiting)
    assert found(caller, path="/v3/orders/released") == []


def test_an_order_has_walmarts_shape(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(
        lines=[
            {"sku": "FH-MUG-350-BLU", "quantity": 2, "shipping": "4.99", "shipping_tax": "0.45"},
            {"sku": "X-1", "quantity": 3, "split": False, "price": "2.35", "tax": "0.21", "discount": "0.50"},
        ],
        address={"name": "Ada Testa", "address2": None, "state": "WY"},
        phone="",
        order_type="REPLACEMENT",
        first_line=4,
    )
    order = caller.get(f"/v3/orders/{po}").json()["order"]
    assert "orderType" not in order
    assert order["shippingInfo"]["postalAddress"]["name"] == "Ada Testa"
    assert "address2" not in order["shippingInfo"]["postalAddress"]
    lines = order["orderLines"]["orderLine"]
    assert [line["lineNumber"] for line in lines] == ["4", "5", "6"]
    assert [line["orderLineQuantity"]["amount"] for line in lines] == ["1", "1", "3"]
    assert [charges(line)[("SHIPPING", "Shipping")] for line in lines[:2]] == [(2.5, 0.23), (2.49, 0.22)]
    assert charges(lines[0])[("PRODUCT", "ItemPrice")] == (14.5, 1.29)
    assert charges(lines[2])[("PRODUCT", "ItemPrice")] == (7.05, 0.63)
    assert charges(lines[2])[("PRODUCT", "SubscriptionDiscount")] == (-0.5, None)


def charges(line: dict[str, Any]) -> dict[tuple[str, str], tuple[float, float | None]]:
    return {
        (charge["chargeType"], charge["chargeName"]): (
            charge["chargeAmount"]["amount"],
            charge["tax"]["taxAmount"]["amount"] if "tax" in charge else None,
        )
        for charge in line["charges"]["charge"]
    }


def test_parameters_bring_more_of_an_order(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(order_type="REPLACEMENT", original_customer_order_id="20001")
    more = caller.get(f"/v3/orders/{po}?productInfo=true&replacementInfo=true").json()["order"]
    assert (more["orderType"], more["originalCustomerOrderID"]) == ("REPLACEMENT", "20001")
    assert more["orderLines"]["orderLine"][0]["item"]["weight"]["unit"] == "Pounds"
    walmart.settings(explicit_nulls=True)
    line = caller.get(f"/v3/orders/{po}").json()["order"]["orderLines"]["orderLine"][0]
    assert line["refund"] is None


def test_an_unknown_order_is_a_404(caller: Caller) -> None:
    answer = caller.get("/v3/orders/1234567890123")
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "CONTENT_NOT_FOUND.GMP_ORDER_API"


def test_stale_reads_answer_with_the_past(walmart: WalmartSandbox, caller: Caller) -> None:
    po = walmart.place_order(status="Acknowledged")
    time.sleep(0.6)
    walmart.fault("stale_reads", path="/v3/orders", seconds=0.5)
    assert caller.ship(po, shipped()).status_code == 200
    old = caller.get(f"/v3/orders/{po}").json()["order"]["orderLines"]["orderLine"][0]
    assert old["orderLineStatuses"]["orderLineStatus"][0]["status"] == "Acknowledged"
    assert walmart.statuses(po) == {"1": {"Shipped": 1}}

    def is_fresh() -> bool:
        line = caller.get(f"/v3/orders/{po}").json()["order"]["orderLines"]["orderLine"][0]
        return bool(line["orderLineStatuses"]["orderLineStatus"][0]["status"] == "Shipped")

    wait_for(is_fresh)
