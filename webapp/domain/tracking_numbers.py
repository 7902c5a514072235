"""Whether a tracking number can be one of its carrier's: told by its form and, where there is one, by its check digit.

Walmart takes any letters and digits, so what is said here is a doubt to be asked about, never a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

UPS = re.compile(r"1Z[0-9A-Z]{15}[0-9]")
UPS_OTHERS = re.compile(r"[0-9]{9}|[0-9]{12}|[0-9]{18}|[A-Z][0-9]{10}|[0-9]{22}|[0-9]{26}")
"""Freight, notices, and what the postal service delivers for UPS."""
USPS = re.compile(r"(?:420[0-9]{5}(?:[0-9]{4})?)?([0-9]{20}|[0-9]{22}|[0-9]{26})")
"""Before it the postal code may stand, as in the bar code."""
POSTAL = re.compile(r"[A-Z]{2}([0-9]{9})[A-Z]{2}")
"""Of all postal services, for what goes abroad (S10)."""
FEDEX_OTHERS = re.compile(r"[0-9]{20}|[0-9]{22}|[0-9]{34}")


@dataclass(frozen=True, slots=True)
class _Rule:
    fits: Callable[[str], bool]
    usual: str


def doubt(carrier: str, number: str) -> str:
    """Why this is hardly a number of the carrier's, in a sentence; empty where it may be, or nobody can tell."""
    rule = _RULES.get(carrier.strip().casefold())
    plain = re.sub(r"[ -]", "", number).upper()
    if rule is None or not plain or rule.fits(plain):
        return ""
    return f"This does not look like a number of {carrier.strip()}: {rule.usual}."


def _is_ups(number: str) -> bool:
    if number.startswith("1Z"):
        values = [int(sign) if sign.isdecimal() else (ord(sign) - 63) % 10 for sign in number[2:]]
        return bool(UPS.fullmatch(number)) and _closes(values, (1, 2))
    return bool(UPS_OTHERS.fullmatch(number))


def _is_usps(number: str) -> bool:
    found = USPS.fullmatch(number)
    if found:
        digits = [int(digit) for digit in found[1]]
        return _closes(digits, (3, 1))
    postal = POSTAL.fullmatch(number)
    return bool(postal) and _closes_postal([int(digit) for digit in (postal[1] if postal else "")])


def _is_fedex(number: str) -> bool:
    if re.fullmatch(r"[0-9]{12}", number):
        digits = [int(digit) for digit in number]
        return sum(digit * (3, 1, 7)[at % 3] for at, digit in enumerate(digits[:-1])) % 11 % 10 == digits[-1]
    if re.fullmatch(r"[0-9]{15}", number):
        return _closes([int(digit) for digit in number], (1, 3))
    return bool(FEDEX_OTHERS.fullmatch(number))


def _closes(values: list[int], weights: tuple[int, int]) -> bool:
    """The last value makes the weighted sum of the others a multiple of ten."""
    total = sum(value * weights[at % 2] for at, value in enumerate(values[:-1]))
    return (total + values[-1]) % 10 == 0


def _closes_postal(digits: list[int]) -> bool:
    check = 11 - sum(digit * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=False)) % 11
    return {10: 0, 11: 5}.get(check, check) == digits[-1]


_RULES: Mapping[str, _Rule] = {
    "ups": _Rule(_is_ups, "most begin with 1Z and have 18 signs, of which the last one checks the others"),
    "usps": _Rule(_is_usps, "most have 22 digits, of which the last one checks the others"),
    "fedex": _Rule(_is_fedex, "most have 12 or 15 digits, of which the last one checks the others"),
}
"""By the carrier's name at Walmart; of the others no rule is known that would hold."""
