"""Lists at the stand-in shop: criteria, pages, order, and how much of each document comes back."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from sandbox.magento import MagentoSandbox
from sandbox.magento_search import parse_fields
from tests.sandbox.magento_client import Client, criteria


@pytest.fixture
def _five(client: Client) -> None:
    for place in range(5):
        external = {"ext_order_id": f"P{place}"} if place else {}
        client.create(increment_id=f"WM-{place}", store_id=1 + place % 2, grand_total=10 * place, **external)


def _numbers(client: Client, query: str) -> list[str]:
    return [item["increment_id"] for item in client.get(f"orders?{query}")["items"]]


@pytest.mark.usefixtures("_five")
@pytest.mark.parametrize(
    ("field", "condition", "value", "found"),
    [
        ("increment_id", "eq", "wm-3", "3"),
        ("increment_id", "neq", "WM-3", "0124"),
        ("ext_order_id", "in", "P1,P2,P9", "12"),
        ("ext_order_id", "nin", "P1,P2", "34"),
        ("ext_order_id", "like", "P%", "1234"),
        ("increment_id", "like", "WM-_", "01234"),
        ("ext_order_id", "null", "", "0"),
        ("ext_order_id", "notnull", "", "1234"),
        ("store_id", "eq", "2", "13"),
        ("grand_total", "gt", "20", "34"),
        ("grand_total", "gteq", "20", "234"),
        ("grand_total", "lt", "20", "01"),
        ("grand_total", "lteq", "20", "012"),
        ("entity_id", "finset", "2", "1"),
        ("updated_at", "gteq", "2020-01-01 00:00:00", "01234"),
        ("updated_at", "gteq", "2020-01-01T00:00:00Z", "01234"),
        ("updated_at", "gt", "2099-01-01T00:00:00Z", ""),
        ("status", "foo", "pending", ""),
    ],
)
def test_conditions(client: Client, field: str, condition: str, value: str, found: str) -> None:
    assert "".join(n[-1] for n in _numbers(client, criteria((field, condition, value)))) == found


@pytest.mark.usefixtures("_five")
def test_groups_are_and_filters_of_a_group_are_or(client: Client) -> None:
    both = criteria(("store_id", "eq", "2"), ("grand_total", "gt", "10"))
    assert _numbers(client, both) == ["WM-3"]
    either = both.replace(quote("[filter_groups][1][filters][0]", safe=""), "[filter_groups][0][filters][1]")
    assert _numbers(client, either) == ["WM-1", "WM-2", "WM-3", "WM-4"]


@pytest.mark.usefixtures("_five")
def test_pages_and_sorting(shop: MagentoSandbox, client: Client) -> None:
    order = {"sortOrders][0][field": "increment_id", "sortOrders][0][direction": "DESC"}
    sorted_by = criteria(**{**order, "pageSize": "2", "currentPage": "2"})
    answer = client.get(f"orders?{sorted_by}")
    assert [item["increment_id"] for item in answer["items"]] == ["WM-2", "WM-1"]
    assert answer["total_count"] == 5
    assert answer["search_criteria"]["page_size"] == 2
    past = criteria(pageSize="2", currentPage="9")
    assert client.get(f"orders?{past}")["items"] == []
    assert client.get(f"orders?{past}&fields=items[entity_id],total_count") == {"items": None, "total_count": 5}
    shop.settings(last_page_repeats=True)
    assert _numbers(client, past) == ["WM-4"]


@pytest.mark.usefixtures("_five")
def test_criteria_are_mandatory_and_unknown_fields_break(client: Client) -> None:
    needed = {
        "message": '"%fieldName" is required. Enter and try again.',
        "parameters": {"fieldName": "searchCriteria"},
    }
    assert client.refused("orders?", method="GET") == (400, needed)
    assert client.get("orders?searchCriteria=")["total_count"] == 5
    code, body = client.refused(f"orders?{criteria(('no_such_field', 'eq', 'x'))}", method="GET")
    assert (code, body["message"][:14]) == (500, "Internal Error")


@pytest.mark.usefixtures("_five")
def test_fields_trim_lists_objects_and_what_is_under_them(client: Client) -> None:
    query = criteria(("increment_id", "eq", "WM-1"), fields="items[increment_id,items[sku,qty_ordered]]")
    items = [{"sku": "FH-MUG-350-BLU", "qty_ordered": 2}]
    assert client.get(f"orders?{query}") == {"items": [{"increment_id": "WM-1", "items": items}]}
    assert client.get("orders/1?fields=entity_id,billing_address%5Bcity%5D") == {
        "entity_id": 1,
        "billing_address": {"city": "Boise"},
    }
    assert client.get("orders/1?fields=ext_order_id") == {}


def test_a_broken_fields_value_asks_for_everything() -> None:
    assert parse_fields("") is None
    assert parse_fields("items[a") is None
    wanted = parse_fields("a,b[c[d],e]")
    assert wanted is not None
    assert wanted.trim({"a": 1, "b": [{"c": {"d": 2, "x": 3}, "e": 4, "f": 5}], "z": 6}) == {
        "a": 1,
        "b": [{"c": {"d": 2}, "e": 4}],
    }


def test_reads_can_be_out_of_date(shop: MagentoSandbox, client: Client) -> None:
    made = client.create(increment_id="WM-1")
    fault = shop.fault("stale_reads", path="/orders", seconds=30)
    assert client.refused(f"orders/{made['entity_id']}", method="GET")[0] == 404
    assert client.get("orders?searchCriteria=")["total_count"] == 0
    shop.faults.clear(fault)
    assert client.get("orders?searchCriteria=")["total_count"] == 1


def test_products_by_sku_and_name(shop: MagentoSandbox, client: Client) -> None:
    shop.add_product("A/B 1", name="Odd one", price="1.00")
    assert client.get(f"products/{quote('A/B 1', safe='')}")["name"] == "Odd one"
    assert client.refused("products/A/B%201", method="GET")[0] == 404
    query = criteria(("sku", "in", "a/b 1,FH-KETTLE-17,NOPE"), fields="items[sku,price],total_count")
    found = client.get(f"products?{query}")
    assert ({item["sku"] for item in found["items"]}, found["total_count"]) == ({"A/B 1", "FH-KETTLE-17"}, 2)
    assert client.get(f"products?{criteria(('name', 'like', '%kettle%'))}")["total_count"] == 1
    shop.remove_product("A/B 1")
    gone = "The product that was requested doesn't exist. Verify the product and try again."
    assert client.refused(f"products/{quote('A/B 1', safe='')}", method="GET") == (404, {"message": gone})


def test_a_configurable_parent_and_its_children(shop: MagentoSandbox, client: Client) -> None:
    shop.add_product("MUG", name="Mug", children=["FH-MUG-350-BLU", "FH-MUG-350-SND"])
    parent = client.get("products/MUG")
    assert parent["type_id"] == "configurable"
    assert parent["extension_attributes"]["configurable_product_links"] == [1, 2]
    assert [one["sku"] for one in client.get("configurable-products/MUG/children")] == [
        "FH-MUG-350-BLU",
        "FH-MUG-350-SND",
    ]
    assert client.get("configurable-products/MUG/options/all") == []
    made = client.post("products", {"product": {"sku": "NEW", "name": "New", "price": 3.5}})
    assert (made["sku"], made["price"], made["extension_attributes"]["stock_item"]["qty"]) == ("NEW", 3.5, 0)


def test_what_the_children_of_a_parent_differ_in_is_told_by_numbers_and_named_by_the_attribute(
    shop: MagentoSandbox, client: Client
) -> None:
    for sku in ("CUP-RED", "CUP-BLUE"):
        shop.add_product(sku)
    shop.add_product("CUP", children={"CUP-RED": {"Glaze": "Red"}, "CUP-BLUE": {"Glaze": "Blue"}})
    (option,) = client.get("configurable-products/CUP/options/all")
    assert (option["label"], option["position"]) == ("Glaze", 0)
    attribute = client.get(f"products/attributes/{option['attribute_id']}")
    assert attribute == client.get("products/attributes/glaze")
    words = {one["value"]: one["label"] for one in attribute["options"]}
    assert [words[str(one["value_index"])] for one in option["values"]] == ["Red", "Blue"]
    children = client.get("configurable-products/CUP/children")
    values = [{one["attribute_code"]: one["value"] for one in child["custom_attributes"]} for child in children]
    assert [words[one["glaze"]] for one in values] == ["Red", "Blue"]
    status, body = client.refused("configurable-products/CUP-RED/options/all", method="GET")
    assert (status, body["parameters"]) == (400, ["CUP-RED"])
    assert client.refused("products/attributes/nothing", method="GET")[0] == 404
