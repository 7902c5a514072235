"""Amounts of money, as they are told and as people type them."""

from __future__ import annotations

import re
from decimal import Decimal

CURRENCIES = {"us": "USD", "ca": "CAD", "mx": "MXN", "cl": "CLP"}
"""In which one each of Walmart's markets sells."""
_MARKS = {
    "USD": frozenset({"USD", "USD$", "$", "US$"}),
    "CAD": frozenset({"CAD", "CAD$", "$", "CA$", "C$"}),
    "MXN": frozenset({"MXN", "MXN$", "$", "MX$"}),
    "CLP": frozenset({"CLP", "CLP$", "$", "CL$"}),
    "EUR": frozenset({"EUR", "€"}),
    "GBP": frozenset({"GBP", "£"}),
}
"""How people mark an amount of a currency; of others, by the code alone."""
_MARK = "[A-Z]{0,3}[$€£¥]?"
_WHOLE = re.compile(rf"({_MARK})\s*([0-9][0-9., \u00a0\u202f']*)\s*({_MARK})", re.IGNORECASE)
_FORMS = (
    (re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?"), ""),
    (re.compile(r"[0-9]{1,3}(?=([, '])[0-9])(?:\1[0-9]{3}){1,3}(?:\.[0-9]{1,2})?"), ", '"),
    (re.compile(r"[0-9]{1,3}(?=([. '])[0-9])(?:\1[0-9]{3}){1,3},[0-9]{1,2}"), ". '"),
)
"""How a number may be written, and the signs between its thousands; `1,000` is a thousand, `1,5` one and a half."""


class OtherCurrency(ValueError):
    """The amount is marked as one of another currency."""


def amount_of(text: str, currency: str = "") -> Decimal | None:
    """`4.50`, `4,5`, `$1,000.00` or `1.000,00 MXN` as money of this currency, without one of any of Walmart's markets.

    None for what is no amount, such as one below zero. Raises OtherCurrency.
    """
    found = _WHOLE.fullmatch(text.strip())
    number = _number(re.sub(r"[\u00a0\u202f]", " ", found[2]).strip()) if found else None
    if found is None or number is None:
        return None
    marks = {mark.upper() for mark in (found[1], found[3]) if mark}
    if any(marks <= _MARKS.get(one, {one}) for one in ([currency] if currency else CURRENCIES.values())):
        return number
    if all(_is_mark(mark) for mark in (found[1], found[3]) if mark):
        raise OtherCurrency(text)
    return None


def _is_mark(mark: str) -> bool:
    """It stands for some currency: a sign, or a code in capitals."""
    return (
        not mark.isalpha() or (len(mark) == 3 and mark.isupper()) or any(mark.upper() in one for one in _MARKS.values())
    )


def _number(text: str) -> Decimal | None:
    for form, between in _FORMS:
        if form.fullmatch(text):
            return Decimal(text.translate(dict.fromkeys(map(ord, between))).replace(",", "."))
    return None


SIGNS = {"USD": "$", "CAD": "CA$", "MXN": "MX$"}
WITHOUT_MINOR_UNITS = frozenset({"CLP"})
"""Of the currencies of Walmart's markets."""


def money(amount: Decimal, currency: str) -> str:
    """`$48.17` in a sentence that is kept, as the pages say it."""
    number = f"{abs(amount):,.{0 if currency in WITHOUT_MINOR_UNITS else 2}f}"
    sign = SIGNS.get(currency) or currency + "\u00a0"
    return f"{'-' if amount < 0 else ''}{sign}{number}"
