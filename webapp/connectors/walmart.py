"""Walmart's Marketplace API, the US and the Global one: orders, acknowledgements and webhook subscriptions."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from webapp.connectors import walmart_changes
from webapp.connectors.access_tokens import AccessToken, TokenSource
from webapp.connectors.http import Answer, Call, Caller, ConnectorError, Judge
from webapp.connectors.loose import Unreadable, document, http_time, moment, needed, part, text, whole
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart_changes import ReturnOrder
from webapp.connectors.walmart_errors import (
    is_nothing_found,
    is_token_refused,
    judge,
    judge_search,
    judge_token,
)
from webapp.connectors.walmart_parse import OrderPage, UnreadableOrder, parse_page, parse_single
from webapp.connectors.walmart_webhooks import (
    EventType,
    Subscription,
    auth_details,
    change_of,
    proof_of,
    read_event_types,
    read_subscriptions,
)
from webapp.domain.amounts import CURRENCIES
from webapp.domain.commands import Side
from webapp.domain.order import SELLER_FULFILLED, Order
from webapp.domain.outgoing import LineRefunded, UnitsCancelled, UnitsShipped

__all__ = [
    "AccessToken",
    "EventType",
    "OrderPage",
    "Subscription",
    "TokenSource",
    "UnreadableOrder",
    "WalmartAccount",
    "WalmartClient",
    "fetch_token",
    "proof_of",
]

T = TypeVar("T")

MOST_ORDERS = 200
MOST_RETURN_PAGES = 50
TOKEN_SECONDS = 900


@dataclass(frozen=True, slots=True)
class WalmartAccount:
    """Where a seller account is and what opens it. `market` is us, ca, mx or cl."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    market: str = "us"
    channel_type: str = ""
    sandbox_version: str = ""
    public_only: bool = False

    @property
    def currency(self) -> str:
        """The market's currency, for an order that names none."""
        return CURRENCIES.get(self.market.lower(), "USD")


@dataclass(frozen=True, slots=True)
class TokenDetail:
    """What a token may do: `scopes` maps Walmart's words (`orders`) to full_access, view_only or no_access.

    `their_time` is what Walmart's clock showed when it answered.
    """

    scopes: Mapping[str, str]
    issued_at: datetime | None
    is_valid: bool
    their_time: datetime | None = None


def fetch_token(caller: Caller, account: WalmartAccount) -> AccessToken:
    """A new access token. Raises ConnectorError, `unauthorized` where Walmart does not accept the credentials."""
    basic = base64.b64encode(f"{account.client_id}:{account.client_secret}".encode()).decode()
    correlation_id = str(uuid.uuid4())
    headers = {
        "Authorization": f"Basic {basic}",
        "WM_SVC.NAME": "Walmart Marketplace",
        "WM_QOS.CORRELATION_ID": correlation_id,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        **_channel(account),
    }
    asked_at = datetime.now(UTC)
    call = Call(
        side=Side.WALMART,
        method="POST",
        url=f"{account.api_url.rstrip('/')}/v3/token",
        headers=headers,
        body=b"grant_type=client_credentials",
        correlation_id=correlation_id,
        secrets=(account.client_secret, basic),
        effect=False,
        public_only=account.public_only,
    )
    return _read(caller.send(call, judge_token), lambda body: _token(body, asked_at))


ORDER_TYPES = "replacementInfo=true"
"""Without it Walmart leaves `orderType` and `originalCustomerOrderID` out, so that no replacement is known for one."""


