"""What no webhook of a shop told: five polls a store, each from its own cursor, that only hint at orders of ours.

Orders by their last change; shipments and credit memos by creation; the shipments of our orders once more, since a
tracking number that is added or corrected later changes no date in Magento; and our orders themselves, by their ids,
since one that was deleted is in no list of changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Row, or_, select

from webapp import accounts, clock, plain, shop_facts, turns
from webapp.accounts import Store
from webapp.connectors.http import CallRecord
from webapp.connectors.magento import MagentoClient
from webapp.connectors.magento_documents import Documents
from webapp.domain.facets import InShop, unfold
from webapp.domain.poll_kinds import SHOP, SHOP_DELETIONS, SHOP_ORDERS, SHOP_SHIPMENTS, SHOP_TRACKS
from webapp.domain.shop import ShopShipment
from webapp.grid import sql
from webapp.models import AccountRow, OrderRow, PollRow, StoreFactRow, db
from webapp.neighbours import call_magento
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

EVERY = timedelta(minutes=5)
DELETIONS_EVERY = timedelta(hours=1)
WATCHED_FOR = timedelta(days=60)
"""So long after its sale an order is looked for in the shop; one that is open for longer is read daily anyway."""
OVERLAP = timedelta(minutes=10)
"""A row's time is set inside a transaction that commits later, and clocks differ."""
FIRST_LOOK_BACK = timedelta(days=1)
WAITS_FOR_TRACKING = timedelta(days=14)
"""How long a shipment without a tracking number is asked for again."""
TURN_SECONDS = 15.0
AT_ONCE = 100

Keep = Callable[[Work], None]
"""Proves, in the transaction that stores hints, that the poll is still held; it may raise to undo them."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that a poll found: `id` and `stamp` tell whether it was seen before."""

    id: int
    order_id: int
    at: datetime
    stamp: str


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a poll has come: its next cursor, whether that is the present, how much of the shop it read, and how
    much of that was news about orders of ours."""

    cursor_at: datetime
    is_done: bool
    read: int = 0
    news: int = 0


def ensure(store: Store) -> None:
    """A store that was added before there were these polls gets them."""
    found = select(PollRow.kind).where(PollRow.store_id == store.id, PollRow.kind.in_(SHOP))
    missing = set(SHOP) - set(db.session.execute(found).scalars())
    if missing:
        with unit_of_work() as work:
            for kind in sorted(missing):
                work.add(PollRow(kind=kind, store_id=store.id, name=f"{kind}:{store.key}", due_at=clock.now()))


def every(kind: str) -> timedelta:
    """How long after one poll of this kind the next one comes."""
    return DELETIONS_EVERY if kind == SHOP_DELETIONS else EVERY


def read(
    kind: str, store_id: int, cursor_at: datetime | None, keep: Keep, on_call: Callable[[CallRecord], None]
) -> Reached:
    """Ask the shop and hint at the orders of ours that are news. Raises ConnectorError; the cursor stands then."""
    store, began, ends_at = accounts.store_by_id(store_id), clock.now(), time.monotonic() + TURN_SECONDS
    if not serves_orders(store_id):
        return Reached(cursor_at or began, is_done=True)
    magento = call_magento(store, on_call)
    documents = magento.documents
    if kind == SHOP_DELETIONS:
        return _look_for_deleted(store, magento, keep, began, ends_at)
    if kind == SHOP_TRACKS:
        return Reached(began, True, *_read_tracks(store, documents, keep))
    latest, read_, news = cursor_at or began - FIRST_LOOK_BACK, 0, 0
    found = _news(kind, documents, latest - OVERLAP)
    while batch := list(islice(found, AT_ONCE)):
        news += _hint(store, kind, batch, keep)
        read_ += len(batch)
        latest = max(latest, *(one.at for one in batch))
        if time.monotonic() >= ends_at:
            # Oldest first, so what comes next begins where this ends; the overlap covers what moved meanwhile.
            return Reached(latest, False, read_, news)
    return Reached(latest, True, read_, news)


def serves_orders(store_id: int) -> bool:
    """Orders of ours are in the shop, or are to be made there: then it has to answer. Bounded however many there are:
    the facets that orders have are read, not the orders."""
    ours = set(db.session.execute(select(AccountRow.id).where(AccountRow.store_id == store_id)).scalars())
    facets = map(unfold, db.session.execute(sql.known_facets()).scalars())
    return any(one.account_id in ours and one.in_shop is not InShop.EXCLUDED for one in facets)


def _news(kind: str, documents: Documents, since: datetime) -> Iterator[News]:
    if kind == SHOP_ORDERS:
        for order in documents.orders_changed_since(since):
            stamp = f"{order.updated_at.isoformat()} {order.stands}"
            yield News(order.entity_id, order.entity_id, order.updated_at, stamp)
    elif kind == SHOP_SHIPMENTS:
        for shipment in documents.shipments_since(since):
            yield _of_shipment(shipment)
    else:
        for memo in documents.creditmemos_since(since):
            yield News(memo.entity_id, memo.order_id, memo.created_at, "")


def _of_shipment(shipment: ShopShipment) -> News:
    return News(shipment.entity_id, shipment.order_id, shipment.created_at, _tracks_of(shipment))


def _tracks_of(shipment: ShopShipment) -> str:
    """What tells one state of a shipment's tracks from another; empty while it has none."""
    tracks = sorted((track.id, track.number, track.carrier_code, track.title) for track in shipment.tracks)
    return "; ".join(" ".join(map(str, track)) for track in tracks)


