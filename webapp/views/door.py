"""The door: every route needs a signed-in person with a role, unless it is marked public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import people, settings
from webapp.people import Person, Role

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SELF_GUARDED = frozenset({"webhooks"})
"""Blueprints whose routes each prove the sender by themselves."""

_MARK = "door_needs"
type_of_view = Callable[..., Any]


def public(view: type_of_view) -> type_of_view:
    """This route is open to anybody."""
    setattr(view, _MARK, None)
    return view


def needs(role: Role) -> Callable[[type_of_view], type_of_view]:
    """This route is open to people with at least this role."""

    def mark(view: type_of_view) -> type_of_view:
        setattr(view, _MARK, role)
        return view

    return mark


def needed_for(endpoint: str, method: str) -> Role | None:
    """The role that a route asks for; None when it is public. Unmarked, it asks for one that fits its method."""
    if endpoint.partition(".")[0] in SELF_GUARDED:
        return None
    unmarked = Role.VIEWER if method in SAFE else Role.OPERATOR
    needed: Role | None = getattr(current_app.view_functions[endpoint], _MARK, unmarked)
    return needed


def guard() -> AnyResponse | None:
    """Before each request: let in, send to the sign-in page, or refuse."""
    if request.endpoint is None:
        return None
    needed = needed_for(request.endpoint, request.method)
    if needed is None:
        return None
    person = current_person()
    if person is None:
        return _ask_to_sign_in()
    if not person.may(needed):
        abort(403, f"This needs the role {needed}; you are signed in as {person.role}.")
    return None


def current_person() -> Person | None:
    """Who is signed in on this request, looked up once."""
    if "person" not in g:
        token = request.cookies.get(cookie_name(), "")
        g.person = people.who(token) if token else None
    person: Person | None = g.person
    return person


def me() -> Person:
    """The signed-in person, on routes that are not public."""
    person = current_person()
    if person is None:
        abort(401)
    return person


def let_in(response: AnyResponse, token: str) -> AnyResponse:
    """Give the browser its session, in a cookie that no script and no other site can read."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(people.LONGEST_SESSION.total_seconds()),
        secure=settings.current().is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def see_out(response: AnyResponse) -> AnyResponse:
    """Take the session's cookie away again."""
    response.delete_cookie(cookie_name(), secure=settings.current().is_https, httponly=True, samesite="Lax", path="/")
    return response


def cookie_name() -> str:
    return "__Host-orderbridge" if settings.current().is_https else "orderbridge"


def local_path(wanted: str | None) -> str:
    """Where to go after signing in: a path on this server, or the orders."""
    home: str = url_for("orders.index")
    if not wanted or not wanted.startswith("/") or any(c in wanted for c in "\\\r\n\t\0"):
        return home
    parts = urlsplit(wanted)
    return home if parts.scheme or parts.netloc or wanted.startswith("//") else wanted


def way_in() -> str:
    """The sign-in page that leads back to the page on which somebody is, as far as the request tells."""
    page = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    wanted = page.path + (f"?{page.query}" if page.query else "")
    url: str = url_for("auth.sign_in", next=local_path(wanted))
    return url


def is_shut_out() -> bool:
    """The request is for signed-in people, and nobody is signed in."""
    endpoint = request.endpoint
    return endpoint is not None and needed_for(endpoint, request.method) is not None and current_person() is None


def _ask_to_sign_in() -> AnyResponse:
    if request.method not in SAFE:
        # The page and what was typed into its form stay where they are.
        abort(401)
    if "HX-Request" in request.headers:
        response = Response("", 401)
        response.headers["HX-Redirect"] = way_in()
        return response
    return redirect(url_for("auth.sign_in", next=local_path(request.full_path.rstrip("?"))), 303)
