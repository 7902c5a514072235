"""Which limit a call to Walmart counts against, and what the answer's headers tell of it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from webapp.connectors.http import Answer, Call
from webapp.connectors.walmart_errors import REFUSED_FOR_NOW, replenished_in, wait_asked_for
from webapp.domain.limits import Endpoint, Heard

TOKENS_LEFT = "x-current-token-count"
MOST_TOKENS = 10**6

_ENDPOINTS: tuple[tuple[str, re.Pattern[str], Endpoint], ...] = tuple(
    (method, re.compile(pattern), endpoint)
    for method, pattern, endpoint in (
        ("GET", r"/v3/orders", Endpoint.ORDERS),
        ("GET", r"/v3/orders/released", Endpoint.RELEASED),
        ("GET", r"/v3/orders/[^/]+", Endpoint.ORDER),
        ("POST", r"/v3/orders/[^/]+/acknowledge", Endpoint.ACKNOWLEDGE),
        ("POST", r"/v3/orders/[^/]+/acknowledgeLines", Endpoint.ACKNOWLEDGE_LINES),
        ("POST", r"/v3/orders/[^/]+/shipping", Endpoint.SHIPPING),
        ("POST", r"/v3/orders/[^/]+/cancel", Endpoint.CANCEL),
        ("POST", r"/v3/orders/[^/]+/refund", Endpoint.REFUND),
        ("GET", r"/v3/returns", Endpoint.RETURNS),
        ("POST", r"/v3/returns/[^/]+/refund", Endpoint.RETURN_REFUND),
        ("POST", r"/v3/webhooks/subscriptions", Endpoint.SUBSCRIPTIONS_CREATE),
        ("GET", r"/v3/webhooks/subscriptions", Endpoint.SUBSCRIPTIONS_LIST),
        ("PATCH", r"/v3/webhooks/subscriptions/[^/]+", Endpoint.SUBSCRIPTIONS_UPDATE),
        ("DELETE", r"/v3/webhooks/subscriptions/[^/]+", Endpoint.SUBSCRIPTIONS_DELETE),
        ("GET", r"/v3/webhooks/eventTypes", Endpoint.EVENT_TYPES),
        ("POST", r"/v3/webhooks/test", Endpoint.WEBHOOK_TEST),
    )
)


def endpoint_of(call: Call) -> Endpoint | None:
    """The endpoint whose limit the call counts against; None where Walmart publishes none, as for tokens."""
    path = "/v3" + urlsplit(call.url).path.partition("/v3")[2]
    for method, pattern, endpoint in _ENDPOINTS:
        if call.method == method and pattern.fullmatch(path):
            return endpoint
    return None


def heard(answer: Answer) -> Heard:
    """What the answer tells of its limit; headers that make no sense tell nothing."""
    if answer.status in REFUSED_FOR_NOW:
        return Heard(left=0, wait=wait_asked_for(answer), is_refused=True)
    return Heard(left=_left(answer), wait=replenished_in(answer))


def _left(answer: Answer) -> int | None:
    value = answer.headers.get(TOKENS_LEFT, "").strip()
    return min(int(value[:9]), MOST_TOKENS) if value.isascii() and value.isdigit() else None
