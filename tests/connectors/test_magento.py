"""Magento's odd answers over real HTTP, and its ordinary ones from the stand-in shop."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.magento import MagentoSandbox
from tests.connectors.scripted import CUT, Scripted, Step, answer
from webapp.connectors.http import Caller, CallRecord, ConnectorError
from webapp.connectors.magento import MagentoClient, MagentoStore
from webapp.connectors.magento_oauth import OAuthKeys, authorization
from webapp.connectors.magento_search import Filter, any_of, batches, query
from webapp.domain.shop import Product, ShopOrder

NO_RIGHT = {"message": "The consumer isn't authorized to access %resources.",
            "parameters": {"resources": "Magento_Sales::create"}}  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Iterator[MagentoSandbox]:
    with MagentoSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def magento(shop: MagentoSandbox) -> Iterator[MagentoClient]:
    yield MagentoClient(Caller(), store_of(shop))
    shop.clear_faults()
    shop.settings(maintenance=False, bearer_enabled=True)


def store_of(shop: MagentoSandbox) -> MagentoStore:
    return MagentoStore(shop.url, shop.token)


def scripted(server: Scripted) -> MagentoClient:
    return MagentoClient(Caller(), MagentoStore(server.url, "s3cret-token"))


def an_entity(number: str, *, sku: str = "FH-TEA-MINT-50", **changes: Any) -> dict[str, Any]:
    address = {"firstname": "Ada", "lastname": "Love", "street": ["1 Mill Lane"], "city": "Warners",
               "postcode": "13164", "country_id": "US", "region": "NY", "telephone": "0000"}  # fmt: skip
    amounts = dict.fromkeys(("subtotal", "grand_total", "base_subtotal", "base_grand_total", "total_due"), 9.95)
    return {
        "store_id": 1, "increment_id": number, "ext_order_id": number.removeprefix("WM-"), "state": "new",
        "status": "pending", "customer_email": "ada@relay.example", **amounts,
        "items": [{"sku": sku, "name": "Tea", "product_type": "simple", "qty_ordered": 1, "price": 9.95,
                   "base_price": 9.95, "row_total": 9.95, "base_row_total": 9.95}],
        "billing_address": {"address_type": "billing", **address},
        "payment": {"method": "checkmo", "amount_ordered": Decimal("9.95")},
        "extension_attributes": {"shipping_assignments": [{"shipping": {
            "address": {"address_type": "shipping", **address}, "method": "flatrate_flatrate"}}]},
        **changes,
    }  # fmt: skip


def refused(step: Step, *, post: bool = False) -> ConnectorError:
    with Scripted([step]) as server, pytest.raises(ConnectorError) as caught:
        scripted(server).create_order(an_entity("WM-1")) if post else scripted(server).get_order(17)
    return caught.value


def test_an_order_is_created_found_read_and_invoiced(magento: MagentoClient) -> None:
    created = magento.create_order(an_entity("WM-1001"))
    assert (created.increment_id, created.ext_order_id, created.store_id) == ("WM-1001", "1001", 1)
    assert (created.grand_total, created.state) == (Decimal("9.95"), "new")
    assert not created.is_invoiced
    assert magento.get_order(created.entity_id) == created
    for found in (
        magento.find_orders(increment_ids=["WM-1001"]),
        magento.find_orders(ext_order_ids=["1001", "none"], store_id=1),
        magento.find_orders(entity_ids=[created.entity_id]),
        magento.find_orders(increment_ids=["WM-1001"], ext_order_ids=["1001"], entity_ids=[created.entity_id]),
    ):
        assert found == (created,)
    assert magento.find_orders(ext_order_ids=["1001"], store_id=2) == ()
    assert magento.find_orders(ext_order_ids=["none"]) == ()
    assert magento.invoice(created.entity_id).isdigit()
    read = magento.get_order(created.entity_id)
    assert read is not None
    assert (read.is_invoiced, read.state) == (True, "processing")
    with pytest.raises(ConnectorError, match="does not allow an invoice") as caught:
        magento.invoice(created.entity_id)
    assert (caught.value.permanent, caught.value.doubtful) == (True, False)


def test_a_number_is_taken_only_once(magento: MagentoClient) -> None:
    magento.create_order(an_entity("WM-1002"))
    with pytest.raises(ConnectorError) as caught:
        magento.create_order(an_entity("WM-1002"))
    assert (caught.value.code, caught.value.permanent, caught.value.doubtful) == ("duplicate_number", True, False)


def test_an_order_that_is_gone_is_none(magento: MagentoClient) -> None:
    assert magento.get_order(999_999) is None
    with pytest.raises(ConnectorError, match="doesn't exist") as caught:
        magento.invoice(999_999)
    assert caught.value.permanent


def test_what_magento_lacks_is_told_in_its_words(magento: MagentoClient) -> None:
    entity = an_entity("WM-1003")
    del entity["payment"]
    with pytest.raises(ConnectorError, match="Please provide payment for the order"):
        magento.create_order(entity)
    entity = an_entity("WM-1003")
    del entity["billing_address"]["lastname"]
    with pytest.raises(ConnectorError, match='"Last name" is required'):
        magento.create_order(entity)


def test_many_orders_are_found_in_parts(magento: MagentoClient) -> None:
    numbers = [f"WM-MANY-{n:04d}" for n in range(230)]
    for number in numbers[::23]:
        magento.create_order(an_entity(number))
    found = magento.find_orders(increment_ids=[*numbers, *numbers])
    assert sorted(order.increment_id for order in found) == numbers[::23]


def test_nothing_asked_is_nothing_sent() -> None:
    with Scripted([answer(500)]) as server:
        assert scripted(server).find_orders() == ()
        assert scripted(server).find_orders(ext_order_ids=[""]) == ()
        assert scripted(server).find_products([]) == {}
        assert server.requests == []


ODD_SKUS = ["A/B 1", "C,D", "E+F", "G&H=I", "J%20K", "L'M\"N", "Ö,Ü", "a,b,c", "50% off", "#1?"]


def test_products_are_found_whatever_their_sku_looks_like(shop: MagentoSandbox, magento: MagentoClient) -> None:
    for sku in ODD_SKUS:
        shop.add_product(sku, name=f"Product {sku}", price=1)
    found = magento.find_products([*ODD_SKUS, "FH-MUG-350-BLU", "no such", "C", "D", ""])
    assert sorted(found) == sorted([*ODD_SKUS, "FH-MUG-350-BLU"])
    assert all(product.sku == sku for sku, product in found.items())


def test_a_sku_spelled_in_another_case_is_the_same_product() -> None:
    body = {"items": [{"id": 7, "sku": "Mug-Red", "name": "Mug", "type_id": "configurable"}], "total_count": 1}
    with Scripted([answer(200, json.dumps(body))]) as server:
        found = scripted(server).find_products(["MUG-RED", "other"])
    assert found == {"MUG-RED": Product(7, "Mug-Red", "Mug", "configurable")}


def test_a_search_is_one_call_with_few_filters_and_no_plus() -> None:
    with Scripted([answer(200, '{"items": null, "total_count": 0}')]) as server:
        scripted(server).find_orders(increment_ids=["A 1", "B+2"], ext_order_ids=["17"], store_id=3)
        assert len(server.requests) == 1
        target = server.requests[0].target
    assert "+" not in target
    assert target.startswith("/rest/default/V1/orders?searchCriteria%5Bfilter_groups%5D%5B0%5D")
    asked = dict(parse_qsl(urlsplit(target).query))
    start = "searchCriteria[filter_groups]"
    assert (asked[f"{start}[0][filters][0][value]"], asked[f"{start}[0][filters][1][value]"]) == ("A 1,B+2", "17")
    assert (asked[f"{start}[1][filters][0][field]"], asked[f"{start}[1][filters][0][value]"]) == ("store_id", "3")
    assert asked["fields"].startswith("items[entity_id,increment_id,")


@settings(deadline=None, max_examples=60)
@given(values=st.lists(st.text("AB1-,/ %&+é", min_size=1, max_size=12), max_size=120))
def test_no_search_reaches_an_index_of_two_digits_or_loses_a_value(values: list[str]) -> None:
    """From ten on Magento sorts the parameters of a signed call otherwise than everybody else."""
    found: set[str] = set()
    for batch in batches(values):
        text = query([any_of("sku", batch), [Filter("store_id", "1", "eq")]], "items[sku]")
        assert not re.search(r"%5B\d\d+%5D", text)
        assert "+" not in text
        found |= set(batch)
    assert found == set(values)


def test_long_lists_are_parted_into_addresses_that_servers_take() -> None:
    skus = [f"{n:03d}," + "\u00d6" * 60 for n in range(40)] + [f"{n:03d}-" + "x" * 60 for n in range(200)]
    with Scripted([answer(200, '{"items": [], "total_count": 0}')]) as server:
        scripted(server).find_products(skus)
        targets = [request.target for request in server.requests]
    assert max(map(len, targets)) < 7000
    assert all(int(part.split("%5D")[0]) < 9 for target in targets for part in target.split("filters%5D%5B")[1:])
    values = [value for target in targets for name, value in parse_qsl(urlsplit(target).query) if "[value]" in name]
    assert sum(1 if value[3] == "," else value.count("-") for value in values) == 240


def test_a_long_result_is_read_page_by_page() -> None:
    def page(first: int, number: int) -> Step:
        items = [{"id": n, "sku": f"S{n}", "name": "", "type_id": "simple"} for n in range(first, first + number)]
        return answer(200, json.dumps({"items": items, "total_count": 350}))

    with Scripted([page(0, 200), page(200, 150)]) as server:
        found = scripted(server).find_products(["S1", "S349"])
        assert sorted(found) == ["S1", "S349"]
        assert len(server.requests) == 2


def test_numbers_may_be_strings_and_what_is_absent_is_empty() -> None:
    body = {
        "entity_id": "17", "increment_id": 17, "grand_total": "12.3400", "state": None,
        "items": [{"item_id": "5", "sku": "X", "qty_ordered": "2.0000", "qty_invoiced": None},
                  {"item_id": 6, "sku": "X", "qty_ordered": 2, "parent_item_id": 5}],
    }  # fmt: skip
    with Scripted([answer(200, json.dumps(body))]) as server:
        found = scripted(server).get_order(17)
    assert isinstance(found, ShopOrder)
    assert (found.entity_id, found.increment_id, found.store_id, found.ext_order_id) == (17, "17", None, "")
    assert (found.grand_total, found.state) == (Decimal("12.3400"), "")
    assert [(item.item_id, item.ordered, item.invoiced) for item in found.items] == [(5, Decimal(2), Decimal(0))]


def test_money_never_passes_through_a_float() -> None:
    with Scripted(
        [answer(200, '{"entity_id": 1, "increment_id": "1", "grand_total": 0.10000000000000000555}')]
    ) as server:
        found = scripted(server).get_order(1)
    assert found is not None
    assert found.grand_total == Decimal("0.10000000000000000555")


@pytest.mark.parametrize(
    "body",
    ["", "<br/><b>Warning</b>: x{}", "[]", "null", '{"entity_id": 1}', '{"entity_id": 1.5, "increment_id": "1"}',
     '{"entity_id": 1, "increment_id": "1", "items": [{"item_id": 1}]}',
     '{"entity_id": 1, "increment_id": "1", "grand_total": "much"}'],
)  # fmt: skip
def test_a_200_without_an_order_is_in_doubt_after_a_post(body: str) -> None:
    assert not refused(answer(200, body)).doubtful
    error = refused(answer(200, body), post=True)
    assert (error.permanent, error.doubtful, error.code) == (False, True, "unreadable")


@pytest.mark.parametrize("body", ["false", "{}", "null", '""', "[]"])
def test_an_invoice_without_an_id_is_in_doubt(body: str) -> None:
    with Scripted([answer(200, body)]) as server, pytest.raises(ConnectorError) as caught:
        scripted(server).invoice(3)
    assert caught.value.doubtful


@pytest.mark.parametrize(("body", "invoice"), [('"73"', "73"), ("73", "73")])
def test_an_invoices_id_may_be_a_string_or_a_number(body: str, invoice: str) -> None:
    with Scripted([answer(200, body)]) as server:
        assert scripted(server).invoice(3) == invoice
        request = server.requests[0]
    assert (request.method, request.target) == ("POST", "/rest/default/V1/order/3/invoice")
    assert json.loads(request.body) == {"capture": True, "notify": False}
    assert request.headers["authorization"] == "Bearer s3cret-token"


FATAL = "An error has happened during application run. See exception log for details.\n"


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (answer(400, '{"message": "Carrier: %1, %2 of %1", "parameters": ["a", 7]}'), "400: Carrier: a, 7 of a"),
        (answer(400, '{"message": "%1 %2 %10", "parameters": ["a"]}'), "400: a %2 %10"),
        (answer(400, '{"message": "\\"%fieldName\\" is required.", "parameters": {"fieldName": "sku"}}'),
         '400: "sku" is required.'),
        (answer(400, '{"message": "We can\'t save:\\n%1", "parameters": ["\\"Last name\\" is required."]}'),
         '400: We can\'t save: "Last name" is required.'),
        (answer(400, '{"message": "Bad.", "errors": [{"message": "\\"%f\\" no", "parameters": {"f": "status"}}]}'),
         '400: Bad. "status" no'),
        (answer(400, '{"message": "100% wrong", "parameters": null}'), "400: 100% wrong"),
        (answer(500, FATAL), f"500: {FATAL.strip()}"),
        (answer(500, json.dumps(FATAL)), f"500: {FATAL.strip()}"),
        (answer(500, '{"message": "Internal Error. Report ID: 6b0"}'), "500: Internal Error. Report ID: 6b0"),
        (answer(502, "<html><head><title>502 Bad Gateway</title></head>"), "502: 502 Bad Gateway"),
        (answer(500, ""), "500 without a word."),
        (answer(400, '{"message": null}'), "400 without a word."),
        (answer(400, '{"message": "mail ada@example.com, token s3cret-token"}'), "400: mail ***, token ***"),
    ],
)  # fmt: skip
def test_magentos_templates_become_sentences(step: Step, sentence: str) -> None:
    assert refused(step).message == f"Magento answered {sentence}"


@pytest.mark.parametrize(
    ("step", "permanent", "doubtful", "unauthorized"),
    [
        (answer(400, '{"message": "No"}'), True, False, False),
        (answer(401, json.dumps(NO_RIGHT)), True, False, True),
        (answer(403, "<html><title>Forbidden</title>"), True, False, False),
        (answer(404, '{"message": "Request does not match any route."}'), True, False, False),
        (answer(404, "<html>"), True, False, False),
        (answer(429), False, False, False),
        (answer(500, FATAL), False, True, False),
        (answer(503, "<html>", Content_Type="text/html"), False, True, False),
        (answer(504), False, True, False),
        (CUT, False, True, False),
    ],
)
def test_what_each_answer_to_a_post_means(step: Step, permanent: bool, doubtful: bool, unauthorized: bool) -> None:
    error = refused(step, post=True)
    assert (error.permanent, error.doubtful, error.unauthorized) == (permanent, doubtful, unauthorized)


def test_maintenance_is_said_and_passes(shop: MagentoSandbox, magento: MagentoClient) -> None:
    shop.settings(maintenance=True)
    with pytest.raises(ConnectorError) as caught:
        magento.find_orders(ext_order_ids=["1"])
    assert (caught.value.message, caught.value.permanent) == ("Magento is in maintenance mode.", False)


def test_a_refused_token_is_explained(shop: MagentoSandbox, magento: MagentoClient) -> None:
    wrong = MagentoClient(Caller(), replace(store_of(shop), token="wrong"))
    shop.settings(bearer_enabled=False)
    for client in (wrong, magento):
        with pytest.raises(ConnectorError) as caught:
            client.find_orders(ext_order_ids=["1"])
        error = caught.value
        assert (error.unauthorized, error.permanent) == (True, True)
        assert "OAuth > Consumer Settings" in error.message
        assert "Magento_Sales::actions_view" in error.message


def test_an_unknown_store_view_is_explained(shop: MagentoSandbox) -> None:
    with pytest.raises(ConnectorError, match="when the store view's code does not exist") as caught:
        MagentoClient(Caller(), replace(store_of(shop), store_view="nope")).store_views()
    assert caught.value.permanent


def test_an_address_beside_the_shop_is_explained(shop: MagentoSandbox) -> None:
    with pytest.raises(ConnectorError, match="does not lead to Magento's REST API") as caught:
        MagentoClient(Caller(), replace(store_of(shop), url=f"{shop.url}/blog/")).get_order(1)
    assert caught.value.permanent


def test_the_store_views_and_their_currency(magento: MagentoClient) -> None:
    views = {view.code: view for view in magento.store_views()}
    assert "admin" not in views
    assert views["default"].id == 1
    config = magento.store_config("default")
    assert config is not None
    assert (config.base_currency, config.time_zone) == ("USD", "America/Chicago")
    assert magento.store_config("nope") is None


def test_a_config_that_says_little_is_taken_as_it_is() -> None:
    with Scripted([answer(200, '[{"code": "other"}, {"code": "default"}]')]) as server:
        config = scripted(server).store_config("default")
    assert config is not None
    assert config.base_currency == ""


def test_a_lost_answer_is_in_doubt_and_the_order_is_found_again(shop: MagentoSandbox, magento: MagentoClient) -> None:
    shop.fault("cut_after", method="POST", path="/orders", times=1)
    with pytest.raises(ConnectorError) as caught:
        magento.create_order(an_entity("WM-1004"))
    assert caught.value.doubtful
    assert [order.ext_order_id for order in magento.find_orders(increment_ids=["WM-1004"], store_id=1)] == ["1004"]


def test_records_name_no_buyer_and_no_token(shop: MagentoSandbox) -> None:
    records: list[CallRecord] = []
    MagentoClient(Caller(on_call=records.append), store_of(shop)).create_order(an_entity("WM-1005"))
    record = records[0]
    told = record.request_excerpt + record.response_excerpt + record.url
    assert not [word for word in ("Ada", "Love", "Mill Lane", "13164", "ada@relay", shop.token) if word in told]
    assert "WM-1005" in record.request_excerpt


def keys_of(shop: MagentoSandbox) -> OAuthKeys:
    own = shop.credentials
    return OAuthKeys(own.consumer_key, own.consumer_secret, own.token, own.token_secret)


def test_signed_calls_work_where_bearer_tokens_are_switched_off(shop: MagentoSandbox) -> None:
    shop.settings(bearer_enabled=False)
    try:
        client = MagentoClient(Caller(), MagentoStore(shop.url, oauth=keys_of(shop)))
        created = client.create_order(an_entity("WM-1006"))
        assert client.find_orders(increment_ids=["WM-1006", "A B", "C,D"], store_id=1) == (created,)
        assert client.store_config("default") is not None
        wrong = replace(keys_of(shop), token_secret="wrong")
        with pytest.raises(ConnectorError, match="The signature is invalid") as caught:
            MagentoClient(Caller(), MagentoStore(shop.url, oauth=wrong)).store_views()
        assert caught.value.unauthorized
    finally:
        shop.settings(bearer_enabled=True)


def test_a_signature_sorts_numbers_as_numbers_and_leaves_usual_ports_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = OAuthKeys("consumer", "hush", "token", "quiet")
    fixed = {"nonce": "n", "timestamp": "1"}
    path = "rest/V1/orders?g%5B10%5D=b&g%5B2%5D=a%20b"
    one = authorization(keys, "GET", f"https://shop.example:443/{path}", **fixed)
    turned = "rest/V1/orders?g%5B2%5D=a%20b&g%5B10%5D=b"
    assert one == authorization(keys, "get", f"https://SHOP.example/{turned}", **fixed)
    assert one != authorization(keys, "GET", f"https://shop.example:8443/{path}", **fixed)
    assert authorization(keys, "GET", "https://shop.example/x") != authorization(keys, "GET", "https://shop.example/x")
    assert not [word for word in ("hush", "quiet", "token") if word in caplog.text]
