"""The logs of all orders as one: what came in, what was tried, what was seen and what people did, newest first.

However much there is, a page looks at a stretch of each table and no further; where little in it fits, the next page
begins at the stretch's end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, defer

from webapp import timeline
from webapp.inbox import EventState
from webapp.models import AccountRow, AttemptRow, ChangeRow, EventRow, SyncRow, UserRow, db
from webapp.queries import moment_of, version
from webapp.timeline import RULE, Entry

PAGE_SIZE = 50
ONCE_FROM = 300
"""So many lines of each table are read for a page on which each order stands once."""
LOOKED_AT = 20_000
LONGEST_TEXT = 100
KINDS = tuple(timeline.KINDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted: one of `KINDS`, an account by its key, a person by their number or `rules`, words of a sentence
    or a purchase order; and whether each order stands there once, with its newest line."""

    kind: str = ""
    account: str = ""
    who: str = ""
    once: bool = False
    text: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read leniently: what makes no sense is left out."""
        kind, who = args.get("kind", ""), args.get("who", "")
        return cls(
            kind=kind if kind in KINDS else "",
            account=args.get("account", "")[:64],
            who=who if who == "rules" or (who.isdecimal() and len(who) < 18) else "",
            once=args.get("once") == "1",
            text=args.get("text", "").strip()[:LONGEST_TEXT],
        )

    def to_args(self) -> dict[str, str]:
        """As address arguments, without the text: it may be a buyer's name."""
        given = {"kind": self.kind, "account": self.account, "who": self.who, "once": "1" if self.once else ""}
        return {name: value for name, value in given.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.account or self.who or self.text)


@dataclass(frozen=True, slots=True)
class Told:
    """One line, and the order that it is about; `command_id` where a try of a command is told."""

    entry: Entry
    account_key: str
    account: str
    po: str
    command_id: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page. `older` is where the next one begins, empty at the end; `until` how far back was looked for it."""

    lines: tuple[Told, ...]
    older: str
    until: datetime | None


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a line stands; of one moment, what was tried is newer than what was seen, and that than what came."""

    at: datetime
    step: int
    id: int


@dataclass(frozen=True, slots=True)
class _Source:
    """One of the tables that a line may come from."""

    step: int
    row: type[EventRow] | type[ChangeRow] | type[AttemptRow]
    at: InstrumentedAttribute[datetime]


_SOURCES = (
    _Source(0, EventRow, EventRow.received_at),
    _Source(1, ChangeRow, ChangeRow.at),
    _Source(2, AttemptRow, AttemptRow.started_at),
)


def read(asked: Asked, before: str = "") -> Stretch:
    """Fifty lines from before a place. At most seven statements, ten where each order stands once."""
    place, who = _place(before), _person(asked.who)
    found: list[tuple[_Place, Told]] = []
    ends: list[_Place] = []
    for source in _SOURCES:
        some, end = _some(source, asked, who, place)
        found += some
        ends += [end] if end else []
    end = max(ends, default=None)
    lines = sorted((line for line in found if end is None or line[0] >= end), key=lambda line: line[0], reverse=True)
    shown = _once(lines, _told_before(asked, who, place, lines)) if asked.once else lines
    if len(shown) > PAGE_SIZE:
        shown = shown[:PAGE_SIZE]
        end = shown[-1][0]
    return Stretch(tuple(line for _, line in shown), _said(end), end.at if end else None)


def people() -> Sequence[tuple[int, str]]:
    """Whoever may have done something, by number and e-mail."""
    return [
        (row.id, row.email) for row in db.session.execute(select(UserRow.id, UserRow.email).order_by(UserRow.email))
    ]


def _some(
    source: _Source, asked: Asked, who: str, place: _Place | None
) -> tuple[list[tuple[_Place, Told]], _Place | None]:
    """The newest of a table that fit, and where the looking ended, if not at the table's end."""
    fits = _fits(source, asked, who)
    if fits is None:
        return [], None
    row: Any = source.row
    wanted = _joined(source, row).where(_before(source, place), *fits(row))
    end = _end(source, place) if asked.is_narrowed else None
    if end is not None:
        wanted = wanted.where(source.at >= end.at)
    if source.row is EventRow:
        wanted = wanted.options(defer(row.body))
    most = ONCE_FROM if asked.once else PAGE_SIZE
    rows = db.session.execute(wanted.order_by(source.at.desc(), row.id.desc()).limit(most + 1)).all()
    lines = [(_Place(getattr(one[0], source.at.key), source.step, one[0].id), _told(*one)) for one in rows]
    if len(rows) > most:
        return lines, lines[-1][0]
    return lines, end


def _end(source: _Source, place: _Place | None) -> _Place | None:
    """Where the looking ends, if not at the table's end."""
    last = select(source.at, source.row.id).where(_before(source, place))
    last = last.order_by(source.at.desc(), source.row.id.desc()).offset(LOOKED_AT - 1).limit(1)
    found = db.session.execute(last).one_or_none()
    return _Place(found[0], source.step, found[1]) if found else None


