"""An order's log: events, attempts, commands and changes merged by time, newest first, in a merchant's words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import defer

from webapp.connectors import redact
from webapp.connectors.http import READS
from webapp.domain.command_words import IN_WORDS
from webapp.domain.commands import SIDES, CommandState, Side
from webapp.models import AttemptRow, ChangeRow, CommandRow, EventRow, db

MOST_OF_A_KIND = 200
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
RULE = "rule"
IN_PASSING = timedelta(seconds=5)

_EVENT_SIDES = {"walmart": Side.WALMART, "poll": Side.WALMART, "reimport": Side.WALMART, "magento": Side.MAGENTO}
_SENDERS = {"walmart": "Walmart", "magento": "Magento"}
_ACTORS = _SENDERS | {"poll": "poll", "reimport": "reimport", "merchant": ""}
_EVENT_STATES = {
    "received": "Stored; its turn comes in a moment.",
    "waiting": "The order is about to be read on both sides.",
}
_CHANGE_TONES = {
    "attention": "bad",
    "person": "person",
    "note": "person",
    "waiting": "quiet",
    "import": "in",
}
_CHANGE_SIDES = dict.fromkeys(("import", "status", "refund", "cancel", "address", "date"), Side.WALMART)
_CHANGE_SIDES["magento"] = Side.MAGENTO
_ATTEMPT_TONES = {"done": "ok", "failed": "warn", "died": "warn", "parked": "bad", "dismissed": "quiet"}


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call of an attempt, already free of secrets and buyer data."""

    side: str
    method: str
    path: str
    status: int | None
    duration_ms: int
    correlation_id: str
    request: str
    response: str
    error: str

    @property
    def acts(self) -> bool:
        """It was sent to change something; fetching a token is no such call."""
        return self.method not in READS and not self.path.partition("?")[0].endswith("/token")

    @property
    def failed(self) -> bool:
        """No answer, or a refusal."""
        return self.status is None or self.status >= 400


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `kind` is event, attempt, command or change; `tone` how it went; `is_open`: more follows.

    `side` is the neighbour that it is about, empty where it is about both or none; `by_person`: a person's act.
    """

    at: datetime
    kind: str
    id: int
    tone: str
    sentence: str
    by: str = ""
    side: str = ""
    by_person: bool = False
    detail: str = ""
    calls: tuple[Call, ...] = ()
    duration_ms: int | None = None
    is_parked: bool = False
    is_open: bool = False
    again_at: datetime | None = None
    private: str = ""
    """What only those read who may see buyers' data."""
    actor: str = ""
    """Who acted where no person did: a neighbour, the regular look, or the rules."""

    @property
    def call(self) -> Call | None:
        """The one of its calls that tells the most."""
        return _telling(self.calls)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What of a log is wanted: one of `KINDS` and one neighbour; empty is all."""

    kind: str = ""
    side: str = ""

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is wanted."""
        return (not self.side or entry.side == self.side) and (not self.kind or KINDS[self.kind](entry))


KINDS: dict[str, Callable[[Entry], bool]] = {
    "in": lambda entry: entry.kind == "event",
    "calls": lambda entry: entry.kind in {"attempt", "command"},
    "changes": lambda entry: entry.kind == "change" and not entry.by_person,
    "people": lambda entry: entry.by_person,
    "trouble": lambda entry: entry.tone in {"bad", "warn"},
}
"""What a merchant looks for in a log."""


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of an order's log, newest first; what is kept from `older` and before is not in it."""

    entries: tuple[Entry, ...]
    older: datetime | None = None


def log(account_id: int, po: str, sync_id: int, still: Collection[str] = ()) -> tuple[Entry, ...]:
    """What happened to an order, newest first; `still` is what it waits for now. Four statements."""
    return read(account_id, po, sync_id, still).entries