class WalmartClient:
    """The calls of one account. Every method raises ConnectorError with Walmart's own sentence."""

    def __init__(self, caller: Caller, account: WalmartAccount, tokens: TokenSource) -> None:
        self._caller = caller
        self._account = account
        self._tokens = tokens

    def get_order(self, po: str) -> Order | None:
        """The order, or None where Walmart has none of this number (or not yet, right after a webhook)."""
        answer = self._send("GET", f"/v3/orders/{_quoted(po)}?{ORDER_TYPES}", judge=judge_search)
        return None if is_nothing_found(answer) else self._order(answer, po)

    def list_orders(
        self,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        modified_from: datetime | None = None,
        modified_to: datetime | None = None,
        ship_node: str = SELLER_FULFILLED,
        limit: int = MOST_ORDERS,
        cursor: str | None = None,
    ) -> OrderPage:
        """A page of orders. With a cursor, which goes back as it came, everything else is left out.

        Walmart keeps orders of 180 days, gives at most 10,000 a query and takes only times without milliseconds.
        """
        asked = {
            "createdStartDate": created_from,
            "createdEndDate": created_to,
            "lastModifiedStartDate": modified_from,
            "lastModifiedEndDate": modified_to,
        }
        times = "".join(f"&{name}={quote(_time(at), safe='')}" for name, at in asked.items() if at)
        start = f"?limit={min(max(limit, 1), MOST_ORDERS)}&shipNodeType={_quoted(ship_node)}&{ORDER_TYPES}{times}"
        answer = self._send("GET", f"/v3/orders{cursor or start}", judge=judge_search)
        at = http_time(answer.headers.get("Date", ""))
        if is_nothing_found(answer):
            return OrderPage(total=0, answered_at=at)
        return replace(_read(answer, lambda body: parse_page(body, self._account.currency)), answered_at=at)

    def acknowledge(self, po: str) -> Order:
        """Acknowledge the whole order and return it. Walmart allows a repeat, unless a unit is past Acknowledged."""
        return self._order(self._send("POST", f"/v3/orders/{_quoted(po)}/acknowledge"), po)

    def token_detail(self) -> TokenDetail:
        """What the present token may do, and when Walmart's clock says that it was issued."""
        answer = self._send("GET", "/v3/token/detail")
        return replace(_read(answer, _token_detail), their_time=http_time(answer.headers.get("Date", "")))

    def acknowledge_lines(self, po: str, quantities: Mapping[str, int]) -> Order:
        """Acknowledge single lines, by number, with their whole quantity: for an order of which other lines are past
        Created already, which the plain call refuses (Walmart's page on acknowledging an order, Global)."""
        lines = [
            {
                "lineNumber": number,
                "orderLineStatuses": {
                    "orderLineStatus": [
                        {
                            "status": "Acknowledged",
                            "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(quantity)},
                        }
                    ]
                },
            }
            for number, quantity in quantities.items()
        ]
        body = json.dumps({"orderAcknowledgement": {"orderLines": {"orderLine": lines}}}).encode()
        return self._order(self._send("POST", f"/v3/orders/{_quoted(po)}/acknowledgeLines", body=body), po)

    def ship(self, po: str, units: Sequence[UnitsShipped]) -> Order:
        """Confirm what left, or correct its tracking numbers. What is shipped already is refused; no way back."""
        return self._order(self._post_order(po, "shipping", walmart_changes.shipment(units)), po)

    def cancel(self, po: str, units: Sequence[UnitsCancelled]) -> Order:
        """Cancel open units; of more than 100 lines the first 100, so read the order again."""
        body = walmart_changes.cancellation(units[: walmart_changes.MOST_CANCELLED_LINES])
        return self._order(self._post_order(po, "cancel", body), po)

    def refund(self, po: str, lines: Sequence[LineRefunded], currency: str) -> Order:
        """Pay back on shipped lines, all of them in full or all in part. A repeat would pay twice: read first."""
        return self._order(self._post_order(po, "refund", walmart_changes.refund(po, lines, currency)), po)

    def returns_of(self, customer_order_id: str) -> tuple[ReturnOrder, ...]:
        """The returns of a buyer's order, whatever purchase orders it was split into."""
        path = f"/v3/returns?customerOrderId={_quoted(customer_order_id)}&limit=200"
        found: list[ReturnOrder] = []
        for _ in range(MOST_RETURN_PAGES):
            answer = self._send("GET", path, judge=judge_search)
            if is_nothing_found(answer):
                break
            found += _read(answer, walmart_changes.read_returns)
            cursor = _read(answer, walmart_changes.returns_cursor)
            if not cursor:
                break
            path = f"/v3/returns{cursor if cursor.startswith('?') else f'?{cursor}'}"
        return tuple(found)

    def event_types(self) -> tuple[EventType, ...]:
        """The events that this account can subscribe to."""
        answer = self._send("GET", "/v3/webhooks/eventTypes")
        return _read(answer, read_event_types)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """The account's webhook subscriptions, active or not."""
        answer = self._send("GET", "/v3/webhooks/subscriptions", judge=judge_search)
        return () if is_nothing_found(answer) else _read(answer, read_subscriptions)

    def subscribe(self, event_type: str, url: str, auth: WebhookAuth, *, resource: str = "ORDER") -> Subscription:
        """Subscribe to one event, sent to `url` with the first secret of `auth`."""
        event = {
            "eventType": event_type,
            "eventVersion": "V1",
            "resourceName": resource,
            "eventUrl": url,
            "status": "ACTIVE",
            **auth_details(auth),
        }
        body = json.dumps({"events": [event]}).encode()
        answer = self._send("POST", "/v3/webhooks/subscriptions", body=body, secrets=auth.secrets)
        found = _read(answer, read_subscriptions)
        return found[0] if found else Subscription("", event_type, resource, url, "ACTIVE")

    def change_subscription(self, subscription_id: str, url: str, auth: WebhookAuth) -> None:
        """Point a subscription at `url` with the first secret of `auth`, and switch it on."""
        body = json.dumps({"eventUrl": url, "status": "ACTIVE", **change_of(auth)}).encode()
        path = f"/v3/webhooks/subscriptions/{_quoted(subscription_id)}"
        self._send("PATCH", path, body=body, secrets=auth.secrets)

    def send_test(self, event: EventType, url: str, auth: WebhookAuth) -> str:
        """Have Walmart send a sample of the event to `url`; Walmart's own sentence about how that went."""
        fields = {"eventType": event.name, "eventVersion": event.version, "resourceName": event.resource}
        body = json.dumps({**fields, "eventUrl": url, **auth_details(auth)}).encode()
        answer = self._send("POST", "/v3/webhooks/test", body=body, secrets=auth.secrets)
        return _read(answer, lambda found: text(_object(found), "message"))

    def unsubscribe(self, subscription_id: str) -> None:
        """Delete a subscription; one that is gone already is no error."""
        self._send("DELETE", f"/v3/webhooks/subscriptions/{_quoted(subscription_id)}", judge=judge_search)

    def _post_order(self, po: str, act: str, body: dict[str, Any]) -> Answer:
        return self._send("POST", f"/v3/orders/{_quoted(po)}/{act}", body=json.dumps(body, default=float).encode())

    def _order(self, answer: Answer, po: str) -> Order:
        order = _read(answer, lambda body: parse_single(body, self._account.currency))
        if order.po != po:
            raise _unreadable(answer, f"it is about order {order.po}, not {po}")
        return order

    def _send(
        self, method: str, path: str, *, body: bytes | None = None, judge: Judge = judge, secrets: tuple[str, ...] = ()
    ) -> Answer:
        """One call, and once more with a new token where Walmart rejects the first: a refused call has not acted."""
        token = self._tokens.get()
        try:
            return self._caller.send(self._call(method, path, body, token, secrets), judge)
        except ConnectorError as error:
            if not is_token_refused(error.status, error.code):
                raise
        token = self._tokens.renew(token)
        return self._caller.send(self._call(method, path, body, token, secrets), judge)

    def _call(self, method: str, path: str, body: bytes | None, token: str, secrets: tuple[str, ...]) -> Call:
        account = self._account
        correlation_id = str(uuid.uuid4())
        headers = {
            "WM_SEC.ACCESS_TOKEN": token,
            "WM_QOS.CORRELATION_ID": correlation_id,
            "WM_SVC.NAME": "Walmart Marketplace",
            "Accept": "application/json",
            "Content-Type": "application/json",
            **_channel(account),
            **_market(account),
        }
        return Call(
            side=Side.WALMART,
            method=method,
            url=account.api_url.rstrip("/") + path,
            headers=headers,
            body=body,
            correlation_id=correlation_id,
            secrets=(token, *secrets),
            public_only=account.public_only,
        )


