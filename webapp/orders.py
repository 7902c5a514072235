"""`sync`: read an order on both sides, store it, ask the plan what is left, put that in the outbox."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from webapp import accounts, claims, clock, inbox, order_rows, outbox
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.database import is_sqlite
from webapp.domain.order import Order, has_gone_backwards
from webapp.domain.plan import Plan, Seen, acknowledge_due, plan, wants_magento_order
from webapp.domain.retry import next_attempt
from webapp.domain.shop import Product, ShopOrder
from webapp.inbox import EventState
from webapp.models import ChangeRow, MissingSkuRow, OrderRow
from webapp.neighbours import Neighbours, call_both
from webapp.outbox import Trial
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

DOUBT = timedelta(seconds=5)
UNKNOWN_TRIES = 5
"""How often an order that a webhook announced is asked for before the webhook is believed to be wrong."""


@dataclass(frozen=True, slots=True)
class _Shop:
    """Magento's side as just read, or why it could not be."""

    order: ShopOrder | None = None
    is_gone: bool = False
    products: dict[str, Product] = field(default_factory=dict)
    trouble: str | None = None


def sync(claim: Claim) -> None:
    """Bring one held order up to date and let it go again.

    Whatever goes wrong is recorded and tried again later; nothing is raised but `claims.Lost`.
    """
    trial = Trial()
    newest = inbox.newest_of(claim.account_id, claim.po)
    try:
        _sync(claim, trial, newest)
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)
    except ConnectorError as error:
        _read_failed(claim, trial, error.message, error.retry_after, newest)
    except Exception as error:
        log.exception("po=%s could not be synced", claim.po)
        sentence = f"An error in Orderbridge itself ({type(error).__name__}); the server's log has the details."
        _read_failed(claim, trial, sentence, None, newest)


def _sync(claim: Claim, trial: Trial, newest: int) -> None:
    account = accounts.by_id(claim.account_id)
    both = call_both(account, trial.calls.append, claim)
    read_at = clock.now()
    order = both.walmart.get_order(claim.po)
    if order is None:
        _unknown_at_walmart(claim, trial, newest)
        return
    row = order_rows.find(claim.sync_id)
    stored = order_rows.to_order(row) if row else None
    if stored and has_gone_backwards(stored.lines, order.lines) and not claim.is_doubted:
        _doubt(claim)
        return
    order = order_rows.with_first_prices(order, stored)
    shop = _read_shop(order, row, account, both)
    seen = _seen(order, row, shop, account)
    planned = plan(seen, account.policy, outbox.issued(claim.sync_id), clock.now())
    with unit_of_work() as work:
        claims.check(work, claim)
        _store(work, claim, account, seen, planned, read_at)
        outbox.settle(work, claim.sync_id, planned.commands)
        outbox.issue(work, claim.sync_id, account.key, claim.po, planned.commands)
        inbox.settle(work, claim.account_id, claim.po, newest, EventState.HANDLED)
        claims.release(work, claim, planned.look_again_at, trouble=shop.trouble or "")


def _seen(order: Order, row: OrderRow | None, shop: _Shop, account: Account) -> Seen:
    return Seen(
        order=order,
        shop=shop.order,
        linked_increment_id=row.magento_increment_id if row else None,
        shop_is_gone=shop.is_gone,
        shop_trouble=shop.trouble,
        products=shop.products,
        store_currency=account.store.currency,
    )


def _read_shop(order: Order, row: OrderRow | None, account: Account, both: Neighbours) -> _Shop:
    """Magento is read for orders that are linked or about to be created; its trouble never stops Walmart's side."""
    try:
        if row is not None and row.magento_order_id is not None:
            shop = both.magento.get_order(row.magento_order_id)
            return _Shop(order=shop, is_gone=shop is None)
        if wants_magento_order(Seen(order=order), account.policy):
            skus = sorted({line.sku for line in order.lines if line.uncancelled > 0})
            return _Shop(products=both.magento.find_products(skus))
    except ConnectorError as error:
        return _Shop(trouble=f"Waiting for Magento: {error.message}")
    return _Shop()


def _store(work: Work, claim: Claim, account: Account, seen: Seen, planned: Plan, read_at: datetime) -> None:
    row = order_rows.find(claim.sync_id)
    told = _told(row, seen, planned)
    if row is None:
        row = _new_row(claim, account, read_at)
        work.add(row)
    order_rows.fill(row, seen.order)
    order_rows.set_products(row, {sku: product.id for sku, product in seen.products.items()})
    _store_shop(row, seen)
    row.acknowledge_by = acknowledge_due(seen.order)
    row.waiting_for = list(planned.waiting_for)
    row.attention = planned.attention
    row.under_way = bool(planned.commands)
    row.changed_at = read_at
    for kind, sentence in told:
        work.add(ChangeRow(sync_id=claim.sync_id, at=clock.now(), kind=kind, by=outbox.RULE, sentence=sentence))
    _store_missing(work, claim, account, planned)