def read(
    account_id: int,
    po: str,
    sync_id: int,
    still: Collection[str] = (),
    before: datetime | None = None,
    issued: Sequence[CommandRow] | None = None,
) -> Log:
    """The same as a stretch of at most so many entries of each kind, from before a moment.

    Four statements; three where all its commands, oldest first, were read before: `issued`.
    """
    end = before or _NEVER
    events = select(EventRow).where(EventRow.account_id == account_id, EventRow.po == po, EventRow.received_at < end)
    told = _newest(events.options(defer(EventRow.body)), EventRow)
    tries = _newest(select(AttemptRow).where(AttemptRow.sync_id == sync_id, AttemptRow.started_at < end), AttemptRow)
    mine = select(CommandRow).where(CommandRow.sync_id == sync_id, CommandRow.issued_at < end)
    commands = _newest(mine, CommandRow) if issued is None else _newest_of(issued, end)
    changes = _newest(select(ChangeRow).where(ChangeRow.sync_id == sync_id, ChangeRow.at < end), ChangeRow)
    askers = {row.id: row.issued_by for row in commands}
    parts = [
        (told, [of_event(row) for row in told]),
        (tries, [of_attempt(row, askers.get(row.command_id, RULE)) for row in tries]),
        (commands, list(_of_commands(commands, {row.command_id for row in tries}))),
        (changes, [of_change(row) for row in changes]),
    ]
    is_cut = [part[-1].at for rows, part in parts if part and len(rows) >= MOST_OF_A_KIND]
    older = max(is_cut, default=None)
    entries = [entry for _, part in parts for entry in part if entry.at < end and (not older or entry.at > older)]
    entries.sort(key=lambda entry: (entry.at, _STEP[entry.kind], entry.id), reverse=True)
    return Log(tuple(_without_passing(entries, still)), older)


_STEP = {"event": 0, "change": 1, "command": 2, "attempt": 3}
"""What stands first within one moment: told, seen, wanted, done."""


def _without_passing(entries: Iterable[Entry], still: Collection[str]) -> Iterator[Entry]:
    """What was waited for only for a moment, until the next thing was done or waited for, is no news."""
    next_at: datetime | None = None
    for entry in entries:
        is_wait = entry.kind == "change" and entry.tone == _CHANGE_TONES["waiting"]
        is_passing = is_wait and next_at is not None and next_at - entry.at < IN_PASSING
        if not is_passing or entry.sentence in still:
            yield entry
        if is_wait or entry.kind == "attempt":
            next_at = entry.at


def of_event(row: EventRow) -> Entry:
    """What came in, who sent it and what became of it."""
    if row.source == "merchant":
        sentence = "Asked for a fresh look at both sides."
    elif row.source == "poll":
        sentence = "Found by the regular look at Walmart's list."
    else:
        sentence = f"Webhook from {_SENDERS.get(row.source, row.source)}: {row.type or 'a notification'}."
    detail = row.reason or _EVENT_STATES.get(row.state, "")
    if row.duplicates:
        detail = f"{detail} Came {row.duplicates + 1} times; it counts once.".strip()
    by = str(row.headers.get("by", "")) if row.source == "merchant" else _SENDERS.get(row.source, "")
    tone = {"failed": "bad", "ignored": "quiet"}.get(row.state, "person" if row.source == "merchant" else "in")
    return Entry(
        row.received_at,
        "event",
        row.id,
        tone,
        sentence,
        by,
        side=_EVENT_SIDES.get(row.source, ""),
        by_person=row.source == "merchant",
        detail=detail,
        is_open=row.state in _EVENT_STATES,
        actor=_ACTORS.get(row.source, row.source),
    )


def of_attempt(row: AttemptRow, asker: str = RULE) -> Entry:
    """One try, with each call that it made, and who asked for what it tried."""
    calls = tuple(_call(call) for call in row.calls)
    told = _telling(calls)
    what = f"{_ordinal(row.number)} try" if row.number > 1 or row.outcome == "failed" else ""
    return Entry(
        at=row.started_at + timedelta(milliseconds=row.duration_ms),
        kind="attempt",
        id=row.id,
        tone=_ATTEMPT_TONES.get(row.outcome, "quiet"),
        sentence=row.sentence,
        side=told.side if told else "",
        detail=what,
        calls=calls,
        duration_ms=row.duration_ms,
        actor=asker,
    )


