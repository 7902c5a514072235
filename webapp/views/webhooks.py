"""The webhook door: raw bytes, capped, authenticated, stored, committed, and only then answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from webapp import inbox, vault
from webapp.inbox import Unauthorized
from webapp.models import db

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")

Receive = Callable[[str, str, Mapping[str, str], bytes], None]


@bp.post("/walmart/<key>")
@bp.post("/walmart/<key>/<secret>")
def walmart(key: str, secret: str = "") -> Response:
    """A notification from Walmart, which wants a 200 within three seconds."""
    return _take_in(inbox.receive_walmart, key, secret)


@bp.post("/walmart/<key>/token")
def token(key: str) -> Response:
    """Walmart asks for the bearer token that its OAUTH webhooks will show."""
    try:
        issued = inbox.issue_token(key, _headers())
    except Unauthorized:
        return _answer(401, "The client ID or secret is not the one of this account's subscription.")
    return jsonify(access_token=issued, token_type="Bearer", expires_in=vault.TICKET_SECONDS)


@bp.post("/magento/<key>")
@bp.post("/magento/<key>/<secret>")
def magento(key: str, secret: str = "") -> Response:
    """A notification from the shop."""
    return _take_in(inbox.receive_magento, key, secret)


def _take_in(receive: Receive, key: str, secret: str) -> Response:
    body = _body()
    if body is None:
        return _answer(413, "The body is larger than 1 MiB.")
    try:
        receive(key, secret, _headers(), body)
    except Unauthorized:
        return _answer(401, "The sender did not prove who it is.")
    except SQLAlchemyError:
        db.session.rollback()
        refused = _answer(503, "It could not be stored just now; send it again.")
        refused.headers["Retry-After"] = "30"
        return refused
    return _answer(200, "ok")


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _body() -> bytes | None:
    """At most 1 MiB, also when no length is given; None for more. A body cut short is what it is: bytes."""
    if (request.content_length or 0) > inbox.LARGEST_BODY:
        return None
    request.max_content_length = None
    body = request.stream.read(inbox.LARGEST_BODY + 1)
    return None if len(body) > inbox.LARGEST_BODY else body


def _answer(status: int, text: str) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