def _new_row(claim: Claim, account: Account, read_at: datetime) -> OrderRow:
    return OrderRow(
        sync_id=claim.sync_id,
        account_id=claim.account_id,
        po=claim.po,
        imported_at=read_at,
        is_demo=account.is_demo,
        waiting_for=[],
        lines=[],
        made_up=[],
    )


def _store_shop(row: OrderRow, seen: Seen) -> None:
    if seen.shop_is_gone:
        row.magento_is_gone = True
    if seen.shop is None:
        return
    row.magento_is_gone = False
    row.magento_state, row.magento_status = seen.shop.state, seen.shop.status
    row.magento_counts = _shop_counts(seen.shop)


def _shop_counts(shop: ShopOrder) -> str:
    sums = {
        "invoiced": sum(item.invoiced for item in shop.items),
        "shipped": sum(item.shipped for item in shop.items),
        "refunded": sum(item.refunded for item in shop.items),
        "canceled": sum(item.canceled for item in shop.items),
    }
    return " · ".join(f"{amount:g} {word}" for word, amount in sums.items() if amount)


def _told(row: OrderRow | None, seen: Seen, planned: Plan) -> list[tuple[str, str]]:
    """Each change once, as (kind, sentence): what either side shows now, and why the rest waits."""
    told = order_rows.changes_between(order_rows.to_order(row) if row else None, seen.order)
    if row is not None and seen.shop_is_gone and not row.magento_is_gone:
        told.append(("magento", f"Magento order {row.magento_increment_id} was deleted."))
    if row is not None and seen.shop is not None:
        shown = (seen.shop.status, _shop_counts(seen.shop))
        if shown != (row.magento_status, row.magento_counts):
            told.append(("magento", f"In Magento: {', '.join(part for part in shown if part)}."))
    known = row.waiting_for if row is not None else []
    told += [("waiting", sentence) for sentence in planned.waiting_for if sentence not in known]
    if planned.attention and (row is None or planned.attention != row.attention):
        told.append(("attention", planned.attention))
    return told


def _store_missing(work: Work, claim: Claim, account: Account, planned: Plan) -> None:
    work.execute(delete(MissingSkuRow).where(MissingSkuRow.sync_id == claim.sync_id))
    insert = sqlite.insert(MissingSkuRow) if is_sqlite() else postgresql.insert(MissingSkuRow)
    for sku in planned.missing_skus:
        values = {"sync_id": claim.sync_id, "sku": sku, "store_id": account.store.id}
        work.execute(insert.values(**values).on_conflict_do_nothing())


def _doubt(claim: Claim) -> None:
    """A unit seems to go backwards: believed only when a second read says the same."""
    with unit_of_work() as work:
        claims.check(work, claim)
        trouble = "Walmart showed an older state than before; reading again."
        claims.release(work, claim, clock.now() + DOUBT, trouble=trouble, doubted=True)


def _unknown_at_walmart(claim: Claim, trial: Trial, newest: int) -> None:
    """An order that was just announced may need a moment; one that stays unknown was never there."""
    tries = claim.tries + 1
    again_at = next_attempt(tries, clock.now(), jitter=random.random()) if tries <= UNKNOWN_TRIES else None
    sentence = f"Walmart does not know the purchase order {claim.po}."
    with unit_of_work() as work:
        claims.check(work, claim)
        outbox.record_read(work, claim.sync_id, trial, "failed", sentence, tries)
        if again_at is None:
            inbox.settle(work, claim.account_id, claim.po, newest, EventState.FAILED, sentence)
        claims.release(work, claim, again_at, tries=tries, trouble=sentence)


def _read_failed(claim: Claim, trial: Trial, sentence: str, retry_after: timedelta | None, newest: int) -> None:
    """A read that failed is tried again for as long as it takes: a hint is never given up."""
    tries = claim.tries + 1
    now = clock.now()
    again_at = next_attempt(tries, now, jitter=random.random(), retry_after=retry_after) or now + timedelta(days=1)
    try:
        with unit_of_work() as work:
            claims.check(work, claim)
            outbox.record_read(work, claim.sync_id, trial, "failed", sentence, tries)
            claims.release(work, claim, again_at, tries=tries, trouble=sentence)
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)
    log.warning("po=%s read failed: %s", claim.po, sentence)
