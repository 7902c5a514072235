"""The way back from a Magento order's lines to Walmart's: later shipments and refunds are dealt along it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.shop import Behind, ShopItem, Units


@dataclass(frozen=True, slots=True)
class Sent:
    """A line as it was sent to Magento, with the Walmart units merged into it."""

    sku: str
    price: Decimal
    units: tuple[Units, ...]

    @property
    def quantity(self) -> int:
        return sum(one.quantity for one in self.units)


def find(items: Iterable[ShopItem], sent: Sequence[Sent]) -> tuple[Behind, ...]:
    """For each line of the Magento order the units at Walmart that stand behind it.

    A line that was sent is known by SKU, quantity and price. In an order that another connector made, lines may be
    cut otherwise: there the units of a SKU are dealt out in order. A line of the shop alone has nothing behind it.
    """
    left = list(sent)
    shop = list(items)
    found: dict[int, tuple[Units, ...]] = {}
    for exactly in (True, False):
        for item in shop:
            same = next((one for one in left if item.item_id not in found and _is(one, item, exactly=exactly)), None)
            if same is not None:
                found[item.item_id] = same.units
                left.remove(same)
    pool = [(one.sku, unit) for one in left for unit in one.units]
    for item in shop:
        if item.item_id not in found:
            found[item.item_id] = _deal(pool, item)
    return tuple(Behind(item.item_id, item.sku, found[item.item_id]) for item in shop)


def _is(sent: Sent, item: ShopItem, *, exactly: bool) -> bool:
    same = _same(sent.sku, item.sku) and sent.quantity == item.ordered
    return same and (not exactly or sent.price == item.price)


def _deal(pool: list[tuple[str, Units]], item: ShopItem) -> tuple[Units, ...]:
    """Take as many units of the item's SKU out of the pool as it ordered."""
    wanted, taken = int(item.ordered), []
    for at, (sku, unit) in enumerate(pool):
        if wanted > 0 and unit.quantity and _same(sku, item.sku):
            part = min(wanted, unit.quantity)
            taken.append(Units(unit.line, part))
            pool[at] = (sku, Units(unit.line, unit.quantity - part))
            wanted -= part
    return tuple(taken)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
