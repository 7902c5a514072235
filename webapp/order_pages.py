"""A page of Walmart's list is a read of every order on it: what is new or changed is synced from the page itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp import claims, clock, hints, inbox, order_rows, order_store, orders, shops
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.connectors.walmart import OrderPage
from webapp.database import is_sqlite
from webapp.domain.order import Order, has_gone_backwards
from webapp.neighbours import Neighbours
from webapp.order_rows import Known
from webapp.order_store import Finding, Sight
from webapp.turns import SYNCS
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a page, and when: what was read since then is newer than the page.

    `newest` is the newest event when it was asked for. `for_reimport`: orders of any age are wanted.
    """

    poll: str
    at: datetime
    newest: int
    for_reimport: bool = False

    @property
    def source(self) -> str:
        return hints.REIMPORT if self.for_reimport else hints.POLL


@dataclass(frozen=True, slots=True)
class Tally:
    """What a page brought. `left` counts orders that somebody else was working on: they got a hint."""

    orders: int = 0
    new: int = 0
    changed: int = 0
    left: int = 0
    unreadable: int = 0


Keep = Callable[[Work, Tally], None]
"""Runs in the transaction that stores the page, so that both are kept or neither."""


@dataclass(frozen=True, slots=True)
class _Held:
    claim: Claim
    look_by: datetime | None


def sync_page(account: Account, both: Neighbours, page: OrderPage, asked: Asked, keep: Keep) -> Tally:
    """Bring every order of the page up to date and store that in one unit of work; what is unchanged costs no write.

    An order that somebody else holds gets a hint instead: its own turn reads it again.
    """
    if page.unreadable:
        _tell(account, page)
    wanted = _news(account, page.orders, asked)
    held, left = _take(account, wanted, asked) if wanted else ({}, 0)
    sights, backwards = _sights(account, wanted, held, asked)
    seen_in = shops.read_many(both.magento, account, [(sight.order, sight.known) for sight in sights])
    findings = orders.judge(account, [sight for sight in sights if sight.order.po in seen_in], seen_in)
    tally = Tally(
        orders=len(page.orders) + len(page.unreadable),
        new=sum(finding.sight.known is None for finding in findings),
        changed=sum(finding.sight.known is not None for finding in findings),
        left=left,
        unreadable=len(page.unreadable),
    )
    with unit_of_work() as work:
        ours = order_store.still_ours(work, [one.claim for one in held.values()])
        stored = [finding for finding in findings if finding.sync_id in ours]
        _store(work, account, stored, asked.newest)
        unclear = {sight.claim.sync_id for sight in sights} - {finding.sync_id for finding in findings}
        doubted = {claim.sync_id for claim in backwards}
        done = {finding.sync_id for finding in stored}
        _let_go(work, [one for one in held.values() if one.claim.sync_id in ours - done], doubted, unclear)
        keep(work, tally)
    return tally


def _news(account: Account, listed: Sequence[Order], asked: Asked) -> dict[str, Order]:
    """The orders that are new, or look different from what is stored, by PO."""
    by_po = {order.po: order for order in listed}
    known = order_rows.known(account.id, by_po)
    return {po: order for po, order in by_po.items() if _is_news(account, order, known.get(po), asked)}


def _is_news(account: Account, order: Order, known: Known | None, asked: Asked) -> bool:
    if known is None:
        return asked.for_reimport or account.policy.imports(order.ordered_at)
    return not _is_newer(known, asked) and not order_rows.is_same(
        known.order, order_rows.as_kept(_priced(order, known), is_erased=known.is_erased)
    )


def _is_newer(known: Known, asked: Asked) -> bool:
    """What is stored was read after the page was asked for, so the page has nothing to add."""
    return known.read_at is not None and known.read_at >= asked.at


def _priced(order: Order, known: Known | None) -> Order:
    return order_rows.with_first_prices(order, known.order if known else None)


