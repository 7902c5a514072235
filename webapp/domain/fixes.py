"""What mends a failure: told by its sentence, which our own words or the neighbours' make."""

from __future__ import annotations

import re
from enum import StrEnum


class Fix(StrEnum):
    """Where a person mends it."""

    SETTINGS = "settings"
    """The account's order settings."""
    CONNECTION = "connection"
    """The account's way to Walmart."""
    STORE = "store"
    """The store's way to Magento, with its test of every right."""
    ADDRESS = "address"
    PRODUCT = "product"
    MAGENTO = "magento"
    """The order in Magento's admin."""
    WALMART = "walmart"
    """The order in Seller Center."""
    UNKNOWN = "unknown"
    """Nothing here is known to help: the number of the failure does, for whoever is asked."""


_TABLE: tuple[tuple[str, Fix], ...] = (
    (r"error in orderbridge itself", Fix.UNKNOWN),
    (r"client id and secret|walmart did not accept", Fix.CONNECTION),
    (r"did not accept the (access token|credentials)|store view|store's address|firewall|integration lacks", Fix.STORE),
    (r"shipping method|prefix|number is taken|order number .* has|in the account's settings", Fix.SETTINGS),
    (r"save the address|(phone number|postcode|zip|street|city|name|region)\S* is (a )?required", Fix.ADDRESS),
    (r"into a magento cart|product that you are trying|no product|product that was requested", Fix.PRODUCT),
    (r"carries this po|in magento or dismiss|cancel (the |it |order )", Fix.MAGENTO),
    (r"does not allow to cancel|with other (lines|quantities) than those", Fix.MAGENTO),
    (r"seller center|walmart's refunds of line|walmart answered", Fix.WALMART),
    (r"carrier", Fix.SETTINGS),
    (r"maintenance", Fix.STORE),
)
_RULES = tuple((re.compile(pattern, re.IGNORECASE), fix) for pattern, fix in _TABLE)


def fix_of(sentence: str) -> Fix:
    """What mends the failure that this sentence tells of; the first rule that knows it counts."""
    return next((fix for rule, fix in _RULES if rule.search(sentence)), Fix.UNKNOWN)
