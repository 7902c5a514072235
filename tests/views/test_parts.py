"""Every route for itself, both ways: the whole page for a browser, a part for htmx only, and each error as designed."""

from __future__ import annotations

import html

from flask import Flask, request
from flask.testing import FlaskClient

from tests.views.conftest import token_on
from tests.views.scene import draw
from tests.views.test_door import paths
from webapp.views import errors

HTMX = {"HX-Request": "true"}
RESTORED = {**HTMX, "HX-History-Restore-Request": "true"}
STATUSES = (401, 403, 404, 409, 422, 429, 500)
NO_PAGES = ("static", "webhooks.", "health.live", "health.ready", "health.metrics", "auth.open_link")


def is_whole(text: str) -> bool:
    return text.lstrip().startswith("<!doctype html>")


def test_every_address_gives_a_browser_a_whole_page_and_a_part_to_htmx_alone(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    pages, parts = 0, 0
    for endpoint, path in paths(app, "GET"):
        if endpoint.startswith(NO_PAGES):
            continue
        whole, part, restored = (admin.get(path, headers=headers) for headers in ({}, HTMX, RESTORED))
        for answer in (whole, part, restored):
            assert "HX-Request" in answer.headers["Vary"], endpoint
        if whole.status_code == 200:
            pages += 1
            assert is_whole(whole.text), endpoint
            assert is_whole(restored.text), f"{endpoint}: Back in the browser shows a part alone"
        if part.status_code == 200 and not is_whole(part.text):
            parts += 1
            assert "<body" not in part.text, endpoint
        elif part.status_code >= 400:
            assert not is_whole(part.text), endpoint
        if part.status_code == 204:
            parts += 1
            assert whole.status_code == 303, f"{endpoint}: a browser is led to the page that it is a part of"
    assert pages > 35
    assert parts > 15


def test_every_route_shows_every_error_as_designed(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    token = token_on(admin, "/account")

    def fails(**_: object) -> str:
        status = int(request.headers["X-Status"])
        if status == 500:
            raise RuntimeError("secret detail")
        app.aborter(status)

    routes = [
        (method, endpoint, path)
        for method in ("GET", "POST")
        for endpoint, path in paths(app, method)
        if not endpoint.startswith(NO_PAGES)
    ]
    app.view_functions |= {endpoint: fails for _, endpoint, _ in routes}
    for method, endpoint, path in routes:
        for status in STATUSES:
            headers = {**HTMX, "X-Status": str(status)}
            answer = admin.open(
                path, method=method, headers=headers, data={"csrf_token": token} if method == "POST" else {}
            )
            assert answer.status_code == status, endpoint
            assert answer.text.startswith('<div class="flash bad">'), f"{endpoint} {status}"
            assert html.escape(errors.WORDS[status][0]) in answer.text
            assert answer.headers["HX-Retarget"] == "#problem", f"{endpoint} {status}: it would stand in a row"
            assert answer.headers["HX-Reswap"] == "innerHTML"
            assert "secret detail" not in answer.text
    assert len(routes) > 110
