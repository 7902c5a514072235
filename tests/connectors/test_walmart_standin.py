"""The Walmart client against the stand-in marketplace: whole conversations, its faults and its webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.walmart import WalmartSandbox
from tests.connectors.scripted import Scripted, answer, waits_for
from webapp.connectors.http import Caller, ConnectorError
from webapp.connectors.signatures import Request, WebhookAuth, verify_walmart
from webapp.connectors.walmart import WalmartAccount, WalmartClient, fetch_token
from webapp.domain.order import OrderStatus


@dataclass
class Tokens:
    """Fetches a token when it has none."""

    caller: Caller
    account: WalmartAccount
    value: str = ""
    renewals: int = 0

    def get(self) -> str:
        self.value = self.value or fetch_token(self.caller, self.account).value
        return self.value

    def renew(self, rejected: str) -> str:
        self.renewals += 1
        self.value = fetch_token(self.caller, self.account).value
        return self.value


@pytest.fixture(scope="module")
def seller() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as sandbox:
        sandbox.settings(limit_scale=100)
        yield sandbox


@pytest.fixture
def account(seller: WalmartSandbox) -> Iterator[WalmartAccount]:
    yield WalmartAccount(seller.url, seller.client_id, seller.client_secret)
    seller.clear_faults()
    seller.settings(explicit_nulls=False, empty_list_as_404=True, expired_token_status=401, token_ttl=900)


@pytest.fixture
def client(account: WalmartAccount) -> WalmartClient:
    return WalmartClient(Caller(), account, Tokens(Caller(), account))


@pytest.mark.parametrize("nulls", [False, True])
def test_an_order_is_read_and_acknowledged(seller: WalmartSandbox, client: WalmartClient, nulls: bool) -> None:
    seller.settings(explicit_nulls=nulls)
    po = seller.place_order()
    order = client.get_order(po)
    assert order is not None
    assert (order.po, order.status, order.currency) == (po, OrderStatus.CREATED, "USD")
    assert order.total > Decimal(0)
    acknowledged = client.acknowledge(po)
    assert acknowledged.status is OrderStatus.UNSHIPPED
    read = client.get_order(po)
    assert read is not None
    assert client.acknowledge(po) == acknowledged == replace(read, order_type=""), "only a read tells of replacements"
    seller.act(po, "ship")
    shipped = client.get_order(po)
    assert shipped is not None
    assert shipped.status is OrderStatus.SHIPPED
    tracking = shipped.lines[0].quantities[0].tracking
    assert tracking is not None
    assert tracking.number
    with pytest.raises(ConnectorError, match="higher status") as caught:
        client.acknowledge(po)
    assert (caught.value.permanent, caught.value.doubtful, caught.value.code) == (
        True,
        False,
        "INVALID_REQUEST_CONTENT",
    )


def test_no_order_of_this_number(client: WalmartClient) -> None:
    assert client.get_order("1" * 13) is None


def test_a_buyer_who_wants_to_cancel_is_seen(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = seller.place_order()
    seller.act(po, "intent_to_cancel")
    order = client.get_order(po)
    assert order is not None
    assert order.wants_to_cancel


def test_all_pages_are_walked_by_the_cursor(seller: WalmartSandbox, client: WalmartClient) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    placed = {seller.place_order() for _ in range(7)}
    page = client.list_orders(created_from=before, limit=3)
    seen = [order.po for order in page.orders]
    while page.next_cursor:
        page = client.list_orders(cursor=page.next_cursor)
        seen += [order.po for order in page.orders]
    assert len(seen) == len(set(seen))
    assert placed <= set(seen)
    assert page.unreadable == ()


@pytest.mark.parametrize("as_404", [True, False])
def test_an_empty_list(seller: WalmartSandbox, client: WalmartClient, as_404: bool) -> None:
    seller.settings(empty_list_as_404=as_404)
    future = datetime.now(UTC) + timedelta(days=1)
    page = client.list_orders(modified_from=future, modified_to=future + timedelta(hours=1), ship_node="3PLFulfilled")
    assert (page.orders, page.next_cursor) == ((), None)


@pytest.mark.parametrize("status", [400, 401])
def test_an_expired_token_is_replaced(seller: WalmartSandbox, account: WalmartAccount, status: int) -> None:
    seller.settings(expired_token_status=status)
    tokens = Tokens(Caller(), account, value="expired")
    po = seller.place_order()
    assert WalmartClient(Caller(), account, tokens).acknowledge(po).status is OrderStatus.UNSHIPPED
    assert tokens.renewals == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials(seller: WalmartSandbox, account: WalmartAccount, status: int) -> None:
    seller.settings(bad_credentials_status=status)
    with pytest.raises(ConnectorError) as caught:
        fetch_token(Caller(), replace(account, client_secret="wrong"))
    assert (caught.value.unauthorized, caught.value.permanent) == (True, True)


def test_an_acknowledgement_whose_answer_was_lost_has_acted(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = seller.place_order()
    seller.fault("cut_after", method="POST", path="acknowledge", times=1)
    with pytest.raises(ConnectorError) as caught:
        client.acknowledge(po)
    assert caught.value.doubtful
    order = client.get_order(po)
    assert order is not None
    assert order.status is OrderStatus.UNSHIPPED


def test_a_throttled_call_says_how_long_to_wait(seller: WalmartSandbox, client: WalmartClient) -> None:
    po = seller.place_order()
    seller.fault("throttle", method="POST", path="acknowledge", per_minute=6, burst=0)
    with pytest.raises(ConnectorError) as caught:
        client.acknowledge(po)
    error = caught.value
    assert (error.status, error.permanent, error.doubtful) == (429, False, False)
    assert error.retry_after is not None
    assert timedelta(0) <= error.retry_after <= timedelta(minutes=5)


AUTHS = [
    WebhookAuth("basic", "Authorization", "bridge", ("a-new-secret", "an-old-secret")),
    WebhookAuth("hmac", "X-Signature", "", ("a-new-secret", "an-old-secret")),
    WebhookAuth("header", "X-Bridge-Key", "", ("a-new-secret", "an-old-secret")),
]


@pytest.mark.parametrize("auth", AUTHS, ids=lambda auth: auth.mode)
@pytest.mark.parametrize(("encoding", "word"), [("hex", True), ("HEX", False), ("base64", True)])
def test_a_webhook_proves_itself_as_it_was_subscribed(
    seller: WalmartSandbox, client: WalmartClient, auth: WebhookAuth, encoding: str, word: bool
) -> None:
    seller.settings(hmac_encoding=encoding, basic_word=word)
    with Scripted([answer(200)]) as receiver:
        subscription = client.subscribe("PO_CREATED", f"{receiver.url}/webhooks/walmart/key", auth)
        try:
            assert subscription.id in [one.id for one in client.subscriptions()]
            seller.place_order()
            assert waits_for(lambda: bool(receiver.requests))
        finally:
            client.unsubscribe(subscription.id)
        request = receiver.requests[0]
    given = Request("", request.headers, request.body, datetime.now(UTC))
    assert verify_walmart(auth, given)
    assert not verify_walmart(replace(auth, secrets=("another",)), given)
    assert subscription.id not in [one.id for one in client.subscriptions()]


def test_the_events_on_offer(client: WalmartClient) -> None:
    assert ("ORDER_UPDATES", "ORDER") in [(one.name, one.resource) for one in client.event_types()]