def of_change(row: ChangeRow) -> Entry:
    """What was seen to change, or what a person did."""
    by = "" if row.by == RULE else row.by
    tone, side = _CHANGE_TONES.get(row.kind, "seen"), _CHANGE_SIDES.get(row.kind, "")
    return Entry(
        row.at,
        "change",
        row.id,
        tone,
        row.sentence,
        by,
        side,
        by_person=bool(by),
        private=row.private or "",
        actor="" if by else str(side) or RULE,
    )


def of_command(row: CommandRow) -> Entry:
    """A command in its present state."""
    wanted, done, doing = in_words(row.kind)
    by, is_waiting = row.issued_by, row.state == CommandState.QUEUED
    match CommandState(row.state):
        case CommandState.PARKED:
            tone, sentence = "bad", f"{wanted}: failed."
        case CommandState.DISMISSED:
            tone, sentence, by = "quiet", f"{wanted}: not done.", row.dismissed_by or by
        case CommandState.RUNNING:
            tone, sentence = "under-way", doing
        case CommandState.DONE:
            tone, sentence = "ok", row.outcome or f"{done}."
        case CommandState.QUEUED:
            tone, sentence = "under-way", f"{wanted}: tried again soon." if row.tries else f"{wanted}: next in turn."
    by = "" if by == RULE else by
    return Entry(
        row.ended_at or row.issued_at,
        "command",
        row.id,
        tone,
        sentence,
        by,
        side=SIDES.get(row.kind, ""),
        by_person=bool(by),
        detail="" if row.state == CommandState.DONE else row.reason,
        is_parked=row.state == CommandState.PARKED,
        again_at=row.next_attempt_at if is_waiting else None,
        actor="" if by else RULE,
    )


def in_words(kind: str) -> tuple[str, str, str]:
    """What a command will do, did and is doing; its bare name for one that this version does not know."""
    return IN_WORDS.get(kind, (kind, kind, f"{kind}…"))


def body_of(row: EventRow) -> str:
    """The body of an event as it may be shown: secrets and buyer data masked; empty once it was erased."""
    return redact.body(row.body)


def _of_commands(rows: Iterable[CommandRow], tried: set[int | None]) -> Iterator[Entry]:
    """A command that went out is told by its attempts; the others by themselves."""
    told_by_attempts = {CommandState.DONE, CommandState.QUEUED}
    for row in rows:
        if row.state not in told_by_attempts or row.id not in tried or (row.state == CommandState.QUEUED and row.tries):
            yield of_command(row)


def _newest(statement: Any, row: Any) -> list[Any]:
    return list(db.session.execute(statement.order_by(row.id.desc()).limit(MOST_OF_A_KIND)).scalars())


def _newest_of(issued: Sequence[CommandRow], end: datetime) -> list[CommandRow]:
    return [row for row in reversed(issued) if row.issued_at < end][:MOST_OF_A_KIND]


def _telling(calls: Sequence[Call]) -> Call | None:
    """The last call where it failed, else the last one that did something, else the last one."""
    if not calls or calls[-1].failed:
        return calls[-1] if calls else None
    return next((one for one in reversed(calls) if one.acts), calls[-1])


def _call(kept: dict[str, Any]) -> Call:
    # Masked once more: what an earlier version kept may still name a buyer.
    parts = urlsplit(redact.address(str(kept.get("url", ""))))
    return Call(
        side=str(kept.get("side", "")),
        method=str(kept.get("method", "")),
        path=parts.path + (f"?{parts.query}" if parts.query else ""),
        status=kept.get("status"),
        duration_ms=int(kept.get("duration_ms") or 0),
        correlation_id=str(kept.get("correlation_id", "")),
        request=str(kept.get("request_excerpt", "")),
        response=str(kept.get("response_excerpt", "")),
        error=str(kept.get("error", "")),
    )


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
