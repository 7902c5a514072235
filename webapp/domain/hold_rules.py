"""Orders that a merchant wants to look at before they go to the shop: by their total, a SKU, or their address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webapp.domain.amounts import money
from webapp.domain.order import Address, Order
from webapp.domain.policy import Policy

HELD = "Held by a rule of yours"
"""How the sentence of a held order begins."""
_BOX = re.compile(r"\b(p\.?\s*o\.?\s*box|post\s+office\s+box|apartado(\s+postal)?|casilla)\b", re.IGNORECASE)
_CODES = {
    "USA": re.compile(r"\d{5}(-?\d{4})?"),
    "CAN": re.compile(r"[A-Z]\d[A-Z]\s?\d[A-Z]\d", re.IGNORECASE),
    "MEX": re.compile(r"\d{5}"),
}
_THREE = {"US": "USA", "CA": "CAN", "MX": "MEX"}


def why_held(order: Order, policy: Policy, corrected: Address | None = None) -> str:
    """Why an order is held, in words; empty where no rule is about it. What Walmart ships itself is never held.

    Where a person corrected the address, that one is judged.
    """
    if not order.is_fulfilled_by_seller:
        return ""
    return "; ".join(_reasons(order, policy, corrected or order.address))


def skus_of(text: str) -> frozenset[str]:
    """The SKUs of the setting, casefolded; a comma stands between two."""
    return frozenset(filter(None, (one.strip().casefold() for one in text.split(","))))


def _reasons(order: Order, policy: Policy, address: Address) -> Iterator[str]:
    if policy.hold_above is not None and order.total > policy.hold_above:
        yield f"its total {money(order.total, order.currency)} is above {money(policy.hold_above, order.currency)}"
    held = skus_of(policy.hold_skus)
    found = sorted({line.sku for line in order.lines if line.uncancelled > 0 and line.sku.casefold() in held})
    if found:
        yield f"it has {', '.join(found)}"
    if policy.hold_addresses:
        yield from doubts(address)


def doubts(address: Address) -> Iterator[str]:
    """What looks wrong with an address that a parcel shall go to.

    Said without anything of the address: viewers read it, files have it, and the log keeps it for good.
    """
    parts = {"name": address.name, "street": address.address1, "city": address.city, "postal code": address.postal_code}
    missing = [name for name, value in parts.items() if not value.strip()]
    if missing:
        yield f"its address has no {' and no '.join(missing)}"
    if _BOX.search(f"{address.address1} {address.address2}"):
        yield "its address is a post-office box"
    code, country = address.postal_code.strip(), address.country.upper()
    form = _CODES.get(_THREE.get(country, country))
    if code and form is not None and not form.fullmatch(code):
        yield "its postal code is none of its country"
