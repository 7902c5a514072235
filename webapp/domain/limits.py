"""Walmart's rate limits: what is published by endpoint and market, and a token bucket as one pure value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
SPARE = timedelta(seconds=0.5)
"""Calls arrive later than they are sent, by varying times, so this much of the limit is left in Walmart's bucket."""
ALMOST = 1e-6
"""Times are kept in whole microseconds; a token that is there but for such a rounding is there."""


class Endpoint(StrEnum):
    """What Walmart counts apart. Each seller has one bucket an endpoint."""

    ORDERS = "orders"
    ORDER = "order"
    RELEASED = "released"
    ACKNOWLEDGE = "acknowledge"
    ACKNOWLEDGE_LINES = "acknowledgeLines"
    SHIPPING = "shipping"
    CANCEL = "cancel"
    REFUND = "refund"
    RETURNS = "returns"
    RETURN_REFUND = "return_refund"
    SUBSCRIPTIONS_CREATE = "subscriptions_create"
    SUBSCRIPTIONS_LIST = "subscriptions_list"
    SUBSCRIPTIONS_UPDATE = "subscriptions_update"
    SUBSCRIPTIONS_DELETE = "subscriptions_delete"
    EVENT_TYPES = "event_types"
    WEBHOOK_TEST = "webhook_test"


PUBLISHED: dict[str, dict[Endpoint, float]] = {
    "us": {
        Endpoint.ORDERS: 5000,
        Endpoint.ORDER: 5000,
        Endpoint.RELEASED: 60,
        Endpoint.ACKNOWLEDGE: 60,
        Endpoint.SHIPPING: 60,
        Endpoint.CANCEL: 60,
        Endpoint.REFUND: 60,
        Endpoint.RETURNS: 50,
        Endpoint.RETURN_REFUND: 60,
        Endpoint.SUBSCRIPTIONS_CREATE: 200,
        Endpoint.SUBSCRIPTIONS_LIST: 50,
        Endpoint.SUBSCRIPTIONS_UPDATE: 5,
        Endpoint.SUBSCRIPTIONS_DELETE: 10,
        Endpoint.EVENT_TYPES: 5,
        Endpoint.WEBHOOK_TEST: 10,
    },
    "mx": {Endpoint.ORDERS: 60},
}
"""Calls a minute by market (Walmart's page on rate limiting). What is not here is not published for that market."""

ASSUMED = 60.0
"""Calls a minute where nothing is published: what Walmart grants the calls that change an order."""

BY_COMMAND: dict[str, Endpoint] = {
    "AcknowledgeOrder": Endpoint.ACKNOWLEDGE,
    "ConfirmShipment": Endpoint.SHIPPING,
    "CorrectTracking": Endpoint.SHIPPING,
    "CancelLines": Endpoint.CANCEL,
    "RefundLines": Endpoint.REFUND,
}
"""The endpoint that each kind of command to Walmart waits for."""

IN_WORDS: dict[Endpoint, str] = {
    Endpoint.ORDERS: "readings of the order list",
    Endpoint.ORDER: "readings of single orders",
    Endpoint.RELEASED: "readings of the list of new orders",
    Endpoint.ACKNOWLEDGE: "acknowledgements",
    Endpoint.ACKNOWLEDGE_LINES: "acknowledgements of single lines",
    Endpoint.SHIPPING: "ship confirmations",
    Endpoint.CANCEL: "cancellations",
    Endpoint.REFUND: "refunds",
    Endpoint.RETURNS: "readings of returns",
    Endpoint.RETURN_REFUND: "refunds of returns",
    Endpoint.SUBSCRIPTIONS_CREATE: "new webhook subscriptions",
    Endpoint.SUBSCRIPTIONS_LIST: "readings of the webhook subscriptions",
    Endpoint.SUBSCRIPTIONS_UPDATE: "changes of webhook subscriptions",
    Endpoint.SUBSCRIPTIONS_DELETE: "deletions of webhook subscriptions",
    Endpoint.EVENT_TYPES: "readings of the webhook events",
    Endpoint.WEBHOOK_TEST: "webhook tests",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls a minute; a bucket that was left alone holds the calls of one minute."""

    per_minute: float
    is_certain: bool = True

    @property
    def every(self) -> timedelta:
        """How long one token takes to come back."""
        return MINUTE / self.per_minute

    @property
    def spare(self) -> float:
        """The tokens that are left alone; never so many that no call could go out."""
        return max(min(SPARE / self.every, self.per_minute - 1), 0.0)

    def in_words(self, endpoint: Endpoint, at: datetime) -> str:
        """The sentence for a call that has to wait until `at`."""
        return f"Walmart takes {self.per_minute:g} {IN_WORDS[endpoint]} a minute; this one goes out at {at:%H:%M} UTC."


def limit_of(endpoint: Endpoint, market: str, granted: Mapping[str, float]) -> Limit:
    """The limit of an endpoint: as granted to this account, else as published for its market, else assumed."""
    if granted.get(endpoint, 0) > 0:
        return Limit(granted[endpoint])
    published = PUBLISHED.get(market.lower(), {}).get(endpoint)
    return Limit(published) if published is not None else Limit(ASSUMED, is_certain=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer tells of the limit: the tokens left, and how long until the next one comes."""

    left: int | None = None
    wait: timedelta | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """Walmart's bucket by our own count, which is never above the truth for long: `full_at` says all there is to say.

    `heard_at` is when an answer last told how full it is.
    """

    limit: Limit
    full_at: datetime
    heard_at: datetime | None = None

    def tokens(self, now: datetime) -> float:
        """How many tokens lie in it; below 0 where Walmart asked for a longer wait."""
        return self.limit.per_minute - max((self.full_at - now) / self.limit.every, 0.0)

    def free(self, now: datetime) -> int:
        """How many calls may go out now."""
        return max(math.floor(self.tokens(now) - self.limit.spare + ALMOST), 0)

    def ready_at(self, place: int) -> datetime:
        """When the token of the `place`-th call in line is there, the first being 1."""
        return self.full_at - self.limit.every * (self.limit.per_minute - self.limit.spare - place)

    def is_known(self, now: datetime) -> bool:
        """An answer told how full it is within the last minute; before that anybody may have emptied it."""
        return self.heard_at is not None and now - self.heard_at < MINUTE

    def taken(self, now: datetime, count: int = 1) -> Bucket:
        """The same with `count` tokens less."""
        return replace(self, full_at=max(self.full_at, now) + self.limit.every * count)

    def corrected(self, heard: Heard, sent_at: datetime, now: datetime) -> Bucket:
        """The same, put right where the answer proves our count too high. It is never raised.

        Calls on their way are counted here and may not be counted there yet, so a higher count there proves nothing.
        """
        at = self.full_at
        if heard.is_refused or heard.left == 0:
            wait = heard.wait if heard.wait is not None else self.limit.every
            at = max(at, now + wait + self.limit.every * (self.limit.per_minute - 1))
        elif heard.left is not None and self.tokens(now) > heard.left + 1 + (now - sent_at) / self.limit.every:
            at = now + self.limit.every * (self.limit.per_minute - heard.left)
        return replace(self, full_at=at)
