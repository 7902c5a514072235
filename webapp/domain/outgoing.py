"""What is told to Walmart about units and money: the calls' contents, in the domain's own types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from webapp.domain.order import Charge, Line, Tracking
from webapp.domain.shop import Units


@dataclass(frozen=True, slots=True)
class UnitsShipped:
    """Units of a line that left in one parcel.

    `other_carrier`: the carrier is none of Walmart's list and goes as `otherCarrier`, which demands a tracking URL.
    `override_intent`: ship although the buyer asked to cancel. `corrects` is the tracking number that Walmart has
    now; with it nothing is shipped again, the number is changed (PARTIAL_UPDATE).
    """

    line: str
    quantity: int
    tracking: Tracking
    seller_order_id: str
    other_carrier: bool = False
    override_intent: bool = False
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class UnitsCancelled:
    """Open units of a line that will not be shipped, and why, in a word of the market's list."""

    line: str
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class LineRefunded:
    """Money back for a shipped line. Amounts are positive here and negative only on the wire.

    A full refund gives back all that is left, tax and shipping too. In one call all lines are full or all partial.
    """

    line: str
    is_full: bool
    reason: str
    comment: str
    charges: tuple[Charge, ...]


def lines_named(numbers: Iterable[str]) -> str:
    """`line 1`, `lines 1, 2`; each once, in their order."""
    each = list(dict.fromkeys(numbers))
    return f"{'line' if len(each) == 1 else 'lines'} {', '.join(each)}"


def contents(units: Iterable[Units], lines: Iterable[Line]) -> str:
    """`2 × MUG-RED (lines 1, 2)`: the same for a parcel, a cancellation and in every log."""
    skus = {line.number: line.sku for line in lines}
    counts, numbers = Counter[str](), dict[str, list[str]]()
    for unit in units:
        sku = skus.get(unit.line, f"line {unit.line}")
        counts[sku] += unit.quantity
        numbers.setdefault(sku, []).append(unit.line)
    return ", ".join(f"{counts[sku]} × {sku} ({lines_named(numbers[sku])})" for sku in counts)
