"""What the plan is shown, what it answers, and the two questions that every part of it asks of earlier commands."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.domain.commands import Command, CommandState, Issued
from webapp.domain.order import Address, Order, ReturnedLine
from webapp.domain.policy import Policy
from webapp.domain.shop import Behind, Product, ShopOrder

LOOK_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person has decided for this order.

    `ship_anyway`: lines to be shipped although their buyer asked to cancel. `deals`: the tracking number of a line's
    unit in a shipment, by `shipment:line`. `refund_memos`: credit memos that refund what shipped, not cancel what is
    open. `settled`: sentences that need attention no more.
    """

    ship_anyway: frozenset[str] = frozenset()
    deals: Mapping[str, str] = field(default_factory=dict)
    refund_memos: frozenset[int] = frozenset()
    settled: frozenset[str] = frozenset()


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
    corrected: Address | None = None
    """The address that a person put in place of Walmart's."""
    address_asked: int = 0
    """Which correction of the address a person wants in the Magento order, beyond the one that it has; 0: none."""
    store_currency: str | None = None
    shop_takes_stock: bool = False
    """The shop reserves by itself as it makes an order: from a cart it does."""
    market: str = "us"
    behind: tuple[Behind, ...] = ()
    choices: Choices = field(default_factory=Choices)
    returns: tuple[ReturnedLine, ...] | None = None
    """What was refunded through returns, where it was asked for."""

    @property
    def is_linked(self) -> bool:
        return self.linked_increment_id is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands to issue now, why the rest waits, what a person must do, and when to look again.

    `over` names kinds of commands whose need has ended for good: what of them waits for a person waits in vain. Of
    kinds that carry a status across, `held` are those that a person is still waited for with. `remarks` say what is
    not as one would expect and stays so.
    """

    commands: tuple[Command, ...] = ()
    waiting_for: tuple[str, ...] = ()
    attention: str | None = None
    missing_skus: tuple[str, ...] = ()
    look_again_at: datetime | None = None
    over: frozenset[str] = frozenset()
    held: tuple[Command, ...] = ()
    remarks: tuple[str, ...] = ()
    needs_returns: bool = False
    """Walmart's returns have to be known before it can be said what is left."""


def together(parts: Iterable[Plan], settled: Container[str] = ()) -> Plan:
    """The parts as one: everything that any of them asks for or says, once; the nearest look; the first attention that
    a person has not settled."""
    found = tuple(parts)
    looks = [part.look_again_at for part in found if part.look_again_at]
    return Plan(
        commands=tuple(dict.fromkeys(command for part in found for command in part.commands)),
        waiting_for=tuple(dict.fromkeys(sentence for part in found for sentence in part.waiting_for)),
        attention=next((part.attention for part in found if part.attention and part.attention not in settled), None),
        missing_skus=tuple(sku for part in found for sku in part.missing_skus),
        look_again_at=min(looks) if looks else None,
        over=frozenset[str]().union(*(part.over for part in found)),
        held=tuple(dict.fromkeys(command for part in found for command in part.held)),
        remarks=tuple(dict.fromkeys(sentence for part in found for sentence in part.remarks)),
        needs_returns=any(part.needs_returns for part in found),
    )


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


WAS_DELETED = "was deleted; nothing is written to it any more."
"""How the sentence about a Magento order that is gone goes on behind its number."""


def shipper(order: Order) -> str:
    """Who ships an order that the seller does not, as the beginning of a sentence."""
    names = {
        "WFSFulfilled": "Walmart ships this order itself (WFS)",
        "3PLFulfilled": "Another warehouse ships this order (3PL)",
    }
    return names.get(order.ship_node, f"This order is shipped by {order.ship_node}")
