"""What goes out, over all orders: commands that wait, run, failed by cause, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, request, url_for
from sqlalchemy import Select, func, literal, select
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, dashboard, failures, outbox, queries, timeline
from webapp.connectors import redact
from webapp.domain.commands import SIDES, CommandState
from webapp.failures import Cause, Causes
from webapp.grid.wanted import Wanted
from webapp.models import AccountRow, AttemptRow, CommandRow, SyncRow, db
from webapp.people import Role
from webapp.queries import COUNTED_TO, Count, capped, moment_of, version
from webapp.timeline import Entry
from webapp.views import beside, door, orders, showing, words
from webapp.views.grid_words import Link
from webapp.views.numbers import number
from webapp.views.render import page

bp = Blueprint("outgoing", __name__)

PAGE_SIZE = 50
MOST_TRIES = 100
TABS = (
    ("parked", "Failed", CommandState.PARKED),
    ("waiting", "Waiting", CommandState.QUEUED),
    ("running", "Running", CommandState.RUNNING),
    ("done", "Done", CommandState.DONE),
    ("dismissed", "Given up", CommandState.DISMISSED),
)
STATES = {slug: state for slug, _, state in TABS}
DUE = {"now": "Only those whose time has come.", "later": "Only those whose time is still to come."}
LIVE = frozenset({"waiting", "running"})


@dataclass(frozen=True, slots=True)
class Out:
    """A command in the list."""

    entry: Entry
    side: str
    wanted: str
    po: str
    account: str
    url: str
    order_url: str
    retry_url: str
    dismiss_url: str
    tries: int


@dataclass(frozen=True, slots=True)
class Why:
    """A cause of failures in words, with the address of what fails of it."""

    cause: Cause
    wanted: str
    url: str
    is_on: bool

    @property
    def orders(self) -> str:
        return "1 order" if self.cause.orders == 1 else f"{self.cause.orders:,} orders"


@bp.get("/outgoing")
def index() -> AnyResponse:
    """Commands by state: parked first, since those wait for a person, and by what they failed of."""
    counts, show = _counts(), request.args.get("show", "")
    if show not in STATES:
        show = "parked" if counts["parked"].number else "waiting"
    found = _causes(show)
    chosen = found.by_slug(request.args.get("cause", "")) if found else None
    due = request.args.get("due", "") if show == "waiting" else ""
    rows = _commands(STATES[show], chosen, request.args.get("older", 0, number), due)
    args = {"show": show, "cause": chosen.slug if chosen else None, "due": due if due in DUE else None}
    stands = {"on": "outgoing", "cause": args["cause"] or "", "older": request.args.get("older", "")}
    tried = _tried([row[0].id for row in rows])
    older = rows[PAGE_SIZE - 1][0].id if len(rows) > PAGE_SIZE else None
    return page(
        "outgoing/index.html",
        "list",
        tabs=[
            Link(name, url_for("outgoing.index", show=slug), str(counts[slug]), slug == show, slug=slug)
            for slug, name, _ in TABS
        ],
        show=show,
        causes=[_why(one, show, chosen) for one in found.causes] if found else [],
        or_more=bool(found and found.or_more),
        chosen=_why(chosen, show, chosen) if chosen else None,
        commands=[_out(tried, *row) for row in rows[:PAGE_SIZE]],
        zone=_zone_name(),
        list_url=url_for("outgoing.index", **args),  # type: ignore[arg-type]
        older_url=url_for("outgoing.index", older=older, **args) if older else "",  # type: ignore[arg-type]
        all_url=url_for("outgoing.index", show=show),
        stands=stands,
        due=DUE.get(due, ""),
        for_magento=dashboard.number_for_magento() if show == "waiting" and not rows else None,
        lives=show in LIVE and "older" not in request.args,
        asked_at=version(clock.now()),
        may_act=door.me().may(Role.OPERATOR),
    )


@bp.get("/outgoing/<int:command_id>")
def show(command_id: int) -> AnyResponse:
    """One command: what it is about, and each try with its calls. What was sent is for operators."""
    found = db.session.execute(_joined().where(CommandRow.id == command_id)).one_or_none()
    if found is None:
        abort(404, "There is no such command here. It may belong to an account that was removed.")
    command = found[0]
    tries = select(AttemptRow).where(AttemptRow.command_id == command_id).order_by(AttemptRow.id.desc())
    entries = [timeline.of_attempt(row) for row in db.session.execute(tries.limit(MOST_TRIES)).scalars()]
    may_act, zone = door.me().may(Role.OPERATOR), _zone_name()
    return page(
        "outgoing/show.html",
        out=_out(_tried([command_id]), *found),
        command=command,
        tries=[(day, list(mine)) for day, mine in groupby(entries, key=lambda entry: words.day(entry.at, zone))],
        frozen=redact.body(msgspec.json.encode(command.frozen)) if may_act and command.frozen else "",
        zone=zone,
        may_act=may_act,
    )


@bp.post("/outgoing/retry")
@door.needs(Role.OPERATOR)
def retry() -> AnyResponse:
    """Try everything of one cause again; a second click finds nothing left."""
    return _all_of_it(lambda slug, at: failures.retry(slug, at, door.me().email), "tried again now")


@bp.post("/outgoing/dismiss")
@door.needs(Role.OPERATOR)
def dismiss() -> AnyResponse:
    """Give everything of one cause up, with a reason."""
    reason = request.form.get("reason", "")[:500]
    return _all_of_it(lambda slug, at: failures.dismiss(slug, at, reason, door.me().email), "given up")


def _all_of_it(act: Callable[[str, datetime], int], said: str) -> AnyResponse:
    slug, asked_at = request.form.get("cause", ""), moment_of(request.form.get("asked_at", ""))
    try:
        done = act(slug, asked_at or clock.now())
    except outbox.Refusal as refusal:
        if isinstance(refusal, outbox.NoReason):
            beside.tell("why-all", str(refusal))
        else:
            flash(str(refusal), "bad")
        return redirect(url_for("outgoing.index", show="parked", cause=slug), 303)
    commands = "1 command" if done == 1 else f"{done:,} commands"
    flash(f"{commands} {said}." if done else "Nothing of it was left: it was done already.")
    return redirect(url_for("outgoing.index"), 303)


def _causes(show: str) -> Causes | None:
    match show:
        case "parked":
            return failures.parked()
        case "waiting":
            return failures.failing()
    return None


def _why(one: Cause, show: str, chosen: Cause | None) -> Why:
    is_on = chosen is not None and chosen.slug == one.slug
    url = url_for("outgoing.index", show=show, cause=None if is_on else one.slug)
    return Why(one, timeline.in_words(one.kind)[0], url, is_on)


def _joined() -> Select[CommandRow, SyncRow, AccountRow]:
    return (
        select(CommandRow, SyncRow, AccountRow)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .join(AccountRow, AccountRow.id == SyncRow.account_id)
    )


def _commands(state: CommandState, chosen: Cause | None, older: int, due: str) -> Sequence[Any]:
    wanted = _joined().where(CommandRow.state == state)
    if due in DUE:
        is_due = CommandRow.next_attempt_at <= clock.now()
        wanted = wanted.where(is_due if due == "now" else ~is_due)
    if chosen is not None:
        wanted = wanted.where(CommandRow.id.in_(chosen.ids))
    if older:
        wanted = wanted.where(CommandRow.id < older)
    return db.session.execute(wanted.order_by(CommandRow.id.desc()).limit(PAGE_SIZE + 1)).all()


def _counts() -> dict[str, Count]:
    columns = []
    for slug, _, state in TABS:
        found = select(literal(1)).select_from(CommandRow).where(CommandRow.state == state).limit(COUNTED_TO + 1)
        columns.append(select(func.count()).select_from(found.subquery()).scalar_subquery().label(slug))
    return {slug: capped(number) for slug, number in db.session.execute(select(*columns)).one()._mapping.items()}


def _zone_name() -> str:
    return orders.zone_name(Wanted(), queries.all_accounts())


def _tried(command_ids: Sequence[int]) -> dict[int, int]:
    """How often each was tried, by the attempts that its page lists; `CommandRow.tries` starts anew with Try again."""
    wanted = select(AttemptRow.command_id, func.count()).where(AttemptRow.command_id.in_(command_ids))
    return {int(row[0] or 0): row[1] for row in db.session.execute(wanted.group_by(AttemptRow.command_id))}


def _out(tried: Mapping[int, int], command: CommandRow, sync: SyncRow, account: AccountRow) -> Out:
    return Out(
        entry=timeline.of_command(command),
        side=str(SIDES.get(command.kind, "")),
        wanted=timeline.in_words(command.kind)[0],
        po=sync.po,
        account=account.name,
        url=url_for("outgoing.show", command_id=command.id),
        order_url=showing.order_url(account.key, sync.po),
        retry_url=url_for("order.retry", account_key=account.key, po=sync.po, command_id=command.id),
        dismiss_url=url_for("order.dismiss", account_key=account.key, po=sync.po, command_id=command.id),
        tries=max(tried.get(command.id, 0), command.tries),
    )
