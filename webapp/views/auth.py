"""Signing in and out, one-time links, and a person's own account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import people
from webapp.people import Role
from webapp.views import door

bp = Blueprint("auth", __name__)

ENTER = {"email": "Enter your e-mail address.", "password": "Enter your password."}
CHOOSE = {
    "email": "Enter your e-mail address.",
    "current": "Enter your current password.",
    "password": "Choose a password.",
}


@bp.get("/sign-in")
@door.public
def sign_in() -> AnyResponse:
    """The form; somebody who is in already goes on."""
    wanted = door.local_path(request.args.get("next"))
    if door.current_person() is not None:
        return redirect(wanted, 303)
    return make_response(render_template("auth/sign_in.html", next=wanted, email="", trouble="", mistakes={}))


@bp.post("/sign-in")
@door.public
def enter() -> AnyResponse:
    """Check e-mail and password; the answer to an unknown user is the same as to a wrong password."""
    wanted, email = door.local_path(request.form.get("next")), request.form.get("email", "")
    password = request.form.get("password", "")
    mistakes = _empty({"email": email.strip(), "password": password}, ENTER)
    if mistakes:
        return _refused("", wanted, email, 422, mistakes=mistakes)
    try:
        token = people.sign_in(email, password, request.remote_addr or "")
    except people.Slower as slower:
        return _refused(str(slower), wanted, email, 429, slower.retry_after)
    except people.Refused as refused:
        return _refused(str(refused), wanted, email, 401)
    return _open(token, wanted)


@bp.get("/sign-in/<token>")
@door.public
def open_link(token: str) -> AnyResponse:
    """A one-time link: it opens the door once. A browser that only looks ahead does not use it up."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return Response("", 204)
    opened = people.open_link(token)
    if opened is None:
        return make_response(render_template("auth/used_link.html"), 410)
    return _open(opened, url_for("orders.index"))


@bp.post("/sign-out")
@door.needs(Role.VIEWER)
def sign_out() -> AnyResponse:
    """End the session on the server and clear what the browser kept."""
    people.sign_out(request.cookies.get(door.cookie_name(), ""))
    session.clear()
    response = door.see_out(redirect(url_for("auth.sign_in"), 303))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/account")
def account() -> AnyResponse:
    """A person's own e-mail address and password."""
    return _account_page(door.me().email)


@bp.post("/account")
@door.needs(Role.VIEWER)
def change_account() -> AnyResponse:
    """Set both; all other sessions of this person end."""
    form, person = request.form, door.me()
    email, new = form.get("email", ""), form.get("password", "")
    needed = {"email": email.strip()}
    needed |= {"current": form.get("current", "")} if person.has_password else {"password": new}
    must_be_new = bool(new) or not person.has_password
    mistakes = people.wrong(email, new if must_be_new else None) | _empty(needed, CHOOSE)
    if new != form.get("again", ""):
        mistakes["again"] = "The two new passwords are not the same."
    if mistakes:
        return _account_page(email, mistakes=mistakes, status=422)
    try:
        people.set_credentials(person, email, new, form.get("current", ""), request.remote_addr or "")
    except people.Slower as slower:
        return _account_page(email, str(slower), status=429)
    except people.Refused as refused:
        return _account_page(email, mistakes={refused.field: str(refused)}, status=422)
    flash("Saved. From now on you sign in with this e-mail address and password.")
    return redirect(url_for("auth.account"), 303)


def _open(token: str, wanted: str) -> AnyResponse:
    old = request.cookies.get(door.cookie_name(), "")
    if old:
        people.sign_out(old)
    session.clear()
    return door.let_in(redirect(wanted, 303), token)


def _empty(given: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """What is said at each field that was left empty."""
    return {name: words[name] for name, value in given.items() if not value}


def _refused(
    trouble: str,
    wanted: str,
    email: str,
    status: int,
    retry_after: int = 0,
    *,
    mistakes: Mapping[str, str] = MappingProxyType({}),
) -> AnyResponse:
    shown = {"next": wanted, "email": email[: people.LONGEST_EMAIL], "trouble": trouble, "mistakes": mistakes}
    response = make_response(render_template("auth/sign_in.html", **shown), status)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _account_page(
    email: str, trouble: str = "", *, mistakes: Mapping[str, str] = MappingProxyType({}), status: int = 200
) -> AnyResponse:
    page = render_template(
        "auth/account.html",
        email="" if email == people.FIRST_ADMIN else email,
        trouble=trouble,
        mistakes=mistakes,
        shortest=people.SHORTEST_PASSWORD,
        suggested=people.SUGGESTED_PASSWORD,
    )
    return make_response(page, status)
