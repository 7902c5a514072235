"""The webhook door: raw bytes, capped, authenticated, stored, committed, and only then answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Blueprint, Flask, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_content_length, get_input_stream

from webapp import inbox, refusals, vault
from webapp.inbox import Unauthorized
from webapp.intake import NotStored
from webapp.models import db
from webapp.settings import current

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")

Receive = Callable[[str, str, Mapping[str, str], bytes, str], None]

RECEIVERS: Mapping[str, Receive] = {"walmart": inbox.receive_walmart, "magento": inbox.receive_magento}
ADDRESS = re.compile(r"/webhooks/(walmart|magento)/([^/]+)(?:/((?!token\Z)[^/]+))?")
CHALLENGE = re.compile(r"[A-Za-z0-9_.~+=/\-]{1,200}\Z")
ADOBE_COMMERCE = ("x-adobe-commerce-request-id", "x-adobe-commerce-webhook-signature")
"""Adobe Commerce sends one or both while its own save waits for the answer."""
HEADERS = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told: it reads the status, a person the sentence."""

    status: str
    sentence: str
    more: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/plain; charset=utf-8"
    is_exact: bool = False


GO_ON = Answer("200 OK", '{"op":"success"}', content_type="application/json")
STORED = Answer("200 OK", "ok")
CUT_SHORT = Answer("400 Bad Request", "The body ended too early.")
STRANGER = Answer("401 Unauthorized", "The sender did not prove who it is.")
POST_ONLY = Answer("405 Method Not Allowed", "Webhooks are posted.", (("Allow", "POST"),))
TOO_LARGE = Answer("413 Content Too Large", "The body is larger than 1 MiB.")
CODED = Answer("415 Unsupported Media Type", "Send the body as it is, without a Content-Encoding.")
NOT_NOW = Answer("503 Service Unavailable", "It could not be stored just now; send it again.", (("Retry-After", "30"),))


class Door:
    """Takes the webhooks in and leaves everything else to the pages behind it.

    It stands before Flask's pipeline, which has nothing to do for a sender that has no session, sends no form and
    reads no page, and would cost more than storing the event.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._pages = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address = ADDRESS.fullmatch(environ["PATH_INFO"])
        if address is None:
            return self._pages(environ, start_response)
        answer = POST_ONLY
        with self._app.app_context():
            if environ["REQUEST_METHOD"] == "POST":
                answer = _take_in(address[1], address[2], address[3] or "", environ)
            elif address[1] == "magento" and environ["REQUEST_METHOD"] == "GET":
                answer = _echo(address[2], environ)
        text = answer.sentence.encode() if answer.is_exact else f"{answer.sentence}\n".encode()
        length = ("Content-Length", str(len(text)))
        start_response(answer.status, [*HEADERS, ("Content-Type", answer.content_type), length, *answer.more])
        return [text]


@bp.post("/walmart/<key>/token")
def token(key: str) -> tuple[Response, int]:
    """Walmart asks for the bearer token that its OAUTH webhooks will show."""
    try:
        issued = inbox.issue_token(key, _headers(request.environ))
    except Unauthorized:
        return jsonify(error="The client ID or secret is not the one of this account's subscription."), 401
    return jsonify(access_token=issued, token_type="Bearer", expires_in=vault.TICKET_SECONDS), 200


def _take_in(source: str, key: str, secret: str, environ: WSGIEnvironment) -> Answer:
    headers = _headers(environ)
    holds_up_a_save = any(name in headers for name in ADOBE_COMMERCE)
    try:
        body = _whole_body(source, key, headers, environ)
        if isinstance(body, Answer):
            return body
        RECEIVERS[source](key, secret, headers, body, _target(environ))
    except Unauthorized:
        return STRANGER
    except NotStored:
        db.session.rollback()
        # Anything else would stop the merchant's own save; the polls find what was not stored.
        return GO_ON if holds_up_a_save else NOT_NOW
    except SQLAlchemyError:
        db.session.rollback()
        return NOT_NOW
    return GO_ON if holds_up_a_save else STORED


def _echo(key: str, environ: WSGIEnvironment) -> Answer:
    """Adobe I/O Events asks once whether somebody is there, and wants its word back."""
    words = parse_qs(environ["QUERY_STRING"]).get("challenge", [])
    if len(words) != 1 or not CHALLENGE.match(words[0]):
        return POST_ONLY
    try:
        return Answer("200 OK", words[0], is_exact=True) if inbox.knows_shop(key) else STRANGER
    except SQLAlchemyError:
        db.session.rollback()
        return NOT_NOW


def _whole_body(source: str, key: str, headers: Mapping[str, str], environ: WSGIEnvironment) -> bytes | Answer:
    """The body, or what to say instead; what is not read is counted."""
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        inbox.note_unread(source, key, refusals.CODED)
        return CODED
    try:
        body = _body(environ)
    except ClientDisconnected:
        inbox.note_unread(source, key, refusals.CUT_SHORT)
        return CUT_SHORT
    if len(body) > inbox.LARGEST_BODY:
        inbox.note_unread(source, key, refusals.TOO_LARGE)
        return TOO_LARGE
    return body


def _target(environ: WSGIEnvironment) -> str:
    """What the sender called: this server may be known under an address with a path of its own."""
    path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not path.startswith("/"):
        query = environ.get("QUERY_STRING", "")
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/~") + (f"?{query}" if query else "")
    return f"{environ['REQUEST_METHOD']}\n{urlsplit(current().public_url).path}{path}"


def _body(environ: WSGIEnvironment) -> bytes:
    """All of it, also when no length is given; of one that is too large only as much as shows that it is."""
    announced = get_content_length(environ) or 0
    if announced > inbox.LARGEST_BODY:
        return bytes(inbox.LARGEST_BODY + 1)
    body = get_input_stream(environ).read(inbox.LARGEST_BODY + 1)
    if len(body) < announced:
        raise ClientDisconnected
    return body


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """By their names in lower case, as the sender gave them."""
    found = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    return found | {"content-type": environ.get("CONTENT_TYPE", "")}
