"""What goes out, over all orders: commands on their way, done, or waiting for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from sqlalchemy import func, literal, select
from werkzeug.wrappers import Response as AnyResponse

from webapp import timeline
from webapp.domain.commands import SIDES, CommandState
from webapp.models import AccountRow, CommandRow, SyncRow, db
from webapp.people import Role
from webapp.queries import COUNTED_TO, Count, capped
from webapp.timeline import Entry
from webapp.views import door, showing
from webapp.views.grid_words import Link
from webapp.views.render import page

bp = Blueprint("traffic", __name__)

PAGE_SIZE = 50
OUTGOING_TABS = (
    ("parked", "Waits for you", (CommandState.PARKED,)),
    ("under-way", "On its way", (CommandState.QUEUED, CommandState.RUNNING)),
    ("done", "Done", (CommandState.DONE,)),
    ("dismissed", "Given up", (CommandState.DISMISSED,)),
)


@dataclass(frozen=True, slots=True)
class Out:
    """A command in the list."""

    entry: Entry
    side: str
    wanted: str
    po: str
    account: str
    order_url: str
    retry_url: str
    dismiss_url: str
    tries: int


@bp.get("/outgoing")
def outgoing() -> AnyResponse:
    """Commands by state: parked first, since those wait for a person."""
    wanted = request.args.get("show", "")
    states = {slug: states for slug, _, states in OUTGOING_TABS}
    counts = _counts()
    if wanted not in states:
        wanted = "parked" if counts["parked"].number else "under-way"
    found = _commands(states[wanted], request.args.get("older", 0, int))
    return page(
        "traffic/outgoing.html",
        tabs=[
            Link(name, url_for("traffic.outgoing", show=slug), str(counts[slug]), slug == wanted, slug=slug)
            for slug, name, _ in OUTGOING_TABS
        ],
        show=wanted,
        commands=[_out(*row) for row in found[:PAGE_SIZE]],
        older_url=_older("traffic.outgoing", found, show=wanted),
        may_act=door.me().may(Role.OPERATOR),
    )


def _commands(states: tuple[CommandState, ...], older: int) -> Sequence[Any]:
    statement = (
        select(CommandRow, SyncRow, AccountRow)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .join(AccountRow, AccountRow.id == SyncRow.account_id)
        .where(CommandRow.state.in_(states))
    )
    return _keyset(statement, CommandRow, older)


def _keyset(statement: Any, row: Any, older: int) -> Sequence[Any]:
    if older:
        statement = statement.where(row.id < older)
    found: Sequence[Any] = db.session.execute(statement.order_by(row.id.desc()).limit(PAGE_SIZE + 1)).all()
    return found


def _older(endpoint: str, found: Sequence[Any], **args: str) -> str:
    return url_for(endpoint, older=found[PAGE_SIZE - 1][0].id, **args) if len(found) > PAGE_SIZE else ""  # type: ignore[arg-type]


def _counts() -> dict[str, Count]:
    columns = []
    for slug, _, states in OUTGOING_TABS:
        found = select(literal(1)).select_from(CommandRow).where(CommandRow.state.in_(states)).limit(COUNTED_TO + 1)
        columns.append(select(func.count()).select_from(found.subquery()).scalar_subquery().label(slug))
    return {slug: capped(number) for slug, number in db.session.execute(select(*columns)).one()._mapping.items()}


def _out(command: CommandRow, sync: SyncRow, account: AccountRow) -> Out:
    return Out(
        entry=timeline.of_command(command),
        side=str(SIDES.get(command.kind, "")),
        wanted=timeline.in_words(command.kind)[0],
        po=sync.po,
        account=account.name,
        order_url=showing.order_url(account.key, sync.po),
        retry_url=url_for("order.retry", account_key=account.key, po=sync.po, command_id=command.id),
        dismiss_url=url_for("order.dismiss", account_key=account.key, po=sync.po, command_id=command.id),
        tries=command.tries,
    )
