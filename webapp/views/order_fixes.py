"""The button that leads to what mends a failed command of an order, for those who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for

from webapp.domain.fixes import Fix, fix_of
from webapp.models import AccountRow, OrderRow
from webapp.people import Role
from webapp.timeline import Entry
from webapp.views import door, showing


@dataclass(frozen=True, slots=True)
class Mend:
    """A link that leads to the cause; `is_outside`: to one of the neighbours. Empty where nothing is known to help."""

    words: str = ""
    url: str = ""
    is_outside: bool = False


def shown(entries: list[Entry], row: OrderRow, account: AccountRow) -> dict[str, Any]:
    """The commands that wait for a person, and what mends each, by their ids."""
    return {"parked": entries, "mends": {one.id: _mend(fix_of(one.detail), row, account) for one in entries}}


def _mend(fix: Fix, row: OrderRow, account: AccountRow) -> Mend:
    is_admin = door.me().may(Role.ADMIN)
    match fix:
        case Fix.SETTINGS:
            return Mend("Open the order settings", url_for("account_orders.show", key=account.key))
        case Fix.CONNECTION if is_admin:
            return Mend("Open the account", url_for("account_settings.show", key=account.key))
        case Fix.STORE if is_admin:
            return Mend("Open the store", url_for("store_settings.show", key=account.store.key))
        case Fix.CONNECTION | Fix.STORE:
            return Mend("Open the order settings", url_for("account_orders.show", key=account.key))
        case Fix.ADDRESS:
            return Mend("Correct the address", url_for("order_address.edit", account_key=account.key, po=row.po))
        case Fix.PRODUCT:
            return Mend("Look at the items", "#r-items")
        case Fix.MAGENTO if url := showing.shop(row, account.store).url:
            return Mend("Open the Magento order", url, is_outside=True)
        case Fix.WALMART:
            return Mend("Open it in Seller Center", showing.walmart_url(account, row.po), is_outside=True)
        case _:
            return Mend()
