"""What the plan is shown, what it answers, and the two questions that every part of it asks of earlier commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.domain.commands import Command, CommandState, Issued
from webapp.domain.order import Order
from webapp.domain.policy import Policy
from webapp.domain.shop import Product, ShopOrder

LOOK_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Seen:
    """Both sides as just read. `shop` is None when no Magento order is linked or it could not be read."""

    order: Order
    shop: ShopOrder | None = None
    linked_increment_id: str | None = None
    shop_is_gone: bool = False
    shop_trouble: str | None = None
    products: Mapping[str, Product] = field(default_factory=dict)
    """By Walmart's SKU: the shop's product that it is."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The shop's SKU for each of Walmart's that somebody linked."""
    creation_asked: int = 0
    """The generation of CreateMagentoOrder that a person asked for, whatever the settings say; 0: nobody did."""
    store_currency: str | None = None

    @property
    def is_linked(self) -> bool:
        return self.linked_increment_id is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands to issue now, why the rest waits, what a person must do, and when to look again.

    `over` names kinds of commands whose need has ended for good: what of them waits for a person waits in vain.
    """

    commands: tuple[Command, ...] = ()
    waiting_for: tuple[str, ...] = ()
    attention: str | None = None
    missing_skus: tuple[str, ...] = ()
    look_again_at: datetime | None = None
    over: frozenset[str] = frozenset()


def in_flight(before: tuple[Issued, ...], policy: Policy, now: datetime) -> datetime | None:
    """Until when a command that is done, but not visible on the other side yet, counts as on its way."""
    done = [one.done_at for one in before if one.state is CommandState.DONE and one.done_at]
    if not done:
        return None
    believed_until = max(done) + policy.settle_after
    return min(believed_until, now + timedelta(seconds=5)) if now < believed_until else None


def under_way(doing: str, before: tuple[Issued, ...]) -> str:
    """What is going on; where it waits for its turn, until when; after a failed try also why it takes longer."""
    waits = next((one.waits for one in before if one.is_under_way and one.waits), "")
    if waits:
        return f"{doing}: {waits}"
    trouble = next((one.reason for one in before if one.is_under_way and one.reason), "")
    return f"{doing}; it is tried again. {trouble}" if trouble else f"{doing}."


def shipper(order: Order) -> str:
    """Who ships an order that the seller does not, as the beginning of a sentence."""
    names = {
        "WFSFulfilled": "Walmart ships this order itself (WFS)",
        "3PLFulfilled": "Another warehouse ships this order (3PL)",
    }
    return names.get(order.ship_node, f"This order is shipped by {order.ship_node}")
