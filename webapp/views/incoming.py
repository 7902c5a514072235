"""The webhook log: what came in, from whom, what became of it, and once more where a person wants that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, event_log, queries, refusals, timeline
from webapp import replay as replays
from webapp.connectors import redact
from webapp.event_log import Asked
from webapp.grid.wanted import Wanted
from webapp.inbox import EventState
from webapp.models import AccountRow, EventActRow, EventRow, StoreRow, db
from webapp.outbox import NoReason, Refusal
from webapp.people import Role
from webapp.queries import moment_of, version
from webapp.timeline import Entry
from webapp.views import beside, door, orders, showing, words
from webapp.views.grid_words import Link
from webapp.views.render import page

bp = Blueprint("incoming", __name__)

TABS = (
    ("", "All", "Everything that came in."),
    ("waiting", "In hand", "Stored; the order is about to be read."),
    ("done", "Done", "The order was read on both sides after it."),
    ("failed", "Failed", "It could not be understood or acted on: replay it or set it aside."),
    ("ignored", "Ignored", "It is about nothing that Orderbridge looks after; the reason stands with it."),
    ("again", "Came again", "The sender sent the same event more than once; it counts once."),
    ("set-aside", "Set aside", "Somebody said that nothing is to be done."),
)
COUNTED = ("waiting", "failed")
STATE_WORDS = {
    EventState.RECEIVED: ("Stored", "under-way"),
    EventState.WAITING: ("Waits for its order", "under-way"),
    EventState.HANDLED: ("Done", "ok"),
    EventState.IGNORED: ("Ignored", "quiet"),
    EventState.FAILED: ("Failed", "bad"),
    EventState.DISMISSED: ("Set aside", "quiet"),
}
SOURCE_WORDS = {
    "walmart": "Walmart",
    "magento": "Magento",
    "poll": "Poll",
    "reimport": "Reimport",
    "merchant": "Person",
}
ACT_WORDS = {"replay": "Replayed", "dismiss": "Set aside"}


@dataclass(frozen=True, slots=True)
class In:
    """An event in the list. `sender` is the account or store that it came from, `took` from its coming to its end."""

    row: EventRow
    source: str
    sender: str
    kind: str
    state: str
    tone: str
    order_url: str
    tries: int
    took: str


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt at an event: when it began, who wanted it, how it ended and after how long."""

    number: int
    at: datetime
    by: str
    state: str
    tone: str
    reason: str
    took: str


@bp.get("/incoming")
def index() -> AnyResponse:
    """The log; its address is its whole state."""
    asked, zone_name = Asked.from_args(request.args), _zone_name()
    zone = words.zone(zone_name)
    wanted = event_log.read(asked, zone)
    rows, older = event_log.page(wanted, request.args.get("older", ""))
    counts = {show: str(count) for show, count in event_log.counts(asked, zone, COUNTED).items()}
    args = asked.to_args()
    return page(
        "incoming/index.html",
        "list",
        asked=asked,
        args=args,
        zone=zone_name,
        mistakes=wanted.mistakes,
        tabs=[_tab(asked, *tab, counts) for tab in TABS],
        events=_shown(rows),
        senders=event_log.senders(),
        kinds=_kinds(asked),
        lives="older" not in request.args,
        list_url=url_for("incoming.index", **args),  # type: ignore[arg-type]
        older_url=url_for("incoming.index", **args, older=older) if older else "",  # type: ignore[arg-type]
        clear_url=url_for("incoming.index", show=asked.show or None),
        replay_url=url_for("incoming.ask", **args),  # type: ignore[arg-type]
        may_act=door.me().may(Role.OPERATOR),
    )


@bp.post("/incoming/find")
@door.needs(Role.VIEWER)
def find() -> AnyResponse:
    """Look for a number. What cannot be one may be a buyer's name, and goes into no address."""
    typed, asked = request.form.get("find", ""), Asked.from_args(request.form)
    if typed.strip() and not asked.find:
        flash("Type the number of a purchase order or the id of an event. Buyers are found on the orders page.", "bad")
    return redirect(url_for("incoming.index", **asked.to_args()), 303)  # type: ignore[arg-type]


