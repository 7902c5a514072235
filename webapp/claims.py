"""Turns: one worker at a time holds an order, for a lease that it renews, under a number that fences off the rest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    update,
)

from webapp import circuit, clock
from webapp.columns import NOW, Moment, Utc
from webapp.domain.commands import MAGENTO_ALONE, CommandState
from webapp.models import IS_OPEN, AccountRow, CommandRow, StoreRow, SyncRow, db
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

LEASE = timedelta(seconds=60)

Due = Callable[[Moment], ColumnElement[bool]]
NO_SYNC = {"synchronize_session": False}
SYNCS = SyncRow.metadata.tables[SyncRow.__tablename__]


class Lost(Exception):
    """Somebody else holds the order now: stop at once and write nothing."""


class Holder(NamedTuple):
    """An account, a store or a kind of work, for sharing the threads out."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A held order. `hints` is how many hints had come in when it was taken; `deaths` how many workers in a row held it
    for a read and fell silent, `trouble` what was said since then."""

    sync_id: int
    account_id: int
    store_id: int
    po: str
    fence: int
    hints: int
    tries: int
    is_doubted: bool = False
    deaths: int = 0
    trouble: str = ""

    @property
    def holders(self) -> tuple[Holder, Holder]:
        """Whose share of the threads this order takes."""
        return Holder("account", self.account_id), Holder("store", self.store_id)


def due_reads(now: Moment) -> ColumnElement[bool]:
    """Orders that want to be looked at and are held by nobody."""
    return and_(SyncRow.look_again_at <= now, is_free(now), circuit.is_awake(now))


def due_commands(now: Moment) -> ColumnElement[bool]:
    """Orders with a command that is due, or was left running by a worker that died."""
    return and_(SyncRow.id.in_(_waiting(now).with_only_columns(CommandRow.sync_id)), is_free(now))


def take(due: Due, *, at_most: int, held: Counter[Holder], threads: int) -> list[Claim]:
    """Claim up to `at_most` due orders, shared out fairly.

    `held` says how many orders each account and store holds in this worker already: while others have due work, one
    of them gets at most a quarter of the threads.
    """
    if at_most < 1:
        return []
    wanted = _share(candidates(due, at_most), at_most=at_most, held=held, threads=threads)
    if not wanted:
        return []
    with unit_of_work() as work:
        # In one order everywhere, so that two workers never wait for each other's rows in a circle.
        return [claim for sync_id in sorted(wanted) if (claim := take_within(work, sync_id, clock.now()))]


def candidates(due: Due, at_most: int) -> Sequence[Row[int, int, int]]:
    """What `take` chooses from: of each account the `at_most` orders that are due the longest, or the most urgent."""
    now = clock.now()
    last = now + timedelta(days=36500)
    return db.session.execute(_ranked(due), {"now": now, "last": last, "at_most": at_most}).all()


def is_due(work: Work, sync_ids: Collection[int], due: Due) -> bool:
    """One of these turns is due."""
    return work.execute(_any_due(due), {"now": clock.now(), "ids": list(sync_ids)}).first() is not None


def take_one(account_id: int, po: str) -> Claim | None:
    """Claim one order, due or not; None while somebody else holds it or when it was never heard of."""
    with unit_of_work() as work:
        mine = select(SyncRow.id).where(SyncRow.account_id == account_id, SyncRow.po == po)
        sync_id = work.execute(mine).scalar_one_or_none()
        return take_within(work, sync_id, clock.now()) if sync_id is not None else None


def wait_for_turn(account_id: int, po: str, seconds: float) -> Claim | None:
    """Like `take_one`, but patient: a worker may hold the order just now."""
    give_up = time.monotonic() + seconds
    while (claim := take_one(account_id, po)) is None and time.monotonic() < give_up:
        time.sleep(0.05)
    return claim


def trouble(account_id: int, po: str) -> str:
    """Why the last look at an order failed; empty when it did not."""
    mine = select(SyncRow.trouble).where(SyncRow.account_id == account_id, SyncRow.po == po)
    return db.session.execute(mine).scalar_one_or_none() or ""


def nearest_command(now: datetime) -> datetime | None:
    """When the next command falls due whose order nobody holds."""
    return db.session.execute(_nearest_command(), {"now": now}).scalar_one_or_none()


def renew(claim: Claim) -> None:
    """Hold on for another lease. Raises Lost when the order was taken over."""
    with unit_of_work() as work:
        check(work, claim)


def check(work: Work, claim: Claim) -> None:
    """Prove, inside the transaction that records a result, that the order is still ours; renews the lease."""
    values = {"held": claim.sync_id, "held_fence": claim.fence, "lease": clock.now() + LEASE}
    if not work.changed(_renewal(), values):
        raise Lost(f"The order {claim.po} was taken over by another worker.")


def release(
    work: Work,
    claim: Claim,
    look_again_at: datetime | None,
    *,
    tries: int = 0,
    trouble: str = "",
    doubted: bool = False,
    deaths: int = 0,
) -> None:
    """Let go until `look_again_at`. A hint that came in meanwhile is not lost: its own time stands then."""
    now = clock.now()
    ours = and_(SyncRow.id == claim.sync_id, SyncRow.fence == claim.fence)
    work.changed(
        update(SyncRow)
        .where(ours)
        .values(
            claimed_until=None,
            look_again_at=case((SyncRow.hints == claim.hints, look_again_at), else_=SyncRow.look_again_at),
            tries=tries,
            trouble=trouble,
            doubted_at=now if doubted else None,
            deaths=deaths,
        )
    )
    for due, bell in ((due_reads, Bell.INBOUND), (due_commands, Bell.OUTBOUND)):
        if bell not in work.bells and is_due(work, [claim.sync_id], due):
            work.ring(bell)


def hand_over(work: Work, claim: Claim) -> None:
    """Let go after commands were carried out: the order is read again at once."""
    work.changed(
        update(SyncRow)
        .where(SyncRow.id == claim.sync_id, SyncRow.fence == claim.fence)
        .values(claimed_until=None, look_again_at=clock.now(), hints=SyncRow.hints + 1)
    )
    work.ring(Bell.INBOUND)


def let_go(work: Work, claim: Claim) -> None:
    """Let go without having learnt anything; what was due stays due."""
    ours = and_(SyncRow.id == claim.sync_id, SyncRow.fence == claim.fence)
    work.changed(update(SyncRow).where(ours).values(claimed_until=None))


def is_free(now: Moment) -> ColumnElement[bool]:
    """Turns that nobody holds."""
    return or_(SyncRow.claimed_until.is_(None), SyncRow.claimed_until < now)


def _awake() -> ColumnElement[bool]:
    """Neither the account nor its store is paused."""
    paused = (
        select(AccountRow.id)
        .join(StoreRow, StoreRow.id == AccountRow.store_id)
        .where(or_(AccountRow.is_paused, StoreRow.is_paused))
    )
    return SyncRow.account_id.not_in(paused)


def _may_call(now: Moment) -> ColumnElement[bool]:
    """Commands to Magento alone go on while Walmart does not serve the account."""
    return or_(CommandRow.kind.in_(MAGENTO_ALONE), circuit.is_awake(now))


def _waiting(now: Moment) -> Select[Any]:
    due = select(CommandRow).join(SyncRow, SyncRow.id == CommandRow.sync_id)
    return due.where(text(IS_OPEN), CommandRow.next_attempt_at <= now, _may_call(now))


@cache
def _renewal() -> Update:
    ours = and_(
        SyncRow.id == bindparam("held"), SyncRow.fence == bindparam("held_fence"), SyncRow.claimed_until.is_not(None)
    )
    return update(SyncRow).where(ours).values(claimed_until=bindparam("lease")).execution_options(**NO_SYNC)


@cache
def _capture() -> Update:
    free = and_(SyncRow.id == bindparam("wanted"), is_free(NOW))
    taken = {
        "claimed_until": bindparam("lease"),
        "look_again_at": bindparam("lease"),
        "fence": SyncRow.fence + 1,
        "wake_from": None,
        "deaths": case((_was_left_reading(), SyncRow.deaths + 1), else_=SyncRow.deaths),
        "trouble": case((_was_left_reading(), ""), else_=SyncRow.trouble),
    }
    return update(SyncRow).where(free).values(taken).execution_options(**NO_SYNC)


def _was_left_reading() -> ColumnElement[bool]:
    """Whoever lets go says so. A worker that fell silent over a command has left that running, and is counted there."""
    running = select(CommandRow.id).where(CommandRow.sync_id == SyncRow.id, CommandRow.state == CommandState.RUNNING)
    return and_(SyncRow.claimed_until.is_not(None), ~running.exists())


@cache
def _captured() -> Select[Any]:
    return (
        select(
            *(
                SYNCS.c[name]
                for name in ("account_id", "po", "fence", "hints", "tries", "doubted_at", "deaths", "trouble")
            )
        )
        .add_columns(AccountRow.store_id)
        .join(AccountRow, AccountRow.id == SYNCS.c.account_id)
        .where(SYNCS.c.id == bindparam("wanted"))
    )


@cache
def nearest_read() -> Select[datetime | None]:
    """Asks when the next order falls due that nobody holds; what is overdue counts as it stands, in the past."""
    looks = select(SyncRow.look_again_at).where(
        SyncRow.look_again_at.is_not(None), is_free(NOW), _awake(), circuit.is_awake(NOW)
    )
    return looks.order_by(SyncRow.look_again_at).limit(1)


@cache
def _nearest_command() -> Select[datetime | None]:
    attempts = (
        select(CommandRow.next_attempt_at)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .where(text(IS_OPEN), is_free(NOW), _awake(), _may_call(NOW))
    )
    return attempts.order_by(CommandRow.next_attempt_at).limit(1)


@cache
def _any_due(due: Due) -> Select[int]:
    return select(SyncRow.id).where(SyncRow.id.in_(bindparam("ids", expanding=True)), due(NOW)).limit(1)


def _deadline() -> ColumnElement[Any]:
    """The nearest deadline among the due commands of an order; without one, last."""
    nearest = select(func.min(func.coalesce(CommandRow.deadline, bindparam("last", type_=Utc())))).where(
        CommandRow.sync_id == SyncRow.id, text(IS_OPEN), CommandRow.next_attempt_at <= NOW
    )
    return nearest.correlate(SyncRow).scalar_subquery()


@cache
def _ranked(due: Due) -> Select[int, int, int]:
    """The most urgent of each account, so that a backlog of one never hides what another waits for."""
    first = _deadline() if due is due_commands else SyncRow.look_again_at
    place = func.row_number().over(partition_by=SyncRow.account_id, order_by=(first, SyncRow.id))
    ranked = (
        select(SyncRow.id, SyncRow.account_id, AccountRow.store_id, place.label("place"))
        .join(AccountRow, AccountRow.id == SyncRow.account_id)
        .where(due(NOW), _awake())
        .subquery()
    )
    chosen = select(ranked.c.id, ranked.c.account_id, ranked.c.store_id).where(ranked.c.place <= bindparam("at_most"))
    return chosen.order_by(ranked.c.place, ranked.c.id)


def _share(candidates: Sequence[Row[int, int, int]], *, at_most: int, held: Counter[Holder], threads: int) -> list[int]:
    holders = [(row.id, (Holder("account", row.account_id), Holder("store", row.store_id))) for row in candidates]
    wanting = {holder for _, pair in holders for holder in pair} | {holder for holder, n in held.items() if n}
    several = {kind: sum(holder.kind == kind for holder in wanting) > 1 for kind in ("account", "store")}
    quarter = max(threads // 4, 1)
    taken = Counter(held)
    chosen: list[int] = []
    for sync_id, pair in holders:
        room = all(taken[holder] < (quarter if several[holder.kind] else threads) for holder in pair)
        if len(chosen) < at_most and room:
            taken.update(pair)
            chosen.append(sync_id)
    return chosen


def take_within(work: Work, sync_id: int, now: datetime) -> Claim | None:
    """Win the order by a conditional update, or not. If its worker dies, it is due again when the lease ends."""
    if not work.changed(_capture(), {"wanted": sync_id, "now": now, "lease": now + LEASE}):
        return None
    row = work.execute(_captured(), {"wanted": sync_id}).one()
    return Claim(
        sync_id=sync_id,
        account_id=row.account_id,
        store_id=row.store_id,
        po=row.po,
        fence=row.fence,
        hints=row.hints,
        tries=row.tries,
        is_doubted=row.doubted_at is not None,
        deaths=row.deaths,
        trouble=row.trouble,
    )
