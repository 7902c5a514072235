"""Periodic reads: what no webhook told us is found here, from a cursor that moves only when all of it is stored."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update

from webapp import accounts, clock, inbox, order_rows
from webapp.connectors.http import CallRecord, ConnectorError
from webapp.domain.order import SELLER_FULFILLED, Order
from webapp.domain.retry import next_attempt
from webapp.models import AccountRow, MissingSkuRow, OrderRow, PollRow, StoreRow, SyncRow, db
from webapp.neighbours import call_both, call_magento
from webapp.unit_of_work import unit_of_work

log = logging.getLogger(__name__)

ORDERS_EVERY = timedelta(minutes=5)
PRODUCTS_EVERY = timedelta(minutes=2)
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(days=1)
LEASE = timedelta(minutes=5)
SKUS_AT_ONCE = 50
SHIP_NODES = (SELLER_FULFILLED, "WFSFulfilled")


@dataclass(frozen=True, slots=True)
class Turn:
    """A poll that this worker holds."""

    id: int
    kind: str
    account_id: int | None
    store_id: int | None
    cursor_at: datetime | None
    fence: int
    tries: int


def take() -> Turn | None:
    """The poll that is due the longest, held for this worker; None when none is due."""
    now = clock.now()
    free = or_(PollRow.claimed_until.is_(None), PollRow.claimed_until < now)
    due = select(PollRow.id).where(PollRow.due_at <= now, free, PollRow.id.not_in(_asleep()))
    poll_id = db.session.execute(due.order_by(PollRow.due_at).limit(1)).scalar_one_or_none()
    if poll_id is None:
        return None
    with unit_of_work() as work:
        won = work.changed(
            update(PollRow)
            .where(PollRow.id == poll_id, free)
            .values(claimed_until=now + LEASE, fence=PollRow.fence + 1)
        )
        if not won:
            return None
        row = work.session.get_one(PollRow, poll_id, populate_existing=True)
        return Turn(row.id, row.kind, row.account_id, row.store_id, row.cursor_at, row.fence, row.tries)


def nearest() -> datetime | None:
    """When the next poll falls due."""
    now = clock.now()
    free = or_(PollRow.claimed_until.is_(None), PollRow.claimed_until < now)
    waiting = select(PollRow.due_at).where(free, PollRow.id.not_in(_asleep())).order_by(PollRow.due_at).limit(1)
    return db.session.execute(waiting).scalar_one_or_none()


def run(turn: Turn) -> None:
    """Read once. Trouble is kept with the poll, which then comes again on the retry schedule."""
    started_at = clock.now()
    try:
        if turn.kind == "orders":
            _poll_orders(turn, started_at)
        else:
            _poll_products(turn)
    except ConnectorError as error:
        _failed(turn, error.message, error.retry_after)
    except Exception as error:
        log.exception("poll=%s failed unexpectedly", turn.id)
        _failed(turn, f"An error in Orderbridge itself ({type(error).__name__}).", None)
    else:
        _succeeded(turn, started_at)


def ask_now(account_id: int | None = None) -> int:
    """Make the order polls due at once, of one account or of all; returns how many."""
    polls = update(PollRow).where(PollRow.kind == "orders").values(due_at=clock.now())
    with unit_of_work() as work:
        return work.changed(polls if account_id is None else polls.where(PollRow.account_id == account_id))


def troubles() -> list[str]:
    """What is wrong with the polls just now, a sentence each."""
    return list(db.session.execute(select(PollRow.trouble).where(PollRow.trouble != "")).scalars())


def _poll_orders(turn: Turn, started_at: datetime) -> None:
    assert turn.account_id is not None
    account = accounts.by_id(turn.account_id)
    walmart = call_both(account, _log_call).walmart
    since = (turn.cursor_at or started_at - FIRST_LOOK_BACK) - OVERLAP
    for ship_node in SHIP_NODES:
        cursor: str | None = None
        while True:
            page = walmart.list_orders(modified_from=since, modified_to=started_at, ship_node=ship_node, cursor=cursor)
            _record_page(account.id, page.orders)
            cursor = page.next_cursor
            if not cursor:
                break


def _record_page(account_id: int, orders: Iterable[Order]) -> None:
    """Each order that is new, or looks different from what is stored, gets a hint; the rest is passed over."""
    found = {order.po: order for order in orders}
    if not found:
        return
    known = select(OrderRow.po, OrderRow.sync_id).where(OrderRow.account_id == account_id, OrderRow.po.in_(found))
    stored = {row.po: row.sync_id for row in db.session.execute(known)}
    changed = [po for po, order in found.items() if po not in stored or _differs(stored[po], order)]
    with unit_of_work() as work:
        for po in changed:
            inbox.record_found(work, account_id, po, "orders")


def _differs(sync_id: int, order: Order) -> bool:
    row = order_rows.find(sync_id)
    if row is None:
        return True
    stored = order_rows.to_order(row)
    return stored != order_rows.with_first_prices(order, stored)


def _poll_products(turn: Turn) -> None:
    """Ask for all SKUs that orders of this store wait for, together; wake the orders of those that appeared."""
    assert turn.store_id is not None
    store = accounts.store_by_id(turn.store_id)
    waiting = select(MissingSkuRow.sku).where(MissingSkuRow.store_id == store.id).distinct()
    skus = sorted(db.session.execute(waiting).scalars())
    if not skus:
        return
    magento = call_magento(store, _log_call)
    for start in range(0, len(skus), SKUS_AT_ONCE):
        found = magento.find_products(skus[start : start + SKUS_AT_ONCE])
        orderable = [sku for sku, product in found.items() if product.can_be_ordered]
        _wake_waiting(store.id, orderable)


def _wake_waiting(store_id: int, skus: list[str]) -> None:
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
            inbox.record_found(work, row.account_id, row.po, "products")


def _asleep() -> Select[int]:
    """Polls of paused accounts and stores."""
    paused_stores = select(StoreRow.id).where(StoreRow.is_paused)
    paused = select(AccountRow.id).where(or_(AccountRow.is_paused, AccountRow.store_id.in_(paused_stores)))
    return select(PollRow.id).where(or_(PollRow.account_id.in_(paused), PollRow.store_id.in_(paused_stores)))


def _succeeded(turn: Turn, started_at: datetime) -> None:
    every = ORDERS_EVERY if turn.kind == "orders" else PRODUCTS_EVERY
    _end(turn, cursor_at=started_at, due_at=clock.now() + every, succeeded_at=clock.now(), tries=0, trouble="")


def _failed(turn: Turn, sentence: str, retry_after: timedelta | None) -> None:
    every = ORDERS_EVERY if turn.kind == "orders" else PRODUCTS_EVERY
    tries, now = turn.tries + 1, clock.now()
    again_at = next_attempt(tries, now, jitter=random.random(), retry_after=retry_after) or now + every
    _end(turn, due_at=min(again_at, now + every), tries=tries, trouble=sentence)
    log.warning("poll=%s failed: %s", turn.id, sentence)


def _end(turn: Turn, **values: object) -> None:
    mine = update(PollRow).where(PollRow.id == turn.id, PollRow.fence == turn.fence)
    with unit_of_work() as work:
        work.execute(mine.values(claimed_until=None, **values))


def _log_call(call: CallRecord) -> None:
    log.info("call side=%s method=%s status=%s ms=%s", call.side, call.method, call.status, call.duration_ms)
