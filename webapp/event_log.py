"""The webhook log: every event, newest first, narrowed by what became of it, who sent it, its kind, time and order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select, text, union_all
from sqlalchemy.orm import defer

from webapp import days
from webapp.domain.commands import CommandState
from webapp.inbox import EventState
from webapp.models import (
    CAME_AGAIN,
    CAME_TO_NOTHING,
    IS_A_SHOPS,
    IS_OUR_OWN,
    IS_UNANSWERED,
    IS_WALMARTS,
    AccountRow,
    ChangeRow,
    CommandRow,
    EventActRow,
    EventRow,
    StoreRow,
    SyncRow,
    db,
)
from webapp.queries import COUNTED_TO, Count, capped, moment_of, version

PAGE_SIZE = 50
KINDS_FROM = 2_000
"""So many of the newest events tell which kinds there are to choose from."""
MOST_FOUND = 1_000
WALMART, MAGENTO, POLL, MERCHANT = "walmart", "magento", "poll", "merchant"
OUR_OWN = {POLL: (POLL, "reimport"), MERCHANT: (MERCHANT,)}
SETTLES_WITHIN = timedelta(seconds=5)
"""What an event led to stands in the log at most so long after the read that answered it."""

_FINDABLE = re.compile(r"(?=[^0-9]{0,40}[0-9])[A-Za-z0-9_.\-]{1,64}\Z")
_OF_STATE = {
    "waiting": IS_UNANSWERED,
    "done": "state = 'handled'",
    "ignored": f"{CAME_TO_NOTHING} and state = 'ignored'",
    "failed": f"{CAME_TO_NOTHING} and state = 'failed'",
    "set-aside": f"{CAME_TO_NOTHING} and state = 'dismissed'",
    "again": CAME_AGAIN,
}
SHOWS = ("", *_OF_STATE)
"""What became of an event, and those that came more than once. The conditions are written out: see the indexes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the log is wanted. `sender` is `walmart:KEY`, `magento:KEY`, `poll` or `merchant`; empty is all.

    Times are kept as they were typed. `find` is a purchase order, an event's id or, as `#12`, the number of an event.
    """

    show: str = ""
    sender: str = ""
    type: str = ""
    since: str = ""
    until: str = ""
    find: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read leniently: what makes no sense is left out."""
        show = args.get("show", "")
        return cls(
            show=show if show in SHOWS else "",
            sender=args.get("sender", "")[:80],
            type=args.get("type", "")[:130],
            since=args.get("since", "").strip()[:32],
            until=args.get("until", "").strip()[:32],
            find=findable(args.get("find", "")),
        )

    def to_args(self) -> dict[str, str]:
        """The shortest address arguments that say the same."""
        names = ("show", "sender", "type", "since", "until", "find")
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def is_narrowed(self) -> bool:
        """By more than a tab."""
        return bool(self.sender or self.type or self.since or self.until or self.find)


@dataclass(frozen=True, slots=True)
class Read:
    """The conditions that a question comes down to, and a sentence for each part of it that cannot be read."""

    conditions: tuple[ColumnElement[bool], ...]
    mistakes: dict[str, str] = field(default_factory=dict)


def findable(typed: str) -> str:
    """What was typed, if it can be the number of an order or an event: those hold a digit, and no name of a buyer."""
    typed = typed.strip()
    return typed if _FINDABLE.match(typed.removeprefix("#")) else ""


