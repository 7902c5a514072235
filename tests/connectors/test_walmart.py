"""Walmart's odd answers over real HTTP: every shape an order and an error have been seen in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.connectors.scripted import CUT, Scripted, Step, answer
from webapp.connectors.http import Answer, Call, Caller, CallRecord, ConnectorError
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart import OrderPage, WalmartAccount, WalmartClient, fetch_token
from webapp.domain.order import Order, Tracking

PO = "1796277083022"


@dataclass
class Tokens:
    """Hands out tokens one after another and keeps what was rejected."""

    values: list[str] = field(default_factory=lambda: ["first", "second", "third"])
    rejected: list[str] = field(default_factory=list)

    def get(self) -> str:
        return self.values[0]

    def renew(self, rejected: str) -> str:
        self.rejected.append(rejected)
        self.values.pop(0)
        return self.values[0]


def client(server: Scripted, *, market: str = "us", records: list[CallRecord] | None = None) -> WalmartClient:
    caller = Caller(on_call=(records if records is not None else []).append)
    return WalmartClient(caller, WalmartAccount(server.url, "id", "secret", market), Tokens())


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "lineNumber": "4",
        "item": {"productName": "Red mug", "sku": "MUG-RED"},
        "charges": {"charge": [{"chargeType": "PRODUCT", "chargeName": "ItemPrice",
                                "chargeAmount": {"currency": "USD", "amount": 10.10},
                                "tax": {"taxName": "Tax1", "taxAmount": {"currency": "USD", "amount": 0.83}}}]},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": "1"},
        "orderLineStatuses": {"orderLineStatus": [{"status": "Created", "statusQuantity": {"amount": "1"}}]},
        **changes,
    }  # fmt: skip


def an_order(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "purchaseOrderId": PO,
        "customerOrderId": "5281956426648",
        "customerEmailId": "x@relay.example",
        "orderDate": 1568466571000,
        "shippingInfo": {"phone": "5550100", "estimatedShipDate": 1568700000000, "methodCode": "Value",
                         "postalAddress": {"name": "A B", "address1": "1 Mill Lane", "city": "Warners",
                                           "state": "NY", "postalCode": "13164", "country": "USA"}},
        "orderLines": {"orderLine": list(lines) or [a_line()]},
        **changes,
    }  # fmt: skip


def read(order: dict[str, Any], *, market: str = "us", raw: str | None = None) -> Order:
    body = raw if raw is not None else json.dumps({"order": order})
    with Scripted([answer(200, body)]) as server:
        found = client(server, market=market).get_order(PO)
    assert found is not None
    return found


def refused(step: Step, *, post: bool = False) -> ConnectorError:
    with Scripted([step]) as server, pytest.raises(ConnectorError) as caught:
        client(server).acknowledge(PO) if post else client(server).get_order(PO)
    return caught.value


def listing(step: Step) -> OrderPage:
    with Scripted([step]) as server:
        return client(server).list_orders(created_from=datetime(2026, 1, 1, tzinfo=UTC))


def error_body(code: str, description: str, name: str = "data") -> str:
    return json.dumps({"errors": {"error": [{"code": code, "field": name, "description": description, "causes": []}]}})


def test_an_order_as_published() -> None:
    order = read(an_order(shipNode={"type": "SellerFulfilled"}, orderType="REGULAR"))
    assert (order.po, order.customer_order_id, order.currency, order.method_code) == (
        PO,
        "5281956426648",
        "USD",
        "Value",
    )
    assert order.ordered_at == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)
    assert order.ship_by == datetime(2019, 9, 17, 6, 0, tzinfo=UTC)
    assert (order.address.name, order.address.postal_code, order.address.phone) == ("A B", "13164", "5550100")
    line = order.lines[0]
    assert (line.number, line.sku, line.quantity, line.counts()["Created"]) == ("4", "MUG-RED", 1, 1)
    assert (line.charges[0].amount, line.charges[0].tax) == (Decimal("10.10"), Decimal("0.83"))


def test_money_never_passes_through_a_float() -> None:
    raw = json.dumps({"order": an_order()}).replace("10.1", "0.1000000000000000055511151231257827")
    assert read({}, raw=raw).lines[0].charges[0].amount == Decimal("0.1000000000000000055511151231257827")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"shipNode": None}, lambda o: o.is_fulfilled_by_seller),
        ({"shipNode": {}}, lambda o: o.is_fulfilled_by_seller),
        ({"shipNode": {"type": "WFSFulfilled"}}, lambda o: not o.is_fulfilled_by_seller),
        ({"shippingInfo": {"postalAddress": {}}}, lambda o: o.address.name == "" and o.ship_by is None),
        ({"shippingInfo": None}, lambda o: o.method_code == ""),
        ({"purchaseOrderId": int(PO)}, lambda o: o.po == PO),
        ({"orderDate": "2026-02-03T04:05:06Z"}, lambda o: o.ordered_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ({"orderDate": "2026-02-03T04:05:06.700+01:00"}, lambda o: o.ordered_at.hour == 3),
        ({"orderDate": "1568466571000"}, lambda o: o.ordered_at.year == 2019),
        ({"somethingNew": {"deep": [1]}, "orderType": "REPLACEMENT"}, lambda o: o.is_replacement),
        ({"customerEmailId": "ab12@relay.walmart.com"}, lambda o: o.email == "ab12@relay.walmart.com"),
        ({"customerEmailId": "NoCxEmail@walmartone.com"}, lambda o: o.email == ""),
        ({"customerEmailId": None}, lambda o: o.email == ""),
        ({"originalCustomerOrderID": "17"}, lambda o: o.original_customer_order_id == "17"),
    ],
)
def test_an_order_with_odd_parts_is_read(changes: dict[str, Any], check: Any) -> None:
    assert check(read(an_order(**changes)))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"charges": {}}, lambda n: n.charges == ()),
        ({"charges": None}, lambda n: n.charges == ()),
        ({"charges": {"charge": {"chargeType": "X", "chargeAmount": {"amount": "5.00"}}}}, lambda n: n.total == 5),
        ({"charges": {"charge": [{"chargeType": "NEW", "tax": None}]}}, lambda n: n.charges[0].type == "NEW"),
        ({"orderLineQuantity": {"amount": "2.0"}}, lambda n: n.quantity == 2),
        ({"orderLineQuantity": {}}, lambda n: n.quantity == 1),
        ({"orderLineStatuses": {"orderLineStatus": {"status": "Shipped", "statusQuantity": {"amount": 1}}}},
         lambda n: n.counts()["Shipped"] == 1),
        ({"orderLineStatuses": {"orderLineStatus": [{"status": "OnHold"}]}}, lambda n: n.counts()["OnHold"] == 1),
        ({"orderLineStatuses": None}, lambda n: n.counts()["no status"] == 1),
        ({"intentToCancel": "Y"}, lambda n: n.intent_to_cancel == "Y"),
        ({"intentToCancel": True}, lambda n: n.intent_to_cancel == "true"),
        ({"intentToCancel": None}, lambda n: n.intent_to_cancel == ""),
        ({"intentToCancel": "false"}, lambda n: n.intent_to_cancel == ""),
        ({"refund": None}, lambda n: n.refunded == 0),
        ({"refund": {"refundCharges": {"refundCharge": [
            {"charge": {"chargeAmount": {"amount": -19.99}, "tax": {"taxAmount": {"amount": -1.01}}}},
            {"charge": {"chargeAmount": {"amount": -2}, "tax": None}}]}}}, lambda n: n.refunded == 23),
        ({"refund": [{"refundCharges": {"refundCharge": {"charge": {"chargeAmount": {"amount": -1}}}}},
                     {"refundCharges": {"refundCharge": {"charge": {"chargeAmount": {"amount": -2}}}}}]},
         lambda n: n.refunded == 3),
        ({"item": {"sku": 1234, "productName": None, "imageUrl": "https://i.example/1"}},
         lambda n: (n.sku, n.title, n.image_url) == ("1234", "", "https://i.example/1")),
    ],
)  # fmt: skip
def test_a_line_with_odd_parts_is_read(changes: dict[str, Any], check: Any) -> None:
    assert check(read(an_order(a_line(**changes))).lines[0])


def test_a_single_line_may_come_without_its_list_and_tracking_is_kept_per_status() -> None:
    shipped = {
        "status": "Shipped", "statusQuantity": {"amount": "1"},
        "trackingInfo": {"shipDateTime": 1241715945678, "carrierName": {"otherCarrier": "Foo", "carrier": None},
                         "methodCode": "Standard", "trackingNumber": "1Z", "trackingURL": "https://t.example"},
    }  # fmt: skip
    cancelled = {"status": "Cancelled", "cancellationReason": "AUTO", "statusQuantity": {"amount": "1"}}
    line = a_line(orderLineQuantity={"amount": "2"}, orderLineStatuses={"orderLineStatus": [shipped, cancelled]})
    found = read(an_order(orderLines={"orderLine": line})).lines[0]
    assert found.quantities[0].tracking == Tracking(
        "Foo", "1Z", "https://t.example", "Standard", datetime(2009, 5, 7, 17, 5, 45, 678000, tzinfo=UTC)
    )
    assert found.quantities[1].cancellation_reason == "AUTO"
    assert found.uncancelled == 1


def test_the_markets_currency_stands_where_no_charge_names_one() -> None:
    assert read(an_order(a_line(charges={})), market="ca").currency == "CAD"
    assert read(an_order(), market="ca").currency == "USD"


@pytest.mark.parametrize(
    "changes",
    [
        {"orderDate": None},
        {"orderDate": "soon"},
        {"orderDate": 10**30},
        {"purchaseOrderId": ""},
        {"orderLines": {}},
        {"orderLines": {"orderLine": [a_line(lineNumber=None)]}},
        {"orderLines": {"orderLine": [a_line(item={})]}},
        {"orderLines": {"orderLine": [a_line(orderLineQuantity={"amount": "1.5"})]}},
        {"orderLines": {"orderLine": [a_line(orderLineQuantity={"amount": "many"})]}},
        {"orderLines": {"orderLine": [a_line(orderLineQuantity={"amount": "1e400000"})]}},
        {"orderLines": {"orderLine": [a_line(charges={"charge": [{"chargeAmount": {"amount": "ten"}}]})]}},
        {"orderLines": {"orderLine": [a_line(charges={"charge": [{"chargeAmount": {"amount": True}}]})]}},
    ],
)
def test_an_order_without_sense_is_an_error_and_does_not_spoil_its_page(changes: dict[str, Any]) -> None:
    bad = an_order(**changes)
    error = refused(answer(200, json.dumps({"order": bad})))
    assert (error.permanent, error.code) == (False, "unreadable")
    page = listing(answer(200, json.dumps({"list": {"elements": {"order": [bad, an_order()]}}})))
    assert [order.po for order in page.orders] == [PO]
    assert len(page.unreadable) == 1


@pytest.mark.parametrize("body", ["", "<html>", "[]", "1", "null", "{", '{"order": NaN}', "[" * 100_000, b"\xff\xff"])
def test_a_200_without_an_order_is_in_doubt_after_a_post(body: str | bytes) -> None:
    assert not refused(answer(200, body)).doubtful
    error = refused(answer(200, body), post=True)
    assert (error.permanent, error.doubtful) == (False, True)


def test_an_order_of_another_number_is_not_believed() -> None:
    error = refused(answer(200, json.dumps({"order": an_order(purchaseOrderId="17")})))
    assert "order 17" in error.message


@pytest.mark.parametrize(
    "step",
    [
        answer(404, error_body("CONTENT_NOT_FOUND.GMP_ORDER_API", "Orders not found")),
        answer(200, '{"list": {"meta": {"totalCount": 0}, "elements": {}}}'),
        answer(200, '{"list": {"meta": {"nextCursor": ""}, "elements": {"order": []}}}'),
        answer(200, '{"list": {"elements": null}}'),
        answer(200, '{"list": null}'),
    ],
)
def test_an_empty_list_has_many_faces(step: Step) -> None:
    page = listing(step)
    assert (page.orders, page.next_cursor) == ((), None)


def test_no_order_is_none_but_an_unknown_address_is_an_error() -> None:
    with Scripted([answer(404, error_body("CONTENT_NOT_FOUND.GMP_ORDER_API", "No"))]) as server:
        assert client(server).get_order(PO) is None
    assert refused(answer(404, "<html><title>Not Found</title></html>")).permanent
    assert refused(answer(404, error_body("URI_NOT_FOUND", "No such path"))).permanent


def test_the_cursor_goes_back_verbatim() -> None:
    cursor = "?limit=10&hasMoreElements=true&soIndex=31&a=%2D%2f&b=2019-09-17T18:47:03.703Z&c=x+y"
    first = answer(200, json.dumps({"list": {"meta": {"totalCount": "31", "nextCursor": cursor},
                                             "elements": {"order": an_order()}}}))  # fmt: skip
    with Scripted([first, answer(200, '{"list": {}}')]) as server:
        page = client(server).list_orders(
            modified_from=datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC), ship_node="WFSFulfilled", limit=500
        )
        assert (page.next_cursor, page.total, len(page.orders)) == (cursor, 31, 1)
        client(server).list_orders(cursor=page.next_cursor, modified_from=datetime.now(UTC))
        assert [request.target for request in server.requests] == [
            "/v3/orders?limit=200&shipNodeType=WFSFulfilled&replacementInfo=true&lastModifiedStartDate=2026-01-02T03%3A04%3A05Z",
            f"/v3/orders{cursor}",
        ]


def test_the_acknowledgement_has_the_headers_and_no_body() -> None:
    records: list[CallRecord] = []
    with Scripted([answer(200, json.dumps({"order": an_order()}))]) as server:
        client(server, records=records).acknowledge(PO)
        client(server, market="ca", records=records).acknowledge(PO)
        us, ca = server.requests
    assert (us.method, us.target, us.body) == ("POST", f"/v3/orders/{PO}/acknowledge", b"")
    assert us.headers["content-type"] == us.headers["accept"] == "application/json"
    assert us.headers["content-length"] == "0"
    assert us.headers["wm_sec.access_token"] == "first"
    assert us.headers["wm_svc.name"] == "Walmart Marketplace"
    assert "authorization" not in us.headers
    assert "wm_market" not in us.headers
    assert (ca.headers["wm_global_version"], ca.headers["wm_market"]) == ("3.1", "ca")
    assert [record.correlation_id for record in records] == [
        request.headers["wm_qos.correlation_id"] for request in (us, ca)
    ]
    assert records[0].correlation_id != records[1].correlation_id


GATEWAY = json.dumps({"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API", "description": "Unauthorized"}]})
BAD_TOKEN = json.dumps({"error": [{"code": "INVALID_TOKEN.GMP_GATEWAY_API", "description": "Invalid token"}]})


@pytest.mark.parametrize("step", [answer(401, GATEWAY), answer(401, ""), answer(400, BAD_TOKEN)])
def test_a_rejected_token_is_renewed_once(step: Step) -> None:
    tokens = Tokens()
    with Scripted([step, answer(200, json.dumps({"order": an_order()}))]) as server:
        account = WalmartAccount(server.url, "id", "secret")
        WalmartClient(Caller(), account, tokens).acknowledge(PO)
        assert [request.headers["wm_sec.access_token"] for request in server.requests] == ["first", "second"]
    assert tokens.rejected == ["first"]
    with Scripted([step]) as server:
        with pytest.raises(ConnectorError) as caught:
            WalmartClient(Caller(), account_of(server), Tokens()).acknowledge(PO)
        assert len(server.requests) == 2
    error = caught.value
    assert (error.unauthorized, error.permanent, error.doubtful) == (True, True, False)


def account_of(server: Scripted) -> WalmartAccount:
    return WalmartAccount(server.url, "id", "secret")


XML = (
    '<?xml version="1.0"?><ns2:errors xmlns:ns2="http://walmart.com/"><ns2:error><ns2:code>500.SYSTEM_ERROR</ns2:code>'
    "<ns2:description>Internal error</ns2:description><ns2:info>More</ns2:info></ns2:error></ns2:errors>"
)
WRAPPER = "<_InternalGMPErrorWrapper><code>SYSTEM_ERROR.GMP</code><description>Down &amp; out</description>"


@pytest.mark.parametrize(
    ("step", "sentence", "code"),
    [
        (answer(400, error_body("INVALID_REQUEST_CONTENT.GMP_ORDER_API", "Some qty in higher status")),
         "Walmart answered 400: Some qty in higher status (INVALID_REQUEST_CONTENT)", "INVALID_REQUEST_CONTENT"),
        (answer(400, '{"errors": {"error": {"code": "A.B", "info": "One object"}}}'),
         "Walmart answered 400: One object (A)", "A"),
        (answer(400, '{"error": [{"code": "A.B", "description": "Gateway"}]}'),
         "Walmart answered 400: Gateway (A)", "A"),
        (answer(400, '{"error": {"code": "A", "description": "Mexico"}}'), "Walmart answered 400: Mexico (A)", "A"),
        (answer(400, '{"errors": [{"code": "A", "message": "Docs"}, {"code": "B", "message": "Two"}]}'),
         "Walmart answered 400: Docs (A); Two (B)", "A"),
        (answer(500, XML, Content_Type="application/xml"),
         "Walmart answered 500: Internal error (SYSTEM_ERROR)", "SYSTEM_ERROR"),
        (answer(500, WRAPPER), "Walmart answered 500: Down & out (SYSTEM_ERROR)", "SYSTEM_ERROR"),
        (answer(502, "<html><head><title>502 Bad\nGateway</title>"), "Walmart answered 502: 502 Bad Gateway", ""),
        (answer(520, ""), "Walmart answered 520 without a word.", ""),
        (answer(400, "{"), "Walmart answered 400 without a word.", ""),
        (answer(400, '{"message": "no code"}'), "Walmart answered 400 without a word.", ""),
        (answer(400, error_body("A.B", "mail ada@example.com for first")),
         "Walmart answered 400: mail *** for *** (A)", "A"),
    ],
)  # fmt: skip
def test_every_error_envelope_gives_walmarts_own_sentence(step: Step, sentence: str, code: str) -> None:
    error = refused(step)
    assert (error.message, error.code) == (sentence, code)


@pytest.mark.parametrize(
    ("step", "permanent", "doubtful", "unauthorized"),
    [
        (answer(400, error_body("INVALID_REQUEST_CONTENT.GMP_ORDER_API", "No")), True, False, False),
        (answer(400, error_body("INVALID_REQUEST.GMP_ORDER_API", "Invalid Request")), False, False, False),
        (answer(400, error_body("INVALID_REQUEST.GMP_ORDER_API", "Invalid Request", "sku")), True, False, False),
        (answer(403, error_body("FORBIDDEN.GMP_GATEWAY_API", "No")), True, False, True),
        (answer(404, error_body("CONTENT_NOT_FOUND.GMP_ORDER_API", "No")), True, False, False),
        (answer(408), False, False, False),
        (answer(415), True, False, False),
        (answer(423), False, False, False),
        (answer(429), False, False, False),
        (answer(500), False, True, False),
        (answer(503, "<html>"), False, True, False),
        (answer(504), False, True, False),
        (answer(520), False, True, False),
        (CUT, False, True, False),
    ],
)
def test_what_each_answer_to_a_post_means(step: Step, permanent: bool, doubtful: bool, unauthorized: bool) -> None:
    error = refused(step, post=True)
    assert (error.permanent, error.doubtful, error.unauthorized) == (permanent, doubtful, unauthorized)


def at(text: str) -> str:
    """`+30` as epoch milliseconds in 30 seconds, `iso+30` as an ISO date; anything else as it is."""
    if text[:1] in ("+", "-"):
        return str(int((datetime.now(UTC).timestamp() + float(text)) * 1000))
    if text.startswith("iso"):
        return (datetime.now(UTC) + timedelta(seconds=float(text[3:]))).isoformat()
    return text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "7", "X_Next_Replenishment_Time": "+100"}, 7),
        ({"Retry_After": "Wed, 21 Oct 2099 07:28:00 GMT"}, 300),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry_After": "soon", "X_Next_Replenishment_Time": "+100"}, 100),
        ({"X_Next_Replenishment_Time": "+30"}, 30),
        ({"X_Next_Replenish_Time": "iso+30"}, 30),
        ({"X_Next_Replenishment_Time": "+4000"}, 300),
        ({"X_Next_Replenishment_Time": "-10"}, 0),
        ({"X_Next_Replenishment_Time": "garbage"}, 60),
        ({"Retry_After": "9" * 400}, 300),
    ],
)
@pytest.mark.parametrize("status", [423, 429])
def test_the_wait_that_walmart_asks_for(status: int, headers: dict[str, str], seconds: float) -> None:
    wait = refused(answer(status, "", **{name: at(value) for name, value in headers.items()})).retry_after
    assert wait is not None
    assert wait.total_seconds() == pytest.approx(seconds, abs=5)


def test_only_who_asks_to_wait_is_waited_for() -> None:
    assert refused(answer(500)).retry_after is None
    assert refused(answer(503, "", Retry_After="9")).retry_after == timedelta(seconds=9)


def test_a_token_is_fetched_with_the_clients_credentials() -> None:
    records: list[CallRecord] = []
    body = '{"access_token": "eyJabcdefgh", "token_type": "Bearer", "expires_in": 900}'
    with Scripted([answer(200, body)]) as server:
        before = datetime.now(UTC)
        token = fetch_token(Caller(on_call=records.append), WalmartAccount(server.url, "id", "s3cret"))
        request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/v3/token", b"grant_type=client_credentials")
    assert request.headers["authorization"] == "Basic aWQ6czNjcmV0"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (token.value, round((token.expires_at - before).total_seconds())) == ("eyJabcdefgh", 900)
    assert "eyJ" not in repr(records) + repr(token)


def test_asking_for_a_token_changes_nothing_and_needs_no_fence() -> None:
    asked: list[bool] = []

    class Fence:
        def before(self, call: Call) -> None:
            asked.append(call.acts)

        def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
            """It hears, and has nothing to do."""

    with Scripted([answer(200, '{"access_token": "x", "expires_in": "900"}')]) as server:
        assert fetch_token(Caller(watch=Fence()), account_of(server)).value == "x"
    assert asked == [False]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_a_lasting_error(status: int) -> None:
    with Scripted([answer(status, GATEWAY)]) as server, pytest.raises(ConnectorError) as caught:
        fetch_token(Caller(), account_of(server))
    error = caught.value
    assert (error.permanent, error.unauthorized, error.doubtful) == (True, True, False)
    assert error.message.startswith("Walmart did not accept the client ID and secret.")


@pytest.mark.parametrize("step", [answer(500), answer(429), CUT, answer(200, "{}"), answer(200, "<html>")])
def test_other_troubles_with_the_token_pass(step: Step) -> None:
    with Scripted([step]) as server, pytest.raises(ConnectorError) as caught:
        fetch_token(Caller(), account_of(server))
    assert (caught.value.permanent, caught.value.doubtful, caught.value.unauthorized) == (False, False, False)


SUBSCRIPTION = {
    "eventType": "PO_CREATED", "subscriptionId": "343b", "partnerId": "1", "resourceName": "ORDER",
    "eventUrl": "https://b.example/w", "status": "ACTIVE",
    "authDetails": {"authMethod": "BASIC_AUTH", "userName": "abc", "password": "hush-hush"},
}  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"events": [SUBSCRIPTION]},
        {"event": [SUBSCRIPTION]},
        {"events": [{"event": [SUBSCRIPTION]}]},
        {"events": SUBSCRIPTION},
        SUBSCRIPTION,
    ],
)
def test_subscriptions_are_listed_without_their_passwords(body: dict[str, Any]) -> None:
    records: list[CallRecord] = []
    with Scripted([answer(200, json.dumps(body))]) as server:
        found = client(server, records=records).subscriptions()
    assert [(one.id, one.event_type, one.status, one.auth_method) for one in found] == [
        ("343b", "PO_CREATED", "ACTIVE", "BASIC_AUTH")
    ]
    assert "hush-hush" not in repr(found) + repr(records)


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        (WebhookAuth("basic", "Authorization", "bridge", ("new", "old")),
         {"authDetails": {"authMethod": "BASIC_AUTH", "userName": "bridge", "password": "new",
                          "authHeaderName": "Authorization"}}),
        (WebhookAuth("hmac", "X-Sign", "", ("key",)),
         {"authDetails": {"authMethod": "HMAC", "clientSecret": "key", "authHeaderName": "X-Sign"}}),
        (WebhookAuth("oauth", "Authorization", "me", ("key",), "https://b.example/token"),
         {"authDetails": {"authMethod": "OAUTH", "authUrl": "https://b.example/token", "clientId": "me",
                          "clientSecret": "key", "authHeaderName": "Authorization"}}),
        (WebhookAuth("header", "X-Key", "", ("key",)),
         {"headers": {"content-type": "application/json", "X-Key": "key"}}),
        (WebhookAuth("none", secrets=("in-the-path",)), {}),
    ],
)  # fmt: skip
def test_one_event_is_subscribed_with_its_credentials(auth: WebhookAuth, sent: dict[str, Any]) -> None:
    reply = {"events": [{"eventType": "ORDER_UPDATES", "subscriptionId": "620b", "status": "ACTIVE"}]}
    with Scripted([answer(200, json.dumps(reply)), answer(200, '{"message": "ok"}')]) as server:
        assert client(server).subscribe("ORDER_UPDATES", "https://b.example/w", auth).id == "620b"
        client(server).unsubscribe("620b/x")
        created, deleted = server.requests
    assert json.loads(created.body) == {
        "events": [{"eventType": "ORDER_UPDATES", "eventVersion": "V1", "resourceName": "ORDER",
                    "eventUrl": "https://b.example/w", "status": "ACTIVE", **sent}]
    }  # fmt: skip
    assert (deleted.method, deleted.target) == ("DELETE", "/v3/webhooks/subscriptions/620b%2Fx")


@pytest.mark.parametrize("word", ["events", "eventTypes"])
def test_the_events_on_offer(word: str) -> None:
    """Walmart's examples and its schema name the list differently."""
    body = {word: [{"eventType": "ORDER_UPDATES", "resourceName": "ORDER", "eventVersion": "V1"}]}
    with Scripted([answer(200, json.dumps(body))]) as server:
        assert [(one.name, one.resource) for one in client(server).event_types()] == [("ORDER_UPDATES", "ORDER")]
