"""What every response carries and every unsafe request must prove, whatever the route."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from webapp.settings import Settings
from webapp.views import door

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", CONTENT_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
HSTS = "max-age=31536000; includeSubDomains"
SMALLEST_PACKED = 1000
LARGEST_FORM = 200 * 1024
_PACKED_TYPES = frozenset({"text/html", "application/json", "text/plain"})

_MARK = "security_takes"

csrf = CSRFProtect()


def takes(size: int) -> Callable[[door.type_of_view], door.type_of_view]:
    """This route takes a form of so many bytes, where others take `LARGEST_FORM`."""

    def mark(view: door.type_of_view) -> door.type_of_view:
        setattr(view, _MARK, size)
        return view

    return mark


def attach(app: Flask, settings: Settings) -> None:
    """Headers on everything, a token and a fitting origin on each unsafe request."""
    name = "orderbridge-form"
    app.config.update(
        SESSION_COOKIE_NAME=f"__Host-{name}" if settings.is_https else name,
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
    )
    home = urlsplit(settings.public_url).netloc
    always = dict(HEADERS) | ({"Strict-Transport-Security": HSTS} if settings.is_https else {})

    def check_origin() -> None:
        _check_origin(home)

    def limit_body() -> None:
        if request.blueprint not in door.SELF_GUARDED:
            view = app.view_functions.get(request.endpoint or "")
            request.max_content_length = request.max_form_memory_size = getattr(view, _MARK, LARGEST_FORM)

    def finish(response: Response) -> Response:
        response.headers.update(always)
        return _pack(_uncached(response))

    app.before_request(limit_body)
    app.before_request(check_origin)
    app.after_request(finish)
    csrf.init_app(app)
    app.session_interface = _Sessions()


class _Sessions(SecureCookieSessionInterface):
    """The form tokens' cookie. What comes without one, as all webhooks do, needs no signatures prepared."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def _check_origin(home: str) -> None:
    """A form on another site is refused even if it knew a token."""
    if request.method in door.SAFE or request.blueprint in door.SELF_GUARDED:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403, "This request came from another site.")
    origin = request.headers.get("Origin")
    if origin is not None and (urlsplit(origin).netloc or "nowhere") not in {request.host, home}:
        abort(403, "This request came from another site.")


def _uncached(response: Response) -> Response:
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.mimetype == "text/html":
        response.vary.update(("HX-Request", "Cookie"))
    return response


def _pack(response: Response) -> Response:
    """Pages are packed here, so that the budget holds without a proxy in front."""
    if response.mimetype not in _PACKED_TYPES or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    if len(response.data) < SMALLEST_PACKED:
        return response
    response.vary.add("Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.data = gzip.compress(response.data, compresslevel=5, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response