def read(asked: Asked, zone: tzinfo) -> Read:
    """The question in the database's terms; nothing fits what cannot be read."""
    found: list[ColumnElement[bool]] = []
    mistakes: dict[str, str] = {}
    if asked.show:
        found.append(_written(_OF_STATE[asked.show]))
    if asked.sender:
        found.append(_sent_by(asked.sender))
    if asked.type:
        # What came to nothing is found by its state: the index of kinds would lead through all that did not.
        found.append((EventRow.type.concat("") if asked.show else EventRow.type) == asked.type)
    for name, reader in (("since", days.moment), ("until", days.end)):
        typed = getattr(asked, name)
        try:
            at = reader(typed, zone) if typed else None
        except (ValueError, OverflowError):
            mistakes[name] = f"The time “{typed}” cannot be read. Write it like 2026-11-01 or 2026-11-01 14:30."
            found.append(false())
        else:
            if at is not None:
                found.append(EventRow.received_at >= at if name == "since" else EventRow.received_at < at)
    if asked.find:
        found.append(EventRow.id.in_(_found(asked.find)))
    return Read(tuple(found), mistakes)


def page(wanted: Read, older: str = "") -> tuple[Sequence[EventRow], str]:
    """Fifty events without their bodies, and where the next fifty begin; empty where there are none."""
    conditions = [*wanted.conditions, *_before(older)]
    newest = select(EventRow).where(*conditions).order_by(EventRow.received_at.desc(), EventRow.id.desc())
    found = db.session.execute(newest.options(defer(EventRow.body)).limit(PAGE_SIZE + 1)).scalars().all()
    shown = found[:PAGE_SIZE]
    return shown, f"{version(shown[-1].received_at)}.{shown[-1].id}" if len(found) > PAGE_SIZE else ""


def counts(asked: Asked, zone: tzinfo, shows: Sequence[str]) -> dict[str, Count]:
    """How many there are of each, under the same filters; one statement."""
    columns = []
    for show in shows:
        conditions = read(Asked(**{**_fields(asked), "show": show}), zone).conditions
        found = select(literal(1)).select_from(EventRow).where(*conditions).limit(COUNTED_TO + 1)
        columns.append(select(func.count()).select_from(found.subquery()).scalar_subquery())
    return {
        show: capped(number) for show, number in zip(shows, db.session.execute(select(*columns)).one(), strict=True)
    }


def kinds() -> list[str]:
    """The kinds of the newest events, by name."""
    newest = (
        select(EventRow.type).order_by(EventRow.received_at.desc(), EventRow.id.desc()).limit(KINDS_FROM).subquery()
    )
    return sorted(kind for kind in db.session.execute(select(newest.c.type).distinct()).scalars() if kind)


def senders() -> list[tuple[str, str]]:
    """Whoever may have sent an event, as the value of `sender` and its name."""
    told = [
        *((WALMART, row.key, f"Walmart · {row.name}") for row in _named(AccountRow)),
        *((MAGENTO, row.key, f"Magento · {row.name}") for row in _named(StoreRow)),
    ]
    own = [(POLL, "Polls and reimports"), (MERCHANT, "People")]
    return [*((f"{source}:{key}", name) for source, key, name in told), *own]


def replays(event_ids: Sequence[int]) -> dict[int, int]:
    """How often each of these events was replayed; those that never were are left out."""
    acts = select(EventActRow.event_id, func.count()).where(
        EventActRow.event_id.in_(event_ids), EventActRow.kind == "replay"
    )
    return {row[0]: row[1] for row in db.session.execute(acts.group_by(EventActRow.event_id))}


def acts_of(event_id: int) -> Sequence[EventActRow]:
    """What people did with an event, oldest first."""
    wanted = select(EventActRow).where(EventActRow.event_id == event_id).order_by(EventActRow.id)
    return db.session.execute(wanted).scalars().all()


def twins(event: EventRow) -> Sequence[EventRow]:
    """The same news under another name, the event itself left out."""
    if event.account_id is None or event.po is None:
        return ()
    first = event.twin_of or event.id
    mine = and_(EventRow.account_id == event.account_id, EventRow.po == event.po, EventRow.id != event.id)
    same = select(EventRow).where(mine, or_(EventRow.id == first, EventRow.twin_of == first))
    return db.session.execute(same.options(defer(EventRow.body)).order_by(EventRow.id)).scalars().all()


