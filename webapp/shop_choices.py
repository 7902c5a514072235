"""What a shop offers to choose from in the settings: its store views, websites and customer groups, as last read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

import msgspec

from webapp import plain, shop_facts
from webapp.accounts import Account
from webapp.models import StoreRow
from webapp.order_settings.kinds import Place
from webapp.store_test import Found
from webapp.unit_of_work import Work, unit_of_work

FACT = "choices"


def keep(work: Work, store_id: int, found: Found) -> None:
    """Offer from now on what a test of the store found, and tell times in the shop's own zone."""
    offered = {
        "views": {str(view.id): view.name or view.code for view in found.views},
        "websites": {str(view.website_id): view.website for view in found.views if view.website},
        "groups": dict(found.groups),
    }
    row = work.session.get_one(StoreRow, store_id)
    row.time_zone = next((view.time_zone for view in found.views if view.id == row.store_id), "") or row.time_zone
    shop_facts.put(work, store_id, FACT, {**offered, "found": msgspec.to_builtins(asdict(found))})


def keep_found(store_id: int, found: Found | None) -> None:
    """The same by itself, where there is something to keep."""
    if found is not None and found.views:
        with unit_of_work() as work:
            keep(work, store_id, found)


def found_in(store_id: int) -> tuple[Found, datetime] | None:
    """What the last test found, and when."""
    known = shop_facts.get(store_id, FACT)
    return (plain.read(known[0]["found"], Found), known[1]) if known and "found" in known[0] else None


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