def _hint(store: Store, kind: str, found: Sequence[News], keep: Keep) -> int:
    """Give the orders of what is new their turn, and remember what was seen, in one transaction; how much is new."""
    ours = _ours(store.id, [one.order_id for one in found])
    with unit_of_work() as work:
        keep(work)
        seen = _seen(work, store.id, kind)
        mine = [one for one in found if one.order_id in ours]
        news = [one for one in mine if _stamp(seen, one) != one.stamp]
        now = clock.now()
        turns.wake(work, [Wake(ours[one.order_id].account_id, ours[one.order_id].po, now) for one in news])
        if news:
            seen |= {str(one.id): [one.order_id, one.at.isoformat(), one.stamp] for one in mine}
            shop_facts.put(work, store.id, kind, _kept(kind, seen, now))
            work.ring(Bell.INBOUND)
        return len(news)


def _stamp(seen: Mapping[str, Any], one: News) -> str | None:
    kept = seen.get(str(one.id))
    return kept[2] if kept else None


def _seen(work: Work, store_id: int, kind: str) -> dict[str, Any]:
    """What was seen before, locked: the polls of shipments and of tracks share it."""
    mine = select(StoreFactRow.value).where(StoreFactRow.store_id == store_id, StoreFactRow.name == kind)
    return dict(work.execute(mine.with_for_update()).scalar_one_or_none() or {})


def _kept(kind: str, seen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Without what can be no news any more."""
    oldest = now - (WAITS_FOR_TRACKING if kind == SHOP_SHIPMENTS else FIRST_LOOK_BACK + OVERLAP)
    newest = max((datetime.fromisoformat(at) for _, at, _ in seen.values()), default=now)
    # Where nothing new came for days, the cursor stays, and what lies in its overlap must not be news again.
    oldest = min(oldest, newest - OVERLAP)
    return {one: kept for one, kept in seen.items() if datetime.fromisoformat(kept[1]) >= oldest}


def _ours(store_id: int, order_ids: Iterable[int]) -> dict[int, Any]:
    """Account and PO of our orders, by Magento's id."""
    ours = (
        select(OrderRow.account_id, OrderRow.po, OrderRow.magento_order_id)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(AccountRow.store_id == store_id, OrderRow.magento_order_id.in_(set(order_ids)))
    )
    return {row.magento_order_id: row for row in db.session.execute(ours)}


def _read_tracks(store: Store, documents: Documents, keep: Keep) -> tuple[int, int]:
    """Shipments of ours that still have no number, and all that are recent enough for a correction; how many were
    read, and how many are other than before."""
    kept = shop_facts.get(store.id, SHOP_SHIPMENTS)
    young = clock.now() - _correctable(store.id) - OVERLAP
    oldest = clock.now() - WAITS_FOR_TRACKING
    wanted = [
        int(one)
        for one, (_, at, stamp) in (kept[0] if kept else {}).items()
        if datetime.fromisoformat(at) >= (young if stamp else oldest)
    ]
    news = 0
    for start in range(0, len(wanted), AT_ONCE):
        found = documents.shipments_by_id(wanted[start : start + AT_ONCE])
        news += _hint(store, SHOP_SHIPMENTS, [_of_shipment(one) for one in found], keep)
    return len(wanted), news


def _look_for_deleted(store: Store, magento: MagentoClient, keep: Keep, began: datetime, ends_at: float) -> Reached:
    """Give those their turn that the shop does not show by their ids.

    A search proves nothing: the turn reads the order alone, and only then it is believed to be deleted.
    """
    kept = shop_facts.get(store.id, SHOP_DELETIONS)
    begin = (clock.now() - WATCHED_FOR, 0)
    after = plain.read(kept[0]["after"], tuple[datetime, int]) if kept and kept[0]["after"] else begin
    is_done, read_, news = False, 0, 0
    while not is_done and time.monotonic() < ends_at:
        batch = _watched(store.id, after)
        found = magento.find_orders(entity_ids=[row.magento_order_id for row in batch])
        there = {one.entity_id for one in found}
        absent = [row for row in batch if row.magento_order_id not in there]
        read_, news = read_ + len(batch), news + len(absent)
        is_done = len(batch) < AT_ONCE
        after = after if is_done else (batch[-1].ordered_at, batch[-1].id)
        with unit_of_work() as work:
            keep(work)
            shop_facts.put(work, store.id, SHOP_DELETIONS, {"after": None if is_done else msgspec.to_builtins(after)})
            turns.wake(work, [Wake(row.account_id, row.po, clock.now()) for row in absent])
            if absent:
                work.ring(Bell.INBOUND)
    return Reached(began, is_done, read_, news)


def _watched(store_id: int, after: tuple[datetime, int]) -> Sequence[Row[int, datetime, int, str, int | None]]:
    """The next orders of ours, oldest sale first, that are in the shop as far as is known."""
    at, number = after
    ours = (
        select(OrderRow.id, OrderRow.ordered_at, OrderRow.account_id, OrderRow.po, OrderRow.magento_order_id)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(OrderRow.ordered_at >= at, or_(OrderRow.ordered_at > at, OrderRow.id > number))
        .where(AccountRow.store_id == store_id)
        .where(OrderRow.magento_order_id.is_not(None), OrderRow.magento_is_gone.is_(False))
    )
    return db.session.execute(ours.order_by(OrderRow.ordered_at, OrderRow.id).limit(AT_ONCE)).all()


def _correctable(store_id: int) -> timedelta:
    """How long Walmart takes a corrected tracking number, by the most patient account of the store."""
    mine = select(AccountRow).where(AccountRow.store_id == store_id)
    policies = [
        accounts.policy_from_json(row.settings, number_prefix=row.number_prefix)
        for row in db.session.execute(mine).scalars()
    ]
    return max((policy.correct_tracking_within for policy in policies), default=timedelta())
