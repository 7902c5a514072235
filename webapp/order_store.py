"""Orders as just read and judged, stored together: snapshots, log, commands and turns, in few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp import bulk_items, claims, clock, hints, inbox, order_rows, outbox, shop_health
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.database import is_sqlite
from webapp.domain.commands import CommandState, Issued
from webapp.domain.order import Order
from webapp.domain.plan import Plan, Seen, acknowledge_due, cancels_at, is_to_be_created
from webapp.domain.shop import ShopOrder
from webapp.inbox import EventState
from webapp.models import ChangeRow, MissingSkuRow, OrderRow, SyncRow
from webapp.order_rows import Known
from webapp.queue import Bell
from webapp.turns import SYNCS
from webapp.unit_of_work import Work

# The table, not the class: many rows in one execution, without the ORM between.
MISSING = MissingSkuRow.metadata.tables[MissingSkuRow.__tablename__]

_FORGET_MISSING = delete(MISSING).where(MISSING.c.sync_id.in_(bindparam("ids", expanding=True)))
_RELEASE = (
    update(SYNCS)
    .where(SYNCS.c.id == bindparam("held"))
    .values(
        claimed_until=None,
        deaths=0,
        look_again_at=case(
            (SYNCS.c.hints == bindparam("known_hints"), bindparam("look", type_=SYNCS.c.look_again_at.type)),
            else_=SYNCS.c.look_again_at,
        ),
        tries=0,
        trouble=bindparam("why"),
        doubted_at=None,
        read_at=bindparam("seen_at"),
        wake_from=bindparam("wake", type_=SYNCS.c.wake_from.type),
    )
)


@dataclass(frozen=True, slots=True)
class Sight:
    """A held order as Walmart just showed it, priced as first read, and what was known of it before.

    `look_by` is when it was to be looked at next before it was taken: a hint may stand behind that, so it stays.
    `wishers` are those who asked for this look, by source.
    """

    claim: Claim
    order: Order
    known: Known | None
    read_at: datetime
    look_by: datetime | None = None
    wishers: Mapping[str, str] = field(default_factory=dict)


SHOP = "magento"
"""The kind of news that the shop brought."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Both sides of an order, and what the plan makes of them."""

    sight: Sight
    seen: Seen
    planned: Plan
    issued: tuple[Issued, ...] = ()
    wake_from: datetime | None = None

    @property
    def sync_id(self) -> int:
        return self.sight.claim.sync_id


def store(work: Work, account: Account, findings: Sequence[Finding], newest: int) -> None:
    """Store what was found, answer the events up to `newest` and let the orders go.

    Prove in the same transaction that all of them are still held: `claims.check`, or `still_ours` for many.
    """
    rows = order_rows.find_all([finding.sync_id for finding in findings if finding.sight.known])
    news = {one.sync_id: _store_one(work, account, one, rows.get(one.sync_id)) for one in findings}
    _store_missing(work, account, findings)
    known = {finding.sync_id: finding.issued for finding in findings}
    outbox.settle(work, {finding.sync_id: finding.planned for finding in findings}, known)
    wanted = [(finding.sync_id, finding.sight.order.po, finding.planned.commands) for finding in findings]
    deadlines = {finding.sync_id: _deadline(finding.sight.order) for finding in findings}
    outbox.issue_all(work, account.key, wanted, deadlines=deadlines)
    pos = {finding.sight.order.po: finding.sync_id for finding in findings}
    of_shop = {sync_id for sync_id, kinds in news.items() if SHOP in kinds}
    looks = _looks_for_shop(findings, hints.shop_spoke(work, account.id, pos, newest), of_shop)
    early = [po for po, look in looks.items() if look.is_too_early]
    quiet = [po for po, sync_id in pos.items() if news[sync_id].isdisjoint(order_rows.WALMARTS_NEWS)]
    inbox.settle(work, account.id, list(pos), newest, EventState.HANDLED, too_early=early, quiet=quiet)
    read = [one for one in findings if one.sync_id in rows]
    if read:
        troubles = {one.sync_id: one.seen.shop_trouble or "" for one in read}
        bulk_items.was_read(work, troubles, min(one.sight.read_at for one in read))
    waits = any(one.wake_from for one in findings)
    is_back = waits and shop_health.is_well(work, account.store.id)
    _release(work, findings, {po: look.at for po, look in looks.items()}, is_back)


def _looks_for_shop(
    findings: Sequence[Finding], spoke: Mapping[str, datetime], news: Collection[int]
) -> dict[str, hints.Look]:
    """By PO, the further looks that events of the shop ask for."""
    found = {}
    for one in findings:
        po = one.sight.order.po
        look = hints.look_for_shop(spoke.get(po), one.sight.read_at, found_news=one.sync_id in news)
        if look is not None:
            found[po] = look
    return found


def _deadline(order: Order) -> datetime | None:
    """What Walmart waits for next: the acknowledgement, then the shipment."""
    return acknowledge_due(order) or order.ship_by


def still_ours(work: Work, held: Sequence[Claim]) -> set[int]:
    """The turns that nobody took over, locked until the end of this transaction."""
    wanted = select(SyncRow.id, SyncRow.fence, SyncRow.claimed_until).where(
        SyncRow.id.in_([claim.sync_id for claim in held])
    )
    fences = {claim.sync_id: claim.fence for claim in held}
    # In one order everywhere, so that two workers never wait for each other's rows in a circle.
    found = work.execute(wanted.order_by(SyncRow.id).with_for_update())
    return {row.id for row in found if row.claimed_until is not None and row.fence == fences[row.id]}