@bp.get("/incoming/refused")
def refused() -> AnyResponse:
    """Webhooks that were refused: counted by address and reason, since nothing else of them is kept."""
    told = refusals.everywhere()
    return page("incoming/refused.html", told=told, zone=_zone_name())


@bp.get("/incoming/<int:event_id>")
def show(event_id: int) -> AnyResponse:
    """One event: what came, what became of it, each attempt. Its body is for operators."""
    row = _find(event_id)
    tries = _tries(row, event_log.acts_of(row.id))
    changes, commands = event_log.led_to(row)
    may_act = door.me().may(Role.OPERATOR)
    return page(
        "incoming/show.html",
        event=_shown([row])[0],
        zone=_zone_name(),
        tries=tries,
        twins=_shown(event_log.twins(row)),
        led_to=_led_to([timeline.of_change(one) for one in changes], [timeline.of_command(one) for one in commands]),
        headers={name: redact.sentence(str(value)) for name, value in row.headers.items()},
        body=timeline.body_of(row) if may_act else "",
        size=len(row.body),
        may_act=may_act,
        may_replay=may_act and row.state in replays.ENDED,
        may_set_aside=may_act and row.state == EventState.FAILED,
        asked_at=version(clock.now()),
    )


@bp.post("/incoming/<int:event_id>/replay")
@door.needs(Role.OPERATOR)
def replay(event_id: int) -> AnyResponse:
    """Once more; twice is once."""
    _find(event_id)
    try:
        replays.replay(event_id, door.me().email, _asked_at())
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash("Replayed: it goes its way once more, and nothing is done twice.")
    return redirect(url_for("incoming.show", event_id=event_id), 303)


@bp.post("/incoming/<int:event_id>/set-aside")
@door.needs(Role.OPERATOR)
def set_aside(event_id: int) -> AnyResponse:
    """A failed event needs nobody any more, for a reason."""
    row, reason = _find(event_id), request.form.get("reason", "")
    try:
        done = replays.set_aside((EventRow.id == row.id,), reason, door.me().email)
    except NoReason as wrong:
        beside.tell("why", str(wrong))
    else:
        flash("Set aside; the reason stands with it." if done else "It is not failed any more; nothing was changed.")
    return redirect(url_for("incoming.show", event_id=event_id), 303)


@bp.get("/incoming/replay")
@door.needs(Role.OPERATOR)
def ask() -> AnyResponse:
    """Count what the list holds, and ask."""
    asked = Asked.from_args(request.args)
    wanted = event_log.read(asked, words.zone(_zone_name()))
    return page(
        "incoming/ask.html",
        "form",
        asked=asked,
        args=asked.to_args(),
        tally=replays.tally(wanted),
        most=replays.MOST,
        asked_at=version(clock.now()),
        back_url=url_for("incoming.index", **asked.to_args()),  # type: ignore[arg-type]
    )


@bp.post("/incoming/replay")
@door.needs(Role.OPERATOR)
def replay_all() -> AnyResponse:
    """Replay all that was asked about, or set what failed of it aside; a second click finds nothing left to do."""
    asked = Asked.from_args(request.form)
    wanted = event_log.read(asked, words.zone(_zone_name()))
    try:
        if request.form.get("act") == "set-aside":
            done = replays.set_aside(wanted.conditions, request.form.get("reason", ""), door.me().email)
            flash(f"{_events(done)} set aside.")
        else:
            done = replays.replay_all(wanted, door.me().email, _asked_at())
            flash(f"{_events(done)} replayed." if done else "Nothing was left to replay: it was done already.")
    except NoReason as wrong:
        beside.tell("why", str(wrong))
        return redirect(url_for("incoming.ask", **asked.to_args()), 303)  # type: ignore[arg-type]
    return redirect(url_for("incoming.index", **replace(asked, show="").to_args()), 303)  # type: ignore[arg-type]


