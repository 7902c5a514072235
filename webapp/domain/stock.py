"""Whether a shop's stock still agrees with its open orders, judged from what REST shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from webapp.domain.order import ZERO

LIST = "bin/magento inventory:reservation:list-inconsistencies"
MEND = "bin/magento inventory:reservation:create-compensations"
AFTER_PREFIX = r"[0-9]+(-[0-9]{1,2})?"
"""What follows the prefix in an order's number: Walmart's purchase order number, and -2 for one created again."""
CRON_EVERY = "*/5 * * * *"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A line of an order that is not finished, with Magento's counts."""

    increment_id: str
    sku: str
    ordered: Decimal
    shipped: Decimal = ZERO
    refunded: Decimal = ZERO
    canceled: Decimal = ZERO
    ordered_at: datetime | None = None

    def is_of(self, prefixes: tuple[str, ...]) -> bool:
        """Its order's number is one of these with a purchase order after it; `W` is not the prefix of `WM-1`."""
        begins = (self.increment_id.removeprefix(one) for one in prefixes if self.increment_id.startswith(one))
        return any(re.fullmatch(AFTER_PREFIX, rest, re.ASCII) for rest in begins)

    @property
    def waits(self) -> Decimal:
        """Units that have neither left, nor been cancelled, nor been refunded before they left."""
        refunded_before = max(self.refunded - self.shipped, ZERO)
        return max(self.ordered - self.shipped - self.canceled - refunded_before, ZERO)


@dataclass(frozen=True, slots=True)
class Drift:
    """One SKU: what lies there, what may be sold, what open orders wait for.

    `ours` is how much of that our direct orders wait for, as far as the shop's repair should have seen them; `fresh`
    what it may not have seen yet.
    """

    sku: str
    shelf: Decimal
    salable: Decimal
    waits: Decimal
    ours: Decimal = ZERO
    fresh: Decimal = ZERO

    @property
    def held(self) -> Decimal:
        """What the shop holds back: the reservations, as far as REST shows them."""
        return self.shelf - self.salable

    @property
    def amount(self) -> Decimal:
        """How many more may be sold than are there: above zero the shop may oversell."""
        return self.waits - self.held

    @property
    def too_many(self) -> Decimal:
        """How many of them fresh orders do not explain, which the shop's repair holds within minutes."""
        return max(self.amount - self.fresh, ZERO)

    @property
    def soon_held(self) -> Decimal:
        """How many of them fresh orders explain."""
        return max(min(self.amount, self.fresh), ZERO)

    @property
    def is_wrong(self) -> bool:
        """More may be sold than fresh orders explain."""
        return self.too_many > 0

    @property
    def is_right(self) -> bool:
        """Our orders are held back: all of them, or those of a while ago; with none of ours nothing is proved."""
        return self.ours + self.fresh > 0 and self.amount <= (self.fresh if self.ours else ZERO)


def drifts(
    skus: Iterable[str],
    shelf: Mapping[str, Decimal],
    salable: Mapping[str, Decimal],
    items: Iterable[OpenItem],
    our_numbers: Collection[str],
    fresh_since: datetime,
) -> tuple[Drift, ...]:
    """The drift of each SKU. `shelf` and `salable` go by casefolded SKU."""
    waits: defaultdict[str, Decimal] = defaultdict(Decimal)
    ours: defaultdict[str, Decimal] = defaultdict(Decimal)
    fresh: defaultdict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        key, amount = item.sku.casefold(), item.waits
        waits[key] += amount
        if item.increment_id in our_numbers:
            (fresh if item.ordered_at and item.ordered_at >= fresh_since else ours)[key] += amount
    return tuple(
        Drift(sku, shelf.get(key, ZERO), salable[key], waits[key], ours[key], fresh[key])
        for sku, key in ((sku, sku.casefold()) for sku in skus)
    )


def cron_line(magento_root: str = "/var/www/magento", leaves_out: Iterable[str] = ()) -> str:
    """The line for the crontab of the user who runs Magento on the shop's host.

    Open orders whose numbers are one of `leaves_out` and a purchase order get no reservation. What is finished is
    mended for all: canceling or crediting any order gives back what was never taken.

    (`-i` and `-c`: Adobe's page on the command.)
    """
    prefixes = sorted(set(leaves_out))
    if not prefixes:
        return f"{CRON_EVERY} cd {magento_root} && {LIST} -r | {MEND}"
    patterns = " ".join(f"-e '^{prefix.replace('.', '[.]')}{AFTER_PREFIX}:'" for prefix in prefixes)
    return f"{CRON_EVERY} cd {magento_root} && ({LIST} -r -c; {LIST} -r -i | grep -v -E {patterns}) | {MEND}"
