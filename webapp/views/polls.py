"""The regular reads of each account and store: when the last one succeeded, how far it came, when the next one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, polls, product_polls, queries, reimport, shop_polls
from webapp.domain.hues import hue
from webapp.domain.poll_kinds import NAMES, NOT_ITS_TURN, SHOP, SHOP_WHAT, kind_of
from webapp.grid.wanted import Wanted
from webapp.models import AccountRow, PollRow, StoreRow, db
from webapp.people import Role
from webapp.sync_health import SHOP_MAY_MISS
from webapp.views import door, orders, words
from webapp.views.render import page

bp = Blueprint("polls", __name__)


@dataclass(frozen=True, slots=True)
class Poll:
    """One of them in words. `tone` tells whether it is well."""

    id: int
    what: str
    every: str
    last_at: datetime | None
    cursor_at: datetime | None
    next: str
    state: str
    tone: str
    trouble: str
    found: str


@dataclass(frozen=True, slots=True)
class Group:
    """The polls of an account or a store; `note` says why none of them comes, where that is so.

    `account_key` is empty for a store.
    """

    name: str
    side: str
    note: str
    polls: tuple[Poll, ...]
    account_key: str = ""


@bp.get("/polls")
def index() -> AnyResponse:
    """All of them, by account and store."""
    accounts = queries.all_accounts()
    stores = db.session.execute(select(StoreRow).order_by(StoreRow.name)).scalars().all()
    rows = db.session.execute(select(PollRow).order_by(PollRow.id)).scalars().all()
    groups = [_of_account(row, [one for one in rows if one.account_id == row.id]) for row in accounts]
    groups += [_of_store(row, [one for one in rows if one.store_id == row.id and not one.account_id]) for row in stores]
    return page(
        "polls/index.html",
        "list",
        groups=groups,
        zone=orders.zone_name(Wanted(), accounts),
        may_act=door.me().may(Role.OPERATOR),
    )


@bp.post("/polls/<int:poll_id>/now")
@door.needs(Role.OPERATOR)
def ask_now(poll_id: int) -> AnyResponse:
    """Let one come now; twice is once."""
    if not polls.ask_one(poll_id):
        abort(404, "There is no such poll. It may belong to an account that was removed.")
    flash("It is read now, or as soon as its rate limit allows.")
    return redirect(url_for("polls.index"), 303)


def _of_account(account: AccountRow, rows: Sequence[PollRow]) -> Group:
    is_paused = account.is_paused or account.store.is_paused
    rests = account.probe_at is not None and account.probe_at > clock.now()
    note = "It is paused: nothing is read." if is_paused else ""
    if rests and not note:
        note = "Walmart does not serve this account at this moment; its polls rest and go on by themselves."
    return Group(
        account.name, "Walmart", note, tuple(_of_walmart(row, account, bool(note)) for row in rows), account.key
    )


def _of_walmart(row: PollRow, account: AccountRow, rests: bool) -> Poll:
    if row.kind == reimport.KIND:
        return _poll(row, "Reimport of some days", None, None, account.created_at, rests)
    if row.kind not in NAMES:
        return _poll(row, row.kind, None, None, account.created_at, rests)
    kind = kind_of(account.marketplace, row.kind)
    return _poll(row, _capital(kind.what), kind.every, kind.late_after, account.created_at, rests)


def _of_store(store: StoreRow, rows: Sequence[PollRow]) -> Group:
    note = "It is paused: nothing is read." if store.is_paused else ""
    shown = []
    for row in rows:
        every = shop_polls.every(row.kind) if row.kind in SHOP else product_polls.EVERY
        late_after = SHOP_MAY_MISS * every if row.kind in SHOP else None
        what = SHOP_WHAT.get(row.kind, "products that orders wait for")
        shown.append(_poll(row, _capital(what), every, late_after, store.created_at, bool(note)))
    return Group(store.name, "Magento", note, tuple(shown))


def _poll(
    row: PollRow, what: str, every: timedelta | None, late_after: timedelta | None, since: datetime, rests: bool
) -> Poll:
    now = clock.now()
    silent = now - (row.succeeded_at or row.began_at or since)
    if row.claimed_until is not None and row.claimed_until > now:
        state, tone = "Reading now", "under-way"
    elif late_after is not None and silent > late_after and not rests:
        state, tone = f"Late: nothing for {words.span(silent)}", hue(row.trouble or NOT_ITS_TURN)
    elif row.trouble:
        state, tone = f"Failed; tried {row.tries}×" if row.tries else "Look at this", hue(row.trouble)
    elif row.succeeded_at is None:
        state, tone = "Not read yet", "quiet"
    else:
        state, tone = "Well", "ok"
    due = "rests" if rests else "now" if row.due_at <= now else f"in {words.span(row.due_at - now)}"
    said = words.span(every) if every else ""
    return Poll(row.id, what, said, row.succeeded_at, row.cursor_at, due, state, tone, row.trouble, _found(row))


def _found(row: PollRow) -> str:
    """What its last whole run brought."""
    told = row.found
    if not told:
        return ""
    if "asked" in told:
        return f"{told['asked']:,} SKUs asked for, {told['there']:,} there" if told["asked"] else "No SKU is missing"
    if not told.get("read"):
        return "Nothing to read"
    if "news" in told:
        return f"{told['read']:,} read, {_or_nothing(told['news'], 'with news')}"
    parts = [f"{told[name]:,} {name}" for name in ("new", "changed") if told.get(name)]
    return f"{told['read']:,} read, {' and '.join(parts) or 'nothing new'}"


def _or_nothing(number: int, said: str) -> str:
    return f"{number:,} {said}" if number else "nothing new"


def _capital(words_: str) -> str:
    return words_[:1].upper() + words_[1:]
