"""Reimport: a person has all orders of some days read again, whatever their age; page by page, to be called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp import circuit, clock, days, scans
from webapp.accounts import Account, Refused
from webapp.domain import scan as rules
from webapp.domain.poll_kinds import SHIP_NODES
from webapp.domain.scan import OLDEST, By, Scan, Window
from webapp.models import OrderRow, PollRow, ReimportRow, db
from webapp.order_pages import Tally
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

KIND = "reimport"
SPAN = timedelta(days=7)
"""One window: what is read again at most when a page fails or a worker dies."""
IN_WORDS = {"SellerFulfilled": "orders", "WFSFulfilled": "WFS orders", "3PLFulfilled": "3PL orders"}


class State(StrEnum):
    """A reimport's life. Trouble never ends it: it is tried again until it is done or called off."""

    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"


FUTURE = "That lies in the future. Choose today or an earlier day."


class WrongDays(Refused):
    """What was typed cannot be read again; `by_field` says why, under `since` and `until`."""

    def __init__(self, **by_field: str) -> None:
        super().__init__(" ".join(by_field.values()))
        self.by_field = by_field


@dataclass(frozen=True, slots=True)
class Days:
    """The time that a reimport covers, by date of the order."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """A reimport as it is shown. `total` is what Walmart announced so far, `percent` is of the time covered."""

    id: int
    account_id: int
    since: datetime
    until: datetime
    by: str
    state: State
    is_canceling: bool
    pages: int
    orders: int
    new: int
    changed: int
    unreadable: int
    total: int
    percent: int
    trouble: str
    started_at: datetime
    ended_at: datetime | None
    sentence: str
    pace: str
    """How fast it goes, how long it will still take as soon as that can be told, and the newest order; empty unless it
    runs and has read some."""

    @property
    def is_running(self) -> bool:
        return self.state is State.RUNNING


def chosen(account: Account, since: str, until: str) -> Days:
    """What was typed, `2026-11-01` or a whole time, in the store's time zone. Raises Refused with the sentence to show.

    From must not be later than to, nothing may lie in the future, and it is at most 180 days, all of them within
    the last 180: Walmart gives out no older orders.
    """
    zone, now = account.store.zone, clock.now()
    wrong = {"since": _unreadable("From", since, zone), "until": _unreadable("To", until, zone)}
    if any(wrong.values()):
        raise WrongDays(**{name: said for name, said in wrong.items() if said})
    start, last = days.moment(since, zone), days.moment(until, zone)
    if start > last:
        raise WrongDays(since="From is later than To. Swap them.")
    future = {name: FUTURE for name, at in (("since", start), ("until", last)) if at > now}
    if future:
        raise WrongDays(**future)
    # By the calendar: between two seasons 180 days are an hour longer or shorter.
    if last.astimezone(zone).date() - start.astimezone(zone).date() > OLDEST:
        raise WrongDays(since="That is more than 180 days. Choose a shorter time.")
    earliest = now.astimezone(zone).date() - OLDEST
    if start.astimezone(zone).date() < earliest:
        said = f"Walmart gives out orders of the last 180 days only. Choose {earliest} or later as From."
        raise WrongDays(since=said)
    return Days(start, min(days.end(until, zone), now))


def start(account: Account, wanted: Days, by: str) -> int:
    """Begin to read these days; returns the reimport's number. Raises Refused while another one runs."""
    parts = rules.spans(wanted.since, wanted.until, SPAN)
    # Part by part, whoever ships, so that the part that is done tells how long the rest will take.
    windows = tuple(Window(node, By.CREATED, *part) for part in parts for node in SHIP_NODES)
    try:
        with unit_of_work() as work:
            row = ReimportRow(
                account_id=account.id,
                since=wanted.since,
                until=wanted.until,
                by=by,
                state=State.RUNNING,
                started_at=clock.now(),
            )
            work.add(row)
            work.flush()
            work.add(
                PollRow(
                    kind=KIND,
                    account_id=account.id,
                    name=name_of(row.id),
                    due_at=clock.now(),
                    progress=scans.to_json(Scan(windows)),
                )
            )
            work.ring(Bell.INBOUND)
            return row.id
    except IntegrityError:
        raise Refused(f"A reimport of {account.name} is running. Wait for it, or stop it first.") from None


def cancel(reimport_id: int) -> bool:
    """Call it off: it ends after the page at hand, or at once where none is. False when it has ended already."""
    mine = and_(ReimportRow.id == reimport_id, ReimportRow.state == State.RUNNING)
    poll = PollRow.name == name_of(reimport_id)
    idle = or_(PollRow.claimed_until.is_(None), PollRow.claimed_until < clock.now())
    with unit_of_work() as work:
        asked = work.changed(update(ReimportRow).where(mine).values(wants_cancel=True))
        if work.changed(delete(PollRow).where(poll, idle)):
            work.execute(update(ReimportRow).where(mine).values(state=State.CANCELED, ended_at=clock.now()))
    return bool(asked)


def progress(reimport_id: int) -> Progress | None:
    """How it stands."""
    wanted = select(ReimportRow).where(ReimportRow.id == reimport_id).execution_options(populate_existing=True)
    row = db.session.execute(wanted).scalar_one_or_none()
    return _shown(row) if row else None


def of_account(account_id: int, at_most: int = 10) -> Sequence[Progress]:
    """The account's reimports, newest first."""
    wanted = select(ReimportRow).where(ReimportRow.account_id == account_id).order_by(ReimportRow.id.desc())
    found = wanted.limit(at_most).execution_options(populate_existing=True)
    return [_shown(row) for row in db.session.execute(found).scalars()]


