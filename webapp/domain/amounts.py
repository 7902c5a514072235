"""Amounts of money, as they are told and as people type them."""

from __future__ import annotations

import re
from decimal import Decimal

_CURRENCY = r"(?:[A-Z]{1,3}\s*)?[$€£]?|[A-Z]{3}"
_WHOLE = re.compile(rf"(?:{_CURRENCY})\s*([0-9][0-9., \u00a0\u202f']*)\s*(?:[$€£]|[A-Z]{{3}})?", re.IGNORECASE)
_FORMS = (
    (re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?"), ""),
    (re.compile(r"[0-9]{1,3}(?:[, '][0-9]{3}){1,3}(?:\.[0-9]{1,2})?"), ", '"),
    (re.compile(r"[0-9]{1,3}(?:[. '][0-9]{3}){1,3},[0-9]{1,2}"), ". '"),
)
"""How a number may be written, and the signs between its thousands; `1,000` is a thousand, `1,5` one and a half."""


def amount_of(text: str) -> Decimal | None:
    """`4.50`, `4,5`, `$1,000.00` or `1.000,00 EUR` as money; None for what is no amount, such as one below zero."""
    found = _WHOLE.fullmatch(text.strip())
    if found is None:
        return None
    number = re.sub(r"[\u00a0\u202f]", " ", found[1]).strip()
    for form, between in _FORMS:
        if form.fullmatch(number):
            return Decimal(number.translate(dict.fromkeys(map(ord, between))).replace(",", "."))
    return None


SIGNS = {"USD": "$", "CAD": "CA$", "MXN": "MX$"}
WITHOUT_MINOR_UNITS = frozenset({"CLP"})
"""Of the currencies of Walmart's markets."""


def money(amount: Decimal, currency: str) -> str:
    """`$48.17` in a sentence that is kept, as the pages say it."""
    number = f"{abs(amount):,.{0 if currency in WITHOUT_MINOR_UNITS else 2}f}"
    sign = SIGNS.get(currency) or currency + "\u00a0"
    return f"{'-' if amount < 0 else ''}{sign}{number}"
