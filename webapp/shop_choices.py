"""What a shop offers to choose from in the settings: its store views, websites and customer groups, as last read."""

from __future__ import annotations

from collections.abc import Mapping

from webapp import shop_facts
from webapp.accounts import Account
from webapp.order_settings.kinds import Place

FACT = "choices"


def place_of(account: Account) -> Place:
    """Where the account's settings hold, with what its shop offers."""
    store = account.store
    known = shop_facts.get(store.id, FACT)
    found: Mapping[str, Mapping[str, str]] = known[0] if known else {}
    return Place(
        market=account.marketplace,
        mode=store.mode,
        zone=store.zone,
        store_currency=store.currency,
        views=found.get("views", {}),
        websites=found.get("websites", {}),
        groups=found.get("groups", {}),
    )