def name_of(reimport_id: int) -> str:
    """The name of the poll that does the reading, as long as it lasts."""
    return f"{KIND}:{reimport_id}"


def number_in(name: str) -> int:
    """The inverse of `name_of`."""
    return int(name.rpartition(":")[2])


def is_called_off(reimport_id: int) -> bool:
    """Asked between two pages."""
    wanted = select(ReimportRow.wants_cancel).where(ReimportRow.id == reimport_id)
    return db.session.execute(wanted).scalar_one_or_none() is not False


def record(work: Work, reimport_id: int, scan: Scan, tally: Tally) -> None:
    """Count a page that is stored in this transaction; one without orders is the announcement of a smaller window."""
    row = work.session.get_one(ReimportRow, reimport_id, populate_existing=True)
    row.pages += 1
    row.orders += tally.orders
    row.new += tally.new
    row.changed += tally.changed
    row.unreadable += tally.unreadable
    row.total, row.percent = scan.announced, _percent(row, scan)
    row.reading = _in_words(scan)
    row.trouble = ""


def record_trouble(work: Work, reimport_id: int, sentence: str) -> None:
    """It goes on by itself; until then this is why it does not."""
    work.execute(update(ReimportRow).where(ReimportRow.id == reimport_id).values(trouble=sentence))


def end(work: Work, reimport_id: int, scan: Scan) -> bool:
    """It is over when all is read or it was called off; False when something is left to read."""
    row = work.session.get_one(ReimportRow, reimport_id, populate_existing=True)
    if not scan.is_done and not row.wants_cancel:
        return False
    row.state = State.DONE if scan.is_done else State.CANCELED
    row.ended_at, row.reading = clock.now(), ""
    return True


def _percent(row: ReimportRow, scan: Scan) -> int:
    """Of the time covered, each ship node's by how many of the orders were its own so far; it never goes back."""
    whole = row.until - row.since
    return max(row.percent, round(100 * (1 - rules.left(scan, SHIP_NODES, row.until) / whole))) if whole else 100


def _in_words(scan: Scan) -> str:
    if scan.is_done:
        return ""
    window = scan.windows[0]
    end = f" to {window.end:%Y-%m-%d}" if window.end else ""
    return f"{IN_WORDS[window.node]} of {window.start:%Y-%m-%d}{end}"


def _shown(row: ReimportRow) -> Progress:
    return Progress(
        id=row.id,
        account_id=row.account_id,
        since=row.since,
        until=row.until,
        by=row.by,
        state=State(row.state),
        is_canceling=row.wants_cancel and row.state == State.RUNNING,
        pages=row.pages,
        orders=row.orders,
        new=row.new,
        changed=row.changed,
        unreadable=row.unreadable,
        total=row.total,
        percent=row.percent,
        trouble=row.trouble,
        started_at=row.started_at,
        ended_at=row.ended_at,
        sentence=_sentence(row),
        pace=_pace(row),
    )


def _pace(row: ReimportRow) -> str:
    if row.state != State.RUNNING or not row.orders:
        return ""
    minutes = max((clock.now() - row.started_at).total_seconds(), 1) / 60
    said = f"{row.orders / minutes:,.0f} orders a minute"
    if not _all_were_heard(row.id):
        said += "; how long it takes can be told once orders of every kind were asked for"
    elif row.percent:
        said += f"; about {max(round(minutes * (100 - row.percent) / row.percent), 1):,} min left"
    newest = select(OrderRow.po).where(OrderRow.account_id == row.account_id).order_by(OrderRow.id.desc()).limit(1)
    po = db.session.execute(newest).scalar_one_or_none()
    return f"{said}. The newest order: {po}." if po else f"{said}."


def _all_were_heard(reimport_id: int) -> bool:
    """Walmart said of each kind of order how many there are: before that nobody knows which share is done."""
    progress = select(PollRow.progress).where(PollRow.name == name_of(reimport_id))
    kept = db.session.execute(progress).scalar_one_or_none()
    return kept is not None and all(node in scans.from_json(kept).by_node for node in SHIP_NODES)


def _sentence(row: ReimportRow) -> str:
    brought = f"{row.orders:,} orders read, {row.new:,} of them new, {row.changed:,} changed"
    if row.unreadable:
        brought += f", {row.unreadable:,} unreadable"
    # An account that rests is not even asked for, so that its trouble is this one's too.
    trouble = row.trouble or circuit.health_of(row.account_id).trouble
    match State(row.state):
        case State.DONE:
            return f"Done: {brought}."
        case State.CANCELED:
            return f"Stopped: {brought}. What was read stays."
        case State.RUNNING if row.wants_cancel:
            return f"Stopping after the page at hand: {brought}."
        case State.RUNNING if trouble:
            return f"It goes on by itself. {trouble} So far: {brought}."
        case State.RUNNING if row.reading:
            return f"Reading {row.reading}: {brought}."
        case State.RUNNING:
            return f"All is read: {brought}." if row.pages else "Beginning to read."


def _unreadable(name: str, typed: str, zone: tzinfo) -> str:
    """Why this is no day and no time; empty where it is one."""
    try:
        days.end(typed, zone)
        days.moment(typed, zone)
    except ValueError:
        said = f"“{typed}”" if typed else "empty"
        return f"{name} is {said}; write a day as 2026-11-01."
    return ""