def _take(account: Account, wanted: Collection[str], asked: Asked) -> tuple[dict[str, _Held], int]:
    """Claim the orders that nobody holds, by PO. One whose own turn is due anyway is left to it."""
    now = clock.now()
    with unit_of_work() as work:
        _ensure_turns(work, account, wanted)
        turns = _turns(work, account, wanted)
        free = [turn for turn in turns if turn.claimed_until is None or turn.claimed_until < now]
        taken = [turn for turn in free if turn.look_again_at is None or turn.look_again_at > now]
        _claim(work, [turn.id for turn in taken], now)
        due = {turn.po for turn in free} - {turn.po for turn in taken}
        left = set(wanted) - {turn.po for turn in taken}
        for po in sorted(left if asked.for_reimport else left - due):
            inbox.record_found(work, account.id, po, asked.poll, source=asked.source)
    return {turn.po: _held(account, turn) for turn in taken}, len(left)


def _ensure_turns(work: Work, account: Account, pos: Collection[str]) -> None:
    insert = sqlite.insert(SYNCS) if is_sqlite() else postgresql.insert(SYNCS)
    rows = [{"account_id": account.id, "po": po} for po in sorted(pos)]
    work.session.execute(insert.on_conflict_do_nothing(index_elements=["account_id", "po"]), rows)


def _turns(work: Work, account: Account, pos: Collection[str]) -> Sequence[Row[tuple[object, ...]]]:
    """The turns, locked, without those that another transaction has locked just now."""
    wanted = select(*SYNCS.c).where(SYNCS.c.account_id == account.id, SYNCS.c.po.in_(pos)).order_by(SYNCS.c.id)
    return work.execute(wanted if is_sqlite() else wanted.with_for_update(skip_locked=True)).all()


def _claim(work: Work, sync_ids: Collection[int], now: datetime) -> None:
    """If this worker dies, they are due again when the lease ends."""
    until = now + claims.LEASE
    claim = update(SYNCS).where(SYNCS.c.id.in_(sync_ids))
    work.execute(claim.values(claimed_until=until, look_again_at=until, fence=SYNCS.c.fence + 1))


def _held(account: Account, turn: Row[tuple[object, ...]]) -> _Held:
    claim = Claim(
        sync_id=turn.id,
        account_id=account.id,
        store_id=account.store.id,
        po=turn.po,
        fence=turn.fence + 1,
        hints=turn.hints,
        tries=turn.tries,
        is_doubted=turn.doubted_at is not None,
    )
    return _Held(claim, turn.look_again_at)


def _sights(
    account: Account, wanted: Mapping[str, Order], held: Mapping[str, _Held], asked: Asked
) -> tuple[list[Sight], list[Claim]]:
    """What the page shows of the held orders, and the claims of those that seem to go backwards.

    What was known is asked again: another worker may have read the order before it was taken.
    """
    known = order_rows.known(account.id, held) if held else {}
    sights, backwards = [], []
    for po, one in held.items():
        before = known.get(po)
        if before and has_gone_backwards(before.order.lines, wanted[po].lines):
            backwards.append(one.claim)
        elif before is None or not _is_newer(before, asked):
            sights.append(Sight(one.claim, _priced(wanted[po], before), before, asked.at, look_by=one.look_by))
    return sights, backwards


def _store(work: Work, account: Account, findings: Sequence[Finding], newest: int) -> None:
    if findings:
        order_store.store(work, account, findings, newest)


def _let_go(work: Work, held: Sequence[_Held], doubted: Collection[int], unclear: Collection[int]) -> None:
    """What was taken and not stored: doubted, left for its own turn at once, or read by somebody else meanwhile."""
    for one in held:
        if one.claim.sync_id in doubted:
            orders.doubt(work, one.claim)
        else:
            look_again_at = clock.now() if one.claim.sync_id in unclear else one.look_by
            claims.release(work, one.claim, look_again_at)


def _tell(account: Account, page: OrderPage) -> None:
    with unit_of_work() as work:
        for order in page.unreadable:
            if hints.record_unreadable(work, account.id, order.po, order.why):
                log.warning("po=%s of a list could not be read: %s", order.po or "?", order.why)