def _store_one(work: Work, account: Account, finding: Finding, row: OrderRow | None) -> set[str]:
    """Store it and log what is new; returns the kinds of what is."""
    sight, planned = finding.sight, finding.planned
    told = _told(row, finding)
    if row is None:
        row = _new_row(sight, account)
        work.add(row)
    order_rows.fill(row, order_rows.as_kept(sight.order, is_erased=row.buyer_erased_at is not None))
    row.finished_at = None if row.is_open else row.finished_at or sight.read_at
    order_rows.set_products(row, finding.seen.products)
    _store_shop(row, finding.seen)
    order_rows.set_numbers(row, sight.order)
    row.acknowledge_by = acknowledge_due(sight.order)
    row.waiting_for = list(planned.waiting_for)
    row.attention = planned.attention
    row.remarks = list(planned.remarks) or None
    row.auto_cancel_at = cancels_at(sight.order, account.policy, account.marketplace)
    row.under_way = bool(planned.commands)
    row.has_failed = any(one.state is CommandState.PARKED for one in finding.issued)
    row.wants_magento = is_to_be_created(finding.seen, account.policy, finding.issued)
    row.changed_at = sight.read_at
    for kind, by, sentence in told:
        work.add(ChangeRow(sync_id=finding.sync_id, at=clock.now(), kind=kind, by=by, sentence=sentence))
    return {kind for kind, _, _ in told}


def _new_row(sight: Sight, account: Account) -> OrderRow:
    return OrderRow(
        sync_id=sight.claim.sync_id,
        account_id=account.id,
        po=sight.order.po,
        imported_at=sight.read_at,
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
    order_rows.set_shop(row, seen.shop)


def _shop_counts(shop: ShopOrder) -> str:
    sums = {
        "invoiced": sum(item.invoiced for item in shop.items),
        "shipped": sum(item.shipped for item in shop.items),
        "refunded": sum(item.refunded for item in shop.items),
        "canceled": sum(item.canceled for item in shop.items),
    }
    return " · ".join(f"{amount:g} {word}" for word, amount in sums.items() if amount)


def _told(row: OrderRow | None, finding: Finding) -> list[tuple[str, str, str]]:
    """Each change once, as (kind, by whom, sentence): what either side shows now, and why the rest waits."""
    seen, planned = finding.seen, finding.planned
    order = order_rows.as_kept(seen.order, is_erased=row is not None and row.buyer_erased_at is not None)
    told = order_rows.changes_between(order_rows.to_order(row) if row else None, order)
    if row is not None and seen.shop_is_gone and not row.magento_is_gone:
        told.append((SHOP, f"Magento order {row.magento_increment_id} was deleted."))
    if row is not None and seen.shop is not None:
        shown = (seen.shop.status, _shop_counts(seen.shop))
        if shown != (row.magento_status, row.magento_counts):
            told.append((SHOP, f"In Magento: {', '.join(part for part in shown if part)}."))
    known = row.waiting_for if row is not None else []
    told += [("waiting", sentence) for sentence in planned.waiting_for if sentence not in known]
    remarked = (row.remarks if row is not None else None) or ()
    told += [("remark", sentence) for sentence in planned.remarks if sentence not in remarked]
    if planned.attention and (row is None or planned.attention != row.attention):
        told.append(("attention", planned.attention))
    if told or hints.MERCHANT not in finding.sight.wishers:
        return [(kind, outbox.RULE, sentence) for kind, sentence in told]
    where = "at Walmart, not in Magento" if seen.shop_trouble else "on both sides"
    return [("refresh", finding.sight.wishers[hints.MERCHANT], f"Read again {where}: nothing has changed.")]


def _store_missing(work: Work, account: Account, findings: Sequence[Finding]) -> None:
    work.execute(_FORGET_MISSING, {"ids": [finding.sync_id for finding in findings]})
    missing = [
        {"sync_id": finding.sync_id, "sku": sku, "store_id": account.store.id}
        for finding in findings
        for sku in finding.planned.missing_skus
    ]
    if missing:
        insert = sqlite.insert(MISSING) if is_sqlite() else postgresql.insert(MISSING)
        work.session.execute(insert.on_conflict_do_nothing(), missing)


def _release(work: Work, findings: Sequence[Finding], looks: Mapping[str, datetime], is_back: bool) -> None:
    """Like `claims.release`, for all of them in one statement. `is_back`: whom the shop failed missed the waking."""
    work.session.execute(_RELEASE, [_let_go(one, looks.get(one.sight.order.po), is_back) for one in findings])
    held = [finding.sync_id for finding in findings]
    for due, bell in ((claims.due_reads, Bell.INBOUND), (claims.due_commands, Bell.OUTBOUND)):
        if bell not in work.bells and claims.is_due(work, held, due):
            work.ring(bell)


def _let_go(finding: Finding, look_for_shop: datetime | None, is_back: bool) -> dict[str, Any]:
    missed = shop_health.soon(finding.wake_from) if finding.wake_from and is_back else None
    looks = [at for at in (finding.planned.look_again_at, finding.sight.look_by, look_for_shop, missed) if at]
    return {
        "held": finding.sync_id,
        "known_hints": finding.sight.claim.hints,
        "look": min(looks) if looks else None,
        "why": finding.seen.shop_trouble or "",
        "seen_at": finding.sight.read_at,
        "wake": None if is_back else finding.wake_from,
    }
