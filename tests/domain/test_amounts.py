"""Money as people type it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from webapp.domain.amounts import amount_of


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("4.50", "4.50"),
        ("4,5", "4.5"),
        ("0", "0"),
        (" 12 ", "12"),
        ("$1,000.00", "1000.00"),
        ("$ 1,000", "1000"),
        ("1,234,567.8", "1234567.8"),
        ("US$12.50", "12.50"),
        ("USD 12.50", "12.50"),
        ("CA$66.67", "66.67"),
        ("12.50 USD", "12.50"),
        ("1.000,00 EUR", "1000.00"),
        ("1\u00a0000,50 $", "1000.50"),
        ("1 000", "1000"),
    ],
)
def test_an_amount_is_read_as_it_is_written(typed: str, amount: str) -> None:
    assert amount_of(typed) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "-5", "$", "1,00,000", "1.000", "1.2.3", "4.505", "12,3456", "1e3", "٣", "$$5", "9" * 13, "NaN"],
)
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert amount_of(typed) is None