def _find(event_id: int) -> EventRow:
    row = db.session.get(EventRow, event_id)
    if row is None:
        abort(404, "There is no such event here. It may belong to an account that was removed.")
    return row


def _asked_at() -> datetime:
    """When the question was asked that a form answers; now for one that does not say."""
    return moment_of(request.form.get("asked_at", "")) or clock.now()


def _zone_name() -> str:
    return orders.zone_name(Wanted(), queries.all_accounts())


def _tab(asked: Asked, slug: str, text: str, meaning: str, counts: dict[str, str]) -> Link:
    args = replace(asked, show=slug).to_args()
    url, count = url_for("incoming.index", **args), counts.get(slug, "")  # type: ignore[arg-type]
    urgent = slug == "failed" and count not in ("", "0")
    return Link(text, url, count, asked.show == slug, slug=slug or "all", meaning=meaning, is_urgent=urgent)


def _kinds(asked: Asked) -> list[str]:
    known = event_log.kinds()
    return known if not asked.type or asked.type in known else [asked.type, *known]


def _shown(rows: Sequence[EventRow]) -> list[In]:
    accounts = {row.id: row for row in queries.all_accounts()}
    stores = {row.id: row for row in db.session.query(StoreRow).all()}
    tries = event_log.replays([row.id for row in rows])
    return [_in(row, accounts, stores, 1 + tries.get(row.id, 0)) for row in rows]


def _in(row: EventRow, accounts: dict[int, AccountRow], stores: dict[int, StoreRow], tries: int) -> In:
    state, tone = _state(row.state)
    account, store = accounts.get(row.account_id or 0), stores.get(row.store_id or 0)
    sent_by = store if row.source == "magento" else account
    by = str(row.headers.get("by", "")) if row.source == "merchant" else ""
    return In(
        row=row,
        source=SOURCE_WORDS.get(row.source, row.source),
        sender=by or (sent_by.name if sent_by else "unknown"),
        kind=row.type or "notification",
        state=state,
        tone=tone,
        order_url=showing.order_url(account.key, row.po) if account and row.po else "",
        tries=tries,
        took=_took(row.received_at, row.handled_at) if tries == 1 else "",
    )


def _tries(row: EventRow, acts: Sequence[EventActRow]) -> list[Try]:
    """Each attempt with its end, newest first: how one ended stands in the act after it, how the last one, in the
    event."""
    tries: list[Try] = []
    at, by = row.received_at, str(row.headers.get("by", "")) if row.source == "merchant" else ""
    number = 1
    for act in acts:
        tries.append(_try(number, at, by, act.was_state, act.was_reason, act.was_handled_at))
        at, by, number = act.at, f"{ACT_WORDS[act.kind]} by {act.by}", number + (act.kind == "replay")
    tries.append(_try(number, at, by, row.state, row.reason, row.handled_at))
    return tries[::-1]


def _try(number: int, at: datetime, by: str, state: str, reason: str, ended_at: datetime | None) -> Try:
    said, tone = _state(state)
    return Try(number, at, by, said, tone, reason, _took(at, ended_at))


def _took(begin: datetime, end: datetime | None) -> str:
    """`184 ms`, `2.4 s`, `3 min`."""
    if end is None:
        return ""
    seconds = max((end - begin).total_seconds(), 0.0)
    return words.span(end - begin) if seconds >= 60 else words.duration(round(seconds * 1000))


def _state(state: str) -> tuple[str, str]:
    try:
        return STATE_WORDS[EventState(state)]
    except ValueError:
        return state, "quiet"


def _led_to(*parts: Sequence[Entry]) -> list[Entry]:
    return sorted((entry for part in parts for entry in part), key=lambda entry: entry.at)


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number:,} events"
