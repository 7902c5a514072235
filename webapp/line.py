"""The line before each rate limit: the nearest deadline gets the next token, and the others are told their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Row, Select, and_, case, func, or_, select, text, update

from webapp import claims, clock, limits
from webapp.columns import NOW
from webapp.domain.command_words import DOING
from webapp.domain.commands import CommandState
from webapp.domain.limits import BY_COMMAND, Bucket, Endpoint
from webapp.limits import Meter
from webapp.models import IS_OPEN, CommandRow, OrderRow, SyncRow, db
from webapp.unit_of_work import Work, unit_of_work

AT_ONCE = 1000
SOON = timedelta(seconds=1)
"""What those are told who wait for nothing but the first answer to say how full the bucket is."""


_TAKEN, _RIPE = SyncRow.claimed_until >= NOW, CommandRow.next_attempt_at <= NOW
_HELD = and_(CommandRow.state == CommandState.RUNNING, _TAKEN)
_QUEUED = and_(CommandRow.state == CommandState.QUEUED, claims.is_free(NOW))
_BEGUN = or_(and_(_HELD, CommandRow.is_in_line), and_(CommandRow.state == CommandState.QUEUED, _TAKEN, _RIPE))
_COUNTED = {
    "running": or_(_HELD, _BEGUN),
    "let_go": _BEGUN,
    "due": and_(_QUEUED, _RIPE),
    "later": and_(_QUEUED, CommandRow.next_attempt_at > NOW, CommandRow.is_in_line),
}
_STANDING = (
    select(
        SyncRow.account_id,
        CommandRow.kind,
        *(func.sum(case((which, 1), else_=0)).label(name) for name, which in _COUNTED.items()),
    )
    .join(SyncRow, SyncRow.id == CommandRow.sync_id)
    .where(text(IS_OPEN), CommandRow.kind.in_(BY_COMMAND), or_(_HELD, *_COUNTED.values()))
    .group_by(SyncRow.account_id, CommandRow.kind)
)
"""The lines by account and kind of command: what `_Line` counts."""


@dataclass(frozen=True, slots=True)
class _Line:
    """How many commands of one account stand before one endpoint: claimed by a worker, those of them that have not
    taken their token yet, due, and told a later time."""

    account_id: int
    endpoint: Endpoint
    running: int
    let_go: int
    due: int
    later: int


def arrange() -> None:
    """Make as many waiting commands due as may go out now, nearest deadline first, and put the others back.

    Each of those learns its time and its order says so. What is due after this has its token, or is not limited;
    the call itself still takes it, so that two workers who arrange at once cannot spend it twice.
    """
    now = clock.now()
    for line in standing():
        meter = limits.meter_of(line.account_id, line.endpoint)
        room = _room(limits.look(meter), line, now)
        if line.due > room or (line.later and line.due < room):
            _arrange(meter, line)


def _room(bucket: Bucket, line: _Line, now: datetime) -> int:
    """How many more may start. A bucket that was not heard of lately lets one go first, and learns from it."""
    free = bucket.free(now)
    return max(free - line.let_go if bucket.is_known(now) else min(free, 1) - line.running, 0)


def standing() -> list[_Line]:
    """The lines as they are now."""
    return list(_lines(clock.now()))


def _lines(now: datetime) -> Iterator[_Line]:
    rows = sorted(db.session.execute(_STANDING, {"now": now}), key=_pair)
    for (account_id, endpoint), group in groupby(rows, _pair):
        members = list(group)
        yield _Line(
            account_id, Endpoint(endpoint), **{name: sum(getattr(row, name) for row in members) for name in _COUNTED}
        )


def _pair(row: Row[int, str]) -> tuple[int, str]:
    return row[0], BY_COMMAND[row[1]].value


def _arrange(meter: Meter, line: _Line) -> None:
    with unit_of_work() as work:
        bucket, now = limits.hold(work, meter), clock.now()
        room = _room(bucket, line, now)
        moved = work.execute(_moved(meter, room, now)).all()
        first = [row.id for row in moved if row.place <= room]
        if first:
            work.execute(update(CommandRow).where(CommandRow.id.in_(first)).values(next_attempt_at=now))
        soonest = now if bucket.is_known(now) else now + SOON
        times = {row.id: max(bucket.ready_at(line.let_go + row.place), soonest) for row in moved if row.place > room}
        _put_back(work, times, lambda at: meter.limit.in_words(meter.endpoint, at))


def _moved(meter: Meter, room: int, now: datetime) -> Select[int, int]:
    """Those whose time is wrong: they stand within the room and are not due, or are due and stand behind it."""
    kinds = [kind for kind, endpoint in BY_COMMAND.items() if endpoint is meter.endpoint]
    urgency = (CommandRow.deadline.is_(None), CommandRow.deadline, CommandRow.id)
    stand = (
        select(CommandRow.id, CommandRow.next_attempt_at, func.row_number().over(order_by=urgency).label("place"))
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .where(text(IS_OPEN), CommandRow.state == CommandState.QUEUED, CommandRow.kind.in_(kinds), claims.is_free(now))
        .where(SyncRow.account_id == meter.account_id, or_(CommandRow.next_attempt_at <= now, CommandRow.is_in_line))
        .subquery()
    )
    early = and_(stand.c.place <= room, stand.c.next_attempt_at > now)
    late = and_(stand.c.place > room, stand.c.next_attempt_at <= now)
    return select(stand.c.id, stand.c.place).where(or_(early, late)).order_by(stand.c.place).limit(AT_ONCE)


def _put_back(work: Work, times: Mapping[int, datetime], words: Callable[[datetime], str]) -> None:
    """Rows that somebody works on are passed over: they are tried in any case, and nobody waits for anybody here."""
    found = select(CommandRow.id, CommandRow.sync_id, CommandRow.kind).where(CommandRow.id.in_(times))
    rows = work.execute(found.with_for_update(skip_locked=True)).all()
    if not rows:
        return
    told = [
        {"id": row.id, "next_attempt_at": times[row.id], "is_in_line": True, "reason": words(times[row.id])}
        for row in rows
    ]
    work.session.execute(update(CommandRow), told)
    tell_orders(work, {row.sync_id: (row.kind, words(times[row.id])) for row in rows})


def tell_orders(work: Work, told: Mapping[int, tuple[str, str]]) -> None:
    """Say on each order, by its turn's id, why its command of that kind waits; until the order is read again."""
    found = select(OrderRow.id, OrderRow.sync_id, OrderRow.waiting_for).where(OrderRow.sync_id.in_(told))
    changed = []
    for row in work.execute(found.with_for_update(skip_locked=True)):
        kind, why = told[row.sync_id]
        sentences = [
            f"{DOING[kind]}: {why}" if sentence.startswith(DOING[kind]) else sentence for sentence in row.waiting_for
        ]
        if sentences != row.waiting_for:
            changed.append({"id": row.id, "waiting_for": sentences})
    if changed:
        work.session.execute(update(OrderRow), changed)