def _channel(account: WalmartAccount) -> dict[str, str]:
    return {"WM_CONSUMER.CHANNEL.TYPE": account.channel_type} if account.channel_type else {}


def _market(account: WalmartAccount) -> dict[str, str]:
    """The Global API's headers; the US one wants none of them."""
    headers = {"WM_SANDBOX": account.sandbox_version} if account.sandbox_version else {}
    if account.market.lower() == "us":
        return headers
    return headers | {"WM_GLOBAL_VERSION": "3.1", "WM_MARKET": account.market.lower()}


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(answer: Answer, parse: Callable[[Any], T]) -> T:
    try:
        return parse(document(answer.body))
    except Unreadable as error:
        raise _unreadable(answer, str(error)) from error


def _unreadable(answer: Answer, why: str) -> ConnectorError:
    return ConnectorError(
        f"Walmart's answer could not be read: {why}.",
        side=Side.WALMART,
        status=answer.status,
        code="unreadable",
        doubtful=answer.call.acts,
    )


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Unreadable("the answer is no object")
    return body


def _token(body: Any, asked_at: datetime) -> AccessToken:
    seconds = whole(_object(body), "expires_in") or TOKEN_SECONDS
    return AccessToken(needed(body, "access_token"), asked_at + timedelta(seconds=min(seconds, 86400)))


def _token_detail(body: Any) -> TokenDetail:
    detail = _object(body)
    scopes = {str(name): str(value) for name, value in part(detail, "scopes").items()}
    return TokenDetail(scopes, moment(body, "issued_at"), str(detail.get("is_valid")).lower() != "false")
