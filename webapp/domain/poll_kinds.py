"""What is read periodically from a Walmart account, as data: which orders, found how, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from webapp.domain.order import SELLER_FULFILLED

WFS, THIRD_PARTY = "WFSFulfilled", "3PLFulfilled"
SHIP_NODES = (SELLER_FULFILLED, WFS, THIRD_PARTY)
"""Walmart answers for one kind of ship node at a time."""

OFTEN = timedelta(minutes=5)
EACH_TWO_HOURS = timedelta(hours=2)
DAILY = timedelta(days=1)


class Rule(StrEnum):
    """Where a poll's window begins."""

    CHANGED = "changed"
    """By last change, from the stored cursor on, with an overlap."""
    OPEN = "open"
    """By date of creation, from the oldest open order on."""
    CANCELLATIONS = "cancellations"
    """By date of creation, the last days: a buyer's wish to cancel does not always count as a change at Walmart."""


@dataclass(frozen=True, slots=True)
class PollKind:
    """One poll of an account. `late_after` says when its silence is a trouble; None: never, others cover for it."""

    name: str
    what: str
    ship_node: str
    rule: Rule
    every: timedelta
    late_after: timedelta | None


CHANGED = (
    PollKind("orders", "changed orders", SELLER_FULFILLED, Rule.CHANGED, OFTEN, timedelta(minutes=15)),
    PollKind("orders_wfs", "changed WFS orders", WFS, Rule.CHANGED, OFTEN, timedelta(hours=1)),
    PollKind("orders_3pl", "changed 3PL orders", THIRD_PARTY, Rule.CHANGED, OFTEN, timedelta(hours=1)),
)
OPEN_DAILY = (
    PollKind("open", "open orders", SELLER_FULFILLED, Rule.OPEN, DAILY, timedelta(hours=30)),
    PollKind("open_wfs", "open WFS orders", WFS, Rule.OPEN, DAILY, timedelta(hours=30)),
    PollKind("open_3pl", "open 3PL orders", THIRD_PARTY, Rule.OPEN, DAILY, timedelta(hours=30)),
)
CANCELLATIONS = PollKind(
    "cancellations",
    "buyers' wishes to cancel",
    SELLER_FULFILLED,
    Rule.CANCELLATIONS,
    EACH_TWO_HOURS,
    timedelta(hours=6),
)

# Outside the US nobody promises that last-modified is honoured, so there every poll looks by date of creation as well.
CHANGED_ELSEWHERE = (
    PollKind("orders", "changed orders", SELLER_FULFILLED, Rule.CHANGED, OFTEN, None),
    PollKind("orders_wfs", "changed WFS orders", WFS, Rule.CHANGED, OFTEN, None),
    PollKind("orders_3pl", "changed 3PL orders", THIRD_PARTY, Rule.CHANGED, OFTEN, None),
)
OPEN_OFTEN = (
    PollKind("open", "open orders", SELLER_FULFILLED, Rule.OPEN, OFTEN, timedelta(minutes=15)),
    PollKind("open_wfs", "open WFS orders", WFS, Rule.OPEN, OFTEN, timedelta(hours=1)),
    PollKind("open_3pl", "open 3PL orders", THIRD_PARTY, Rule.OPEN, OFTEN, timedelta(hours=1)),
)

SHOP_ORDERS, SHOP_SHIPMENTS, SHOP_CREDITMEMOS, SHOP_TRACKS, SHOP_DELETIONS = (
    "shop_orders",
    "shop_shipments",
    "shop_creditmemos",
    "shop_tracks",
    "shop_deletions",
)
SHOP = (SHOP_ORDERS, SHOP_SHIPMENTS, SHOP_CREDITMEMOS, SHOP_TRACKS, SHOP_DELETIONS)
SHOP_WHAT = {
    SHOP_ORDERS: "changed orders in the shop",
    SHOP_SHIPMENTS: "new shipments in the shop",
    SHOP_CREDITMEMOS: "credit memos in the shop",
    SHOP_TRACKS: "tracking numbers in the shop",
    SHOP_DELETIONS: "deleted orders in the shop",
}
STORE_POLLS = ("products", *SHOP)
"""What is read periodically from a Magento store."""
SHOP_PATHS = {
    "products": "products",
    SHOP_ORDERS: "orders",
    SHOP_SHIPMENTS: "shipments",
    SHOP_CREDITMEMOS: "creditmemos",
    SHOP_TRACKS: "shipments",
    SHOP_DELETIONS: "orders",
}
"""Of which of Magento's lists each of them reads."""

US = (*CHANGED, *OPEN_DAILY, CANCELLATIONS)
ELSEWHERE = (*CHANGED_ELSEWHERE, *OPEN_OFTEN, CANCELLATIONS)
NAMES = frozenset(kind.name for kind in US)
NOT_ITS_TURN = "It has not been its turn; look whether the workers run."
"""Why a poll is late that nothing is known to be wrong with."""


def kinds_of(marketplace: str) -> tuple[PollKind, ...]:
    """The polls of an account in this market."""
    return US if marketplace == "us" else ELSEWHERE


def kind_of(marketplace: str, name: str) -> PollKind:
    """The poll of this name. Raises LookupError for one that this version does not know."""
    found = next((kind for kind in kinds_of(marketplace) if kind.name == name), None)
    if found is None:
        raise LookupError(f"There is no poll named {name}.")
    return found