def led_to(event: EventRow) -> tuple[Sequence[ChangeRow], Sequence[CommandRow]]:
    """What was seen and what was sent out on its order between its arrival and the read that answered it."""
    if event.account_id is None or event.po is None or event.state != EventState.HANDLED or event.handled_at is None:
        return (), ()
    sync = select(SyncRow.id).where(SyncRow.account_id == event.account_id, SyncRow.po == event.po).scalar_subquery()
    begin, end = _began(event), event.handled_at + SETTLES_WITHIN
    changes = select(ChangeRow).where(ChangeRow.sync_id == sync, ChangeRow.at >= begin, ChangeRow.at <= end)
    commands = select(CommandRow).where(
        CommandRow.sync_id == sync,
        CommandRow.issued_at >= begin,
        CommandRow.issued_at <= end,
        or_(CommandRow.state != CommandState.DISMISSED, CommandRow.tries > 0),
    )
    return (
        db.session.execute(changes.order_by(ChangeRow.id).limit(PAGE_SIZE)).scalars().all(),
        db.session.execute(commands.order_by(CommandRow.id).limit(PAGE_SIZE)).scalars().all(),
    )


def _began(event: EventRow) -> datetime:
    """When the present attempt began."""
    last = select(func.max(EventActRow.at)).where(EventActRow.event_id == event.id, EventActRow.kind == "replay")
    return db.session.execute(last).scalar_one() or event.received_at


def _fields(asked: Asked) -> dict[str, str]:
    return {name: getattr(asked, name) for name in ("show", "sender", "type", "since", "until", "find")}


def _named(row: type[AccountRow] | type[StoreRow]) -> Sequence[Any]:
    return db.session.execute(select(row.key, row.name).order_by(row.name)).all()


def _written(condition: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = text(f"({condition})")  # type: ignore[assignment]
    return found


def _sent_by(sender: str) -> ColumnElement[bool]:
    source, _, key = sender.partition(":")
    if source == WALMART:
        mine = select(AccountRow.id).where(AccountRow.key == key).scalar_subquery()
        return and_(_written(IS_WALMARTS), EventRow.account_id == mine)
    if source == MAGENTO:
        mine = select(StoreRow.id).where(StoreRow.key == key).scalar_subquery()
        return and_(_written(IS_A_SHOPS), EventRow.store_id == mine)
    return and_(_written(IS_OUR_OWN), EventRow.source.in_(OUR_OWN.get(source, ())))


def _before(older: str) -> tuple[ColumnElement[bool], ...]:
    at, _, number = older.partition(".")
    moment = moment_of(at)
    if moment is None or not number.isdecimal() or len(number) > 18:
        return ()
    earlier = and_(EventRow.received_at == moment, EventRow.id < int(number))
    return (EventRow.received_at <= moment, or_(EventRow.received_at < moment, earlier))


def _found(find: str) -> Select[Any]:
    """The ids of what was looked for, each by an index of its own."""
    if find.startswith("#"):
        return select(EventRow.id).where(EventRow.id == _number(find[1:]))
    accounts, stores = _named_ids(AccountRow), _named_ids(StoreRow)
    keys = [f"{WALMART}:{one}:{find}" for one in accounts] + [f"{MAGENTO}:{one}:{find}" for one in stores]
    ways = [
        select(EventRow.id).where(EventRow.account_id.in_(accounts), EventRow.po == find),
        select(EventRow.id).where(EventRow.delivery_key.in_(keys)),
    ]
    each = [select(way.limit(MOST_FOUND).subquery()) for way in ways]
    return select(union_all(*each).subquery().c.id)


def _named_ids(row: type[AccountRow] | type[StoreRow]) -> list[int]:
    return list(db.session.execute(select(row.id)).scalars())


def _number(text_: str) -> int:
    return int(text_) if text_.isdecimal() and len(text_) < 18 else -1
