"""Money as people type it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from webapp.domain.amounts import OtherCurrency, amount_of


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("4.50", "USD", "4.50"),
        ("4,5", "USD", "4.5"),
        ("0", "USD", "0"),
        (" 12 ", "USD", "12"),
        ("$1,000.00", "USD", "1000.00"),
        ("$ 1,000", "CAD", "1000"),
        ("1,234,567.8", "USD", "1234567.8"),
        ("US$12.50", "USD", "12.50"),
        ("usd 12.50", "USD", "12.50"),
        ("$12.50 USD", "USD", "12.50"),
        ("CA$66.67", "CAD", "66.67"),
        ("MX$5", "MXN", "5"),
        ("1.000,00 EUR", "EUR", "1000.00"),
        ("12 KWD", "KWD", "12"),
        ("1\u00a0000,50 $", "MXN", "1000.50"),
        ("1 000 000", "USD", "1000000"),
        ("MX$5", "", "5"),
        ("12.50 CAD", "", "12.50"),
    ],
)
def test_an_amount_is_read_as_it_is_written(typed: str, currency: str, amount: str) -> None:
    assert amount_of(typed, currency) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "-5", "$", "1,00,000", "1.000", "1.2.3", "4.505", "12,3456", "1e3", "٣", "$$5", "9" * 13, "NaN"]
    + ["x5", "no 5", "12 pcs", "#5", "1,000 000", "1.000 000,50", "1,000,000 000"],
)
@pytest.mark.parametrize("currency", ["USD", ""])
def test_what_is_no_amount_is_none(typed: str, currency: str) -> None:
    assert amount_of(typed, currency) is None


@pytest.mark.parametrize(
    ("typed", "currency"),
    [("12.50 EUR", "USD"), ("MX$5", "USD"), ("£3", "USD"), ("CA$5 USD", "USD"), ("US$5", "CAD"), ("5 cad", "USD")]
    + [("€5", ""), ("12.50 EUR", ""), ("MX$5 USD", "")],
)
def test_an_amount_of_another_currency_is_refused(typed: str, currency: str) -> None:
    with pytest.raises(OtherCurrency):
        amount_of(typed, currency)
