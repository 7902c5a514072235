"""Whether a tracking number can be one of its carrier's: told by its form and, where there is one, by its check digit.

Walmart takes any letters and digits, so what is said here is a doubt to be asked about, never a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tracking_numbers import DEFINITIONS  # type: ignore[import-untyped]

from webapp.domain.words import joined


@dataclass(frozen=True, slots=True)
class _Rule:
    """`couriers` are the library's codes of those whose numbers the carrier's may be."""

    couriers: frozenset[str]
    usual: str
    others: re.Pattern[str] = re.compile(r"(?!)")
    """Forms without a check digit that anybody has told of."""


_RULES: Mapping[str, _Rule] = {
    "ups": _Rule(
        frozenset({"ups"}),
        "most begin with 1Z and have 18 signs, of which the last one checks the others",
        # Freight, notices, and what the postal service delivers for UPS, also under a number of the shipper's own.
        re.compile(r"[0-9]{9}|[0-9]{12}|[0-9]{18}|[A-Z][0-9]{10}|[0-9]{22}|[0-9]{26}|MI[0-9]{6}[A-Z0-9]{1,22}"),
    ),
    "usps": _Rule(frozenset({"usps", "s10"}), "most have 22 digits, of which the last one checks the others"),
    "fedex": _Rule(
        frozenset({"fedex"}),
        "most have 12 or 15 digits, of which the last one checks the others",
        re.compile(r"[0-9]{20}|[0-9]{22}|[0-9]{34}"),
    ),
}
"""By the carrier's name at Walmart; of the others no rule is known that would hold."""


def doubt(carrier: str, number: str) -> str:
    """Why this is hardly a number of the carrier's, in a sentence; empty where it may be, or nobody can tell."""
    rule = _RULES.get(carrier.strip().casefold())
    plain = joined(number).upper()
    if rule is None or not plain or rule.others.fullmatch(plain) or _closes(rule, plain):
        return ""
    return f"This does not look like a number of {carrier.strip()}: {rule.usual}."


def _closes(rule: _Rule, number: str) -> bool:
    """The number has a form of one of its couriers, and its check digit is right."""
    tried = (each.test(number) for each in DEFINITIONS if each.courier.code in rule.couriers)
    return any(found is not None and found.valid for found in tried)