def _joined(source: _Source, row: Any) -> Select[Any]:
    """With the account and the order: events name them, the others through the order's turn."""
    if source.row is EventRow:
        wanted = select(row, AccountRow.key, AccountRow.name, row.po)
        return wanted.outerjoin(AccountRow, AccountRow.id == row.account_id)
    wanted = select(row, AccountRow.key, AccountRow.name, SyncRow.po)
    return wanted.join(SyncRow, SyncRow.id == row.sync_id).join(AccountRow, AccountRow.id == SyncRow.account_id)


def _fits(source: _Source, asked: Asked, who: str) -> Any:
    """Builds the conditions for a table's row; None where none of it is wanted."""
    kind = _OF_KIND[asked.kind].get(source.row)
    if kind is None:
        return None

    def conditions(row: Any) -> list[ColumnElement[bool]]:
        found = [kind(row)]
        if asked.account:
            found.append(AccountRow.key == asked.account)
        if asked.who:
            found.append(_by(source, row, who))
        if asked.text:
            found.append(_says(source, row, asked.text))
        return found

    return conditions


def _anything(_row: Any) -> ColumnElement[bool]:
    return true()


_OF_KIND: dict[str, dict[Any, Any]] = {
    "": dict.fromkeys((EventRow, ChangeRow, AttemptRow), _anything),
    "in": {EventRow: _anything},
    "calls": {AttemptRow: _anything},
    "changes": {ChangeRow: lambda row: row.by.in_(("", RULE))},
    "people": {
        ChangeRow: lambda row: row.by.not_in(("", RULE)),
        EventRow: lambda row: row.source == "merchant",
    },
    "trouble": {
        EventRow: lambda row: row.state == EventState.FAILED,
        ChangeRow: lambda row: row.kind.in_(("attention", "cancel")),
        AttemptRow: lambda row: row.outcome.in_(("failed", "parked")),
    },
}
"""The same as `timeline.KINDS`, as conditions."""


def _by(source: _Source, row: Any, who: str) -> ColumnElement[bool]:
    if source.row is ChangeRow:
        return row.by.in_(("", RULE)) if not who else row.by == who  # type: ignore[no-any-return]
    if source.row is EventRow and who:
        return and_(row.source == "merchant", row.headers["by"].as_string() == who)
    if who:
        return false()
    return true() if source.row is AttemptRow else row.source != "merchant"


def _says(source: _Source, row: Any, typed: str) -> ColumnElement[bool]:
    po = row.po if source.row is EventRow else SyncRow.po
    words = (row.type, row.reason) if source.row is EventRow else (row.sentence,)
    return or_(po == typed, *(word.icontains(typed, autoescape=True) for word in words))


def _told(row: Any, key: str | None, account: str | None, po: str | None) -> Told:
    if isinstance(row, EventRow):
        entry = timeline.of_event(row)
    elif isinstance(row, ChangeRow):
        entry = timeline.of_change(row)
    else:
        entry = timeline.of_attempt(row)
    command_id = row.command_id if isinstance(row, AttemptRow) else None
    return Told(entry, key or "", account or "", po or "", command_id)


def _told_before(
    asked: Asked, who: str, place: _Place | None, lines: Sequence[tuple[_Place, Told]]
) -> set[tuple[str, str]]:
    """Those of the orders here that have a newer line which fits, on a page before this one."""
    keys = {line.account_key for _, line in lines if line.po}
    pos = {line.po for _, line in lines if line.po}
    found: set[tuple[str, str]] = set()
    for source in _SOURCES if place is not None and pos else ():
        fits = _fits(source, asked, who)
        if fits is None:
            continue
        row: Any = source.row
        po = row.po if source.row is EventRow else SyncRow.po
        of_these = AccountRow.key.in_(keys), po.in_(pos), not_(_before(source, place))
        newer = _joined(source, row).where(*of_these, *fits(row))
        found |= {
            (one.key, one.po) for one in db.session.execute(newer.with_only_columns(AccountRow.key, po).distinct())
        }
    return found


def _once(lines: Sequence[tuple[_Place, Told]], told: Collection[tuple[str, str]]) -> list[tuple[_Place, Told]]:
    """The newest line of each order that was not told before; what is about no order stands each."""
    seen = set(told)
    kept = []
    for place, line in lines:
        order = (line.account_key, line.po)
        if not line.po or order not in seen:
            kept.append((place, line))
        seen.add(order)
    return kept


def _before(source: _Source, place: _Place | None) -> ColumnElement[bool]:
    if place is None:
        return true()
    if source.step < place.step:
        return source.at <= place.at
    if source.step > place.step:
        return source.at < place.at
    return and_(source.at <= place.at, or_(source.at < place.at, source.row.id < place.id))


def _person(who: str) -> str:
    """The e-mail of the person with this number; empty for the rules."""
    if not who or who == "rules":
        return ""
    return db.session.execute(select(UserRow.email).where(UserRow.id == int(who))).scalar_one_or_none() or "nobody"


def _place(text: str) -> _Place | None:
    at, _, rest = text.partition(".")
    step, _, number = rest.partition(".")
    moment = moment_of(at)
    if moment is None or step not in {"0", "1", "2"} or not number.isdecimal() or len(number) > 18:
        return None
    return _Place(moment, int(step), int(number))


def _said(place: _Place | None) -> str:
    return f"{version(place.at)}.{place.step}.{place.id}" if place else ""
