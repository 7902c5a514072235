"""Errors as pages for a browser and as a notice for htmx: what happened, and what to do now."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from webapp.views import door
from webapp.views.render import wants_fragment

log = logging.getLogger(__name__)

WORDS = {
    400: ("That request made no sense", "Go back and try it again from the page."),
    401: ("You are not signed in any more", "Nothing was sent. Sign in, and send it again."),
    403: ("You may not do that", "Ask an admin of this server for the right role."),
    404: ("There is nothing here", "The address may be mistyped, or what it showed was removed."),
    405: ("That is not how this address works", "Open it from the page it belongs to."),
    409: ("Somebody else was quicker", "Load the page again, look at what it says now, and repeat it where needed."),
    413: ("That is too much at once", "Send less, or split it up."),
    422: ("That cannot be done as it was sent", "Load the page again and look at each field."),
    429: ("Too many tries", "Wait a little and try again."),
    500: (
        "That went wrong on our side",
        "Nothing was half done. Try again; if it stays, give the number below to your admin.",
    ),
}
STALE_FORM = "This page was open too long, so the form was not sent. Load the page again and repeat it."
RENEWED = "This page was open too long, so the form was not sent. It is renewed, with what you typed: send it again."
_OWN_WORDS = frozenset({403, 404, 422})


def attach(app: Flask) -> None:
    """A number for each request, and a designed answer for each error."""
    app.before_request(_number)
    app.after_request(_show_number)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(InternalServerError, _broken)


def _number() -> None:
    g.request_number = secrets.token_hex(6)


def _show_number(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_number", "-")
    return response


def _stale_form(error: CSRFError) -> Response:
    if door.is_shut_out():
        return _answer(401, "")
    return _answer(403, RENEWED if wants_fragment() else STALE_FORM, renews=True)


def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    has_own = status in _OWN_WORDS and error.description != type(error).description
    response = _answer(status, error.description or "" if has_own else "")
    if status == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _broken(error: InternalServerError) -> Response:
    log.error("request=%s endpoint=%s failed", g.get("request_number", "-"), request.endpoint)
    return _answer(500, "")


def _answer(status: int, sentence: str, *, renews: bool = False) -> Response:
    """A page, or a notice; one that `renews` carries a new token for the forms of the page, which stay as they are."""
    title, advice = WORDS.get(status, WORDS[400 if status < 500 else 500])
    is_notice = wants_fragment()
    template = "error_notice.html" if is_notice else "error.html"
    shown = {"status": status, "title": title, "sentence": sentence or advice, "number": g.get("request_number", "-")}
    shown |= {"renews": renews, "way_in": door.way_in() if status == 401 else ""}
    response = make_response(render_template(template, **shown), status)
    if is_notice:
        # A form with mistakes comes back where it stood, and with 422 too; a notice has its own place.
        response.headers.update({"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
    return response
