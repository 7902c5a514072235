"""Stock that is held in the shop while an order waits for its Magento order, and given back once it need not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from webapp.domain.command_keys import anew
from webapp.domain.command_words import DOING
from webapp.domain.commands import (
    Command,
    CommandState,
    CreateMagentoOrder,
    Issued,
    ReleaseStock,
    ReserveStock,
    issued_of,
)
from webapp.domain.order import ACKNOWLEDGED, CREATED
from webapp.domain.plan.seen import Plan, Seen, together, under_way
from webapp.domain.policy import Policy

MOVES = "moves"
"""In what is kept of a ReserveStock: what it took from which source; nothing where nothing was there."""
KINDS = (ReserveStock, ReleaseStock)


@dataclass(frozen=True, slots=True)
class Held:
    """What one ReserveStock took and nobody gave back. `cause` names it; `units` may be fewer than it asked for."""

    command: ReserveStock
    cause: str
    units: Decimal


def reserve(
    seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime, creation: Plan, *, waits: bool
) -> Plan:
    """Hold what an order waits with, and give it back. `creation` is what the plan makes of its Magento order; `waits`:
    one is still wanted. It is never held longer than the account's days after it was taken first.

    Where the shop takes stock itself as it makes the order, what is held is given back right before; else after.
    """
    mine = tuple(one for one in issued if isinstance(one.command, KINDS))
    if seen.shop_trouble:
        # Not seeing the shop proves nothing: what is on its way is not called off for that.
        return Plan(tuple(one.command for one in mine if one.is_under_way and one.command))
    ends_at = _ends_at(mine, policy)
    is_over = ends_at is not None and now >= ends_at
    is_going = bool(creation.commands)
    is_kept = policy.reserve_stock and waits and not is_over and not (is_going and seen.shop_takes_stock)
    wanted = _wanted(seen) if is_kept else Counter[str]()
    held = tuple(_held(mine))
    because = _because(seen, is_going=is_going, is_over=is_over, waits=waits)
    parts = [_release(mine, one, because) for one in held if wanted[one.command.sku] < one.command.quantity]
    if not is_going or _has_failed(issued):
        parts += [_take(mine, sku, count) for sku, count in sorted(wanted.items()) if not _speaks_for(held, sku)]
    parts += [_follow(one) for one in mine if one.is_under_way and one.was_sent]
    if held and ends_at is not None and not is_over:
        parts.append(_told(held, ends_at))
    over = frozenset() if waits else frozenset({ReserveStock.__name__})
    return together((*parts, Plan(over=over)))


def _wanted(seen: Seen) -> Counter[str]:
    """Open units by the shop's SKU, of lines that have a product. What Walmart ships takes nothing from the shop."""
    found: Counter[str] = Counter()
    if not seen.order.is_fulfilled_by_seller:
        return found
    for line in seen.order.lines:
        product, counts = seen.products.get(line.sku), line.counts()
        if product is not None and product.can_be_ordered:
            found[product.sku] += counts[CREATED] + counts[ACKNOWLEDGED]
    return +found


def _held(mine: tuple[Issued, ...]) -> Iterator[Held]:
    """A release that a person gave up, or that waits for one, is theirs: it is not asked for again."""
    back = {
        one.command.reservation
        for one in mine
        if isinstance(one.command, ReleaseStock)
        and (one.state in {CommandState.DONE, CommandState.PARKED} or one.given_up)
    }
    for one in mine:
        took_something = one.done_at is not None and bool(one.frozen.get(MOVES))
        if isinstance(one.command, ReserveStock) and took_something and one.cause not in back:
            units = sum((Decimal(move["quantity"]) for move in one.frozen[MOVES]), Decimal(0))
            yield Held(one.command, one.cause, units)


def _ends_at(mine: tuple[Issued, ...], policy: Policy) -> datetime | None:
    taken = [one.done_at for one in mine if one.done_at and isinstance(one.command, ReserveStock)]
    return min(taken) + policy.reserve_for if taken else None


def _speaks_for(held: tuple[Held, ...], sku: str) -> bool:
    return any(one.command.sku == sku for one in held)


def _take(mine: tuple[Issued, ...], sku: str, count: int) -> Plan:
    before = tuple(one for one in mine if isinstance(one.command, ReserveStock) and one.command.sku == sku)
    going = tuple(one.command for one in before if one.is_under_way and one.command)
    if going:
        return Plan(going, (under_way(DOING[ReserveStock.__name__], before),))
    is_answered = any(one.state is CommandState.PARKED or one.given_up for one in before)
    took_nothing = any(one.done_at is not None and not one.frozen.get(MOVES) for one in before)
    if is_answered or took_nothing:
        return Plan()
    return Plan((anew(ReserveStock(sku, count), before),), (f"{DOING[ReserveStock.__name__]}.",))


def _release(mine: tuple[Issued, ...], held: Held, because: str) -> Plan:
    before = tuple(
        one for one in mine if isinstance(one.command, ReleaseStock) and one.command.reservation == held.cause
    )
    going = tuple(one.command for one in before if one.is_under_way and one.command)
    if going:
        return Plan(going, (under_way(DOING[ReleaseStock.__name__], before),))
    command: Command = anew(ReleaseStock(held.command.sku, held.cause, because), before)
    return Plan((command,), (f"{DOING[ReleaseStock.__name__]}.",))


def _follow(one: Issued) -> Plan:
    """What was sent is not called off before it is known what became of it."""
    return Plan((one.command,), (under_way(DOING[one.kind], (one,)),)) if one.command else Plan()


def _told(held: tuple[Held, ...], ends_at: datetime) -> Plan:
    skus = sorted({one.command.sku for one in held})
    counts = {sku: sum((one.units for one in held if one.command.sku == sku), Decimal(0)) for sku in skus}
    what = ", ".join(f"{count.normalize():f} of {sku}" for sku, count in counts.items())
    return Plan(
        waiting_for=(f"Stock is held for it in Magento until {ends_at:%Y-%m-%d %H:%M} UTC: {what}.",),
        look_again_at=ends_at,
    )


def _has_failed(issued: tuple[Issued, ...]) -> bool:
    """Making the Magento order was tried, and is tried again later."""
    return any(one.is_under_way and one.reason and not one.waits for one in issued_of(CreateMagentoOrder, issued))


def _because(seen: Seen, *, is_going: bool, is_over: bool, waits: bool) -> str:
    if seen.is_linked or is_going:
        return "the Magento order takes it"
    if is_over:
        return "the days for which it is held are over"
    return "it is held no more" if waits else "no Magento order is wanted any more"
