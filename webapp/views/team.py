"""People and what they may do, for admins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import audit, people, queries, settings, team
from webapp.grid.wanted import Wanted
from webapp.people import Refused, Role
from webapp.views import door, orders

bp = Blueprint("team", __name__, url_prefix="/settings/people")


@bp.get("")
@door.needs(Role.ADMIN)
def index() -> AnyResponse:
    """Everybody, what they may do, and who changed it."""
    return _shown()


@bp.post("")
@door.needs(Role.ADMIN)
def add() -> AnyResponse:
    """Add a person: with a password, or with a link that lets them in once."""
    email, role, password = (request.form.get(name, "") for name in ("email", "role", "password"))
    if mistakes := people.wrong(email, password or None, role):
        return _shown(mistakes, email, role, 422)
    try:
        if password:
            people.add_user(email, role, password, door.me().email)
            flash(f"{email.strip()} may sign in as {role}.")
            return _back()
        return _link_shown(email, team.invite(email, role, door.me().email))
    except Refused as refused:
        return _shown({refused.field: str(refused)}, email, role, 422)


@bp.post("/<int:user_id>/link")
@door.needs(Role.ADMIN)
def link(user_id: int) -> AnyResponse:
    """A new one-time link, shown once."""
    email = _found(user_id)
    try:
        return _link_shown(email, team.new_link(email, door.me().email))
    except Refused as refused:
        return _shown({"": str(refused)}, status=422)


@bp.post("/<int:user_id>/role")
@door.needs(Role.ADMIN)
def change_role(user_id: int) -> AnyResponse:
    """Another role, from their next request on."""
    email, role = _found(user_id), request.form.get("role", "")
    return _done(lambda: team.change_role(email, role, door.me().email), f"{email} is {role} now.")


@bp.post("/<int:user_id>/sign-out")
@door.needs(Role.ADMIN)
def sign_out(user_id: int) -> AnyResponse:
    """End all their sessions and unused links."""
    email = _found(user_id)
    return _done(lambda: team.end_sessions(email, door.me().email), f"{email} is signed out everywhere.")


@bp.post("/<int:user_id>/disable")
@door.needs(Role.ADMIN)
def disable(user_id: int) -> AnyResponse:
    """Shut the door for them."""
    email = _found(user_id)
    return _done(lambda: team.disable(email, door.me().email), f"{email} cannot sign in any more.")


@bp.post("/<int:user_id>/enable")
@door.needs(Role.ADMIN)
def enable(user_id: int) -> AnyResponse:
    """Open it again."""
    email = _found(user_id)
    return _done(lambda: team.enable(email, door.me().email), f"{email} may sign in again.")


def _found(user_id: int) -> str:
    email = team.find(user_id)
    if email is None:
        abort(404, "There is no such person here.")
    return email


def _done(act: Callable[[], object], sentence: str) -> AnyResponse:
    try:
        act()
    except Refused as refused:
        flash(str(refused), "bad")
    else:
        flash(sentence)
    return _back()


def _back() -> AnyResponse:
    return redirect(url_for("team.index"), 303)


def _link_shown(email: str, path: str) -> AnyResponse:
    """Straight in the answer: a link opens the door, so it is kept nowhere and is in no address."""
    shown = render_template("settings/link.html", email=email.strip(), link=settings.current().address + path)
    return make_response(shown)


def _shown(
    mistakes: Mapping[str, str] = MappingProxyType({}), email: str = "", role: str = Role.OPERATOR, status: int = 200
) -> AnyResponse:
    shown = render_template(
        "settings/people.html",
        members=team.everyone(),
        roles=list(Role),
        changes=audit.recent(*audit.SUBJECTS),
        zone=orders.zone_name(Wanted(), queries.all_accounts()),
        mistakes=mistakes,
        email=email,
        chosen=role,
    )
    return make_response(shown, status)
