"""What every response carries and every unsafe request must prove."""

from __future__ import annotations

import hashlib
import html
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.conftest import token_on
from tests.views.scene import HOSTILE, draw
from tests.views.test_door import paths
from webapp.settings import CHECKOUT
from webapp.views import errors
from webapp.views.security import CONTENT_POLICY

HTMX = {"HX-Request": "true"}


def stored(folder: Path) -> str:
    """A digest of everything in the database but when a session was last seen."""
    with sqlite3.connect(folder / "test.db") as connection:
        lines = [line for line in connection.iterdump() if "sessions" not in line]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_an_unsafe_request_without_a_token_or_from_elsewhere_changes_nothing(
    app: Flask, admin: FlaskClient, tmp_path: Path
) -> None:
    unsafe = [path for endpoint, path in paths(app, "POST") if not endpoint.startswith("webhooks.")]
    assert len(unsafe) >= 6
    token, before = token_on(admin, "/account"), stored(tmp_path)
    form = {
        "reason": "because",
        "email": "thief@evil.example",
        "password": "four quiet words",
        "again": "four quiet words",
    }
    with_token = {**form, "csrf_token": token}
    for path in unsafe:
        assert admin.post(path, data=form).status_code == 403, path
        assert admin.post(path, data={**form, "csrf_token": "made up"}).status_code == 403, path
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert admin.post(path, data=with_token, headers=headers).status_code == 403, path
    assert stored(tmp_path) == before


def test_looking_at_everything_changes_nothing(app: Flask, admin: FlaskClient, tmp_path: Path) -> None:
    looked_at = [path for endpoint, path in paths(app, "GET") if endpoint != "auth.open_link"]
    before = stored(tmp_path)
    for path in looked_at:
        assert admin.get(path).status_code < 500, path
    assert stored(tmp_path) == before


def test_every_response_is_fenced(app: Flask, admin: FlaskClient, stranger: FlaskClient) -> None:
    seen = []
    for endpoint, path in paths(app, "GET"):
        for client in (admin, stranger):
            for headers in ({}, HTMX):
                seen.append((endpoint, client.get(path, headers=headers)))
    seen += [("404", admin.get("/nothing")), ("405", admin.post("/orders")), ("403", admin.post("/account"))]
    assert len(seen) > 30
    for endpoint, answer in seen:
        assert answer.status_code != 500, endpoint
        assert answer.headers["Content-Security-Policy"] == CONTENT_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers
        if endpoint != "static":
            assert answer.headers["Cache-Control"] == "no-store"
        if answer.mimetype == "text/html" and answer.status_code != 303:
            assert "HX-Request" in answer.headers["Vary"]


class Handlers(HTMLParser):
    """Collects every attribute that a strict policy would have to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith(("on", "hx-on")) or name == "style"]


def inline_handlers(text: str) -> list[str]:
    parser = Handlers()
    parser.feed(text)
    return parser.found


def test_hostile_text_stays_text_on_every_page(app: Flask, admin: FlaskClient) -> None:
    for _, path in paths(app, "GET"):
        text = admin.get(path).text if not path.startswith("/sign-in/") else ""
        assert HOSTILE not in text
        assert "<script>alert" not in text
        assert not inline_handlers(text), path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/orders", 405), ("GET", "/orders/x/y", 404), ("POST", "/account", 403)],
)
def test_an_error_is_a_page_for_a_browser_and_a_notice_for_htmx(
    admin: FlaskClient, method: str, path: str, status: int
) -> None:
    whole = admin.open(path, method=method)
    part = admin.open(path, method=method, headers=HTMX)
    assert whole.status_code == part.status_code == status
    assert "<!doctype html>" in whole.text
    assert "To the orders" in whole.text
    assert "<!doctype html>" not in part.text
    assert part.text.startswith('<div class="flash bad">')
    assert whole.headers["X-Request-Id"] in whole.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500])
def test_every_error_says_what_to_do(app: Flask, admin: FlaskClient, status: int) -> None:
    def fails() -> str:
        if status == 500:
            raise RuntimeError("secret detail")
        app.aborter(status)

    app.view_functions["auth.account"] = fails
    for headers in ({}, HTMX):
        answer = admin.get("/account", headers=headers)
        assert answer.status_code == status
        assert answer.headers["X-Request-Id"] in answer.text
        assert html.escape(errors.WORDS[status][0]) in answer.text
        assert errors.WORDS[status][1] in answer.text
        assert answer.headers.get("HX-Retarget") == ("#problem" if headers else None)
        assert "secret detail" not in answer.text
        assert "Traceback" not in answer.text


def test_a_form_too_large_is_refused(admin: FlaskClient) -> None:
    token = token_on(admin, "/account")
    answer = admin.post("/account", data={"csrf_token": token, "email": "x" * 300_000})
    assert answer.status_code == 413


def test_static_files_are_kept_for_ever_under_their_digest(stranger: FlaskClient) -> None:
    page = stranger.get("/sign-in").text
    address = re.search(r'"(/static/app\.css\?v=\w+)"', page)
    assert address is not None
    answer = stranger.get(address[1], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    again = stranger.get(address[1], headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert "immutable" not in stranger.get("/static/app.css?v=old").headers["Cache-Control"]
    assert stranger.get("/static/../app.py").status_code == 404
    assert stranger.get("/static/VENDORED.md").status_code == 404


def test_a_browser_is_told_of_the_stylesheets_before_the_page(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    for path in ("/orders", f"/orders/{key}/{po}", "/help", "/nothing"):
        answer = admin.get(path)
        linked = re.findall(r'<link rel="stylesheet" href="([^"]+)">', answer.text)
        assert linked
        assert answer.headers["Link"] == ", ".join(f"<{each}>; rel=preload; as=style" for each in linked)
    assert "Link" not in admin.get("/orders", headers={"HX-Request": "true"}).headers
    assert "Link" not in admin.get("/static/app.css").headers


def test_the_vendored_htmx_is_the_published_file() -> None:
    folder = CHECKOUT / "webapp" / "static"
    digest = hashlib.sha256((folder / "htmx.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "VENDORED.md").read_text()


def test_the_orders_page_is_light(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    packed = {"Accept-Encoding": "gzip"}
    page = admin.get("/orders", headers=packed)
    needed = set(re.findall(r'"(/static/[^"#]+)', admin.get("/orders").text))
    weights = {path: len(admin.get(path, headers=packed).data) for path in needed}
    scripts = sum(weight for path, weight in weights.items() if ".js" in path)
    styles = sum(weight for path, weight in weights.items() if ".css" in path)
    assert len(weights) + 1 <= 8
    assert scripts <= 20_000
    assert styles <= 12_000
    assert len(page.data) + sum(weights.values()) <= 80_000


def test_htmx_is_told_to_keep_nothing_and_to_evaluate_nothing(admin: FlaskClient) -> None:
    text = admin.get("/orders").text
    for word in (
        '"historyCacheSize":0',
        '"allowScriptTags":false',
        '"allowEval":false',
        '"includeIndicatorStyles":false',
        '"selfRequestsOnly":true',
    ):
        assert word in text


def test_templates_hold_no_inline_script_and_no_unescaped_data() -> None:
    for path in (CHECKOUT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\|\s*safe|hx-on|autoescape|javascript:|js:|hx-vals|\sstyle=", text), path
        assert not re.search(r"<script(?! src=)", text), path
        assert not re.search(r"=\{\{", text), f"{path}: an attribute without quotes"
