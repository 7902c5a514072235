"""Reimport of some days of a Walmart account: the form with its rules, the progress, calling it off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import accounts, clock, reimport
from webapp.account_entry import MARKETS
from webapp.accounts import Account, Refused
from webapp.domain.scan import OLDEST
from webapp.people import Role
from webapp.reimport import Progress, WrongDays
from webapp.views import door
from webapp.views.render import page, part_of, wants_fragment

bp = Blueprint("reimports", __name__, url_prefix="/settings/accounts/<key>/reimport")

FIRST_CHOICE = timedelta(days=7)
LONGEST = 40


@bp.get("")
@door.needs(Role.OPERATOR)
def show(key: str) -> AnyResponse:
    """The form, the one that runs, and the last ones."""
    account = _find(key)
    today = clock.now().astimezone(account.store.zone).date()
    return _page(account, (today - FIRST_CHOICE).isoformat(), today.isoformat())


@bp.post("")
@door.needs(Role.OPERATOR)
def start(key: str) -> AnyResponse:
    """Begin, or say what is wrong with the days; what was typed stays."""
    account = _find(key)
    since, until = (request.form.get(name, "").strip()[:LONGEST] for name in ("since", "until"))
    try:
        reimport.start(account, reimport.chosen(account, since, until), door.me().email)
    except WrongDays as wrong:
        return _page(account, since, until, wrong.by_field, status=422)
    except Refused as refused:
        return _page(account, since, until, {"": str(refused)}, status=422)
    return _back(key)


@bp.get("/live")
@door.needs(Role.OPERATOR)
@part_of("reimports.show")
def live(key: str) -> AnyResponse:
    """How the newest one stands; it asks again only while that one runs."""
    account = _find(key)
    newest = next(iter(reimport.of_account(account.id, at_most=1)), None)
    if newest is None:
        return Response("", 204)
    part = make_response(render_template("settings/_reimport.html", account=account, one=newest, watched=True))
    if wants_fragment() and not newest.is_running:
        # The form may be used again, and what ran moves down to the others.
        part.headers["HX-Refresh"] = "true"
    return part


@bp.post("/<int:number>/cancel")
@door.needs(Role.OPERATOR)
def cancel(key: str, number: int) -> AnyResponse:
    """Call it off; what was read stays."""
    account = _find(key)
    if number not in {one.id for one in reimport.of_account(account.id)}:
        abort(404, "There is no such reimport of this account.")
    if not reimport.cancel(number):
        flash("It had ended already.")
    return _back(key)


def _page(
    account: Account, since: str, until: str, mistakes: Mapping[str, str] = MappingProxyType({}), status: int = 200
) -> AnyResponse:
    """Newest first; the one on top is watched."""
    today = clock.now().astimezone(account.store.zone).date()
    found = reimport.of_account(account.id)
    shown = page(
        "settings/reimport.html",
        account=account,
        market=MARKETS[account.marketplace],
        since=since,
        until=until,
        mistakes=mistakes,
        earliest=(today - OLDEST).isoformat(),
        today=today.isoformat(),
        newest=found[0] if found else None,
        older=found[1:],
        is_running=_runs(found[0] if found else None),
        zone=account.store.time_zone,
    )
    return make_response(shown, status)


def _runs(newest: Progress | None) -> bool:
    return newest is not None and newest.is_running


def _find(key: str) -> Account:
    account = accounts.by_key(key)
    return account or abort(404, "There is no such account. It may have been removed.")


def _back(key: str) -> AnyResponse:
    return redirect(url_for("reimports.show", key=key), 303)
