"""Amounts and quantities: reckoned as decimals, told as the shortest JSON number, as Magento does."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
COLUMN = Decimal("0.0001")
NOTHING = Decimal(0)


def decimal(value: Any) -> Decimal:
    """The value as a decimal; what is missing or empty counts as nothing."""
    return NOTHING if value in (None, "") else Decimal(str(value))


def cents(value: Decimal) -> Decimal:
    """Rounded half up to two places, the way Magento rounds prices."""
    return value.quantize(CENT, ROUND_HALF_UP)


def plain(value: Decimal) -> int | float:
    """A JSON number as a DECIMAL(20,4) column gives it back: 40, 2.8, 16.805."""
    kept = value.quantize(COLUMN, ROUND_HALF_UP)
    return int(kept) if kept == kept.to_integral_value() else float(kept)


def told(value: Decimal) -> str:
    """The number as PHP prints it inside a sentence: 3.9, 0."""
    return str(plain(value))


def share(rest: Decimal, rest_qty: Decimal, qty: Decimal, *, last: bool) -> Decimal:
    """The part of an amount that falls on `qty` of `rest_qty`; the last part takes the whole rest.

    This keeps documents made unit by unit equal to the line's amount, to the cent.
    """
    if last or not rest_qty:
        return rest
    return cents(rest / rest_qty * qty)
