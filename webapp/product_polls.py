"""All SKUs that orders of a store wait for are asked for together, and the orders of those that appeared are woken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select

from webapp import accounts, inbox
from webapp.connectors.http import CallRecord
from webapp.models import MissingSkuRow, SyncRow, db
from webapp.neighbours import call_magento
from webapp.unit_of_work import unit_of_work

KIND = "products"
EVERY = timedelta(minutes=2)
SKUS_AT_ONCE = 50


def ask(store_id: int, on_call: Callable[[CallRecord], None]) -> tuple[int, int]:
    """Ask for what is missing; how many SKUs were asked for, and how many of them are there by now.

    Raises ConnectorError where Magento did not answer.
    """
    store = accounts.store_by_id(store_id)
    waiting = select(MissingSkuRow.sku).where(MissingSkuRow.store_id == store.id).distinct()
    skus = sorted(db.session.execute(waiting).scalars())
    magento, there = call_magento(store, on_call), 0
    for start in range(0, len(skus), SKUS_AT_ONCE):
        found = magento.find_products(skus[start : start + SKUS_AT_ONCE])
        ready = [sku for sku, product in found.items() if product.can_be_ordered]
        there += len(ready)
        _wake(store.id, ready)
    return len(skus), there


def _wake(store_id: int, skus: Sequence[str]) -> None:
    waiting = (
        select(SyncRow.account_id, SyncRow.po)
        .join(MissingSkuRow, MissingSkuRow.sync_id == SyncRow.id)
        .where(MissingSkuRow.store_id == store_id, MissingSkuRow.sku.in_(skus))
        .distinct()
    )
    found = db.session.execute(waiting).all()
    if not found:
        return
    with unit_of_work() as work:
        for row in found:
            inbox.record_found(work, row.account_id, row.po, KIND)
