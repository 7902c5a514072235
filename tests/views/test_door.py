"""Who comes in, as what, for how long, and who does not."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import IntegerConverter

from tests.views.conftest import PEOPLE, built, settings_in, signed_in, token_on
from tests.views.scene import draw
from webapp import clock, people, team
from webapp.models import AccountRow, OrderRow, SessionRow, SignInLinkRow, StoreRow, UserRow, db
from webapp.people import Role
from webapp.views import door, numbers

PASSWORD = "four quiet words here"


SETTINGS = {
    f"account_settings.{name}"
    for name in ("add", "try_new", "change", "try_changed", "pause", "resume", "remove", "webhooks")
} | {"account_orders.save", "account_orders.sample"}
SETTINGS |= {
    f"store_settings.{name}"
    for name in ("add", "try_new", "change", "try_changed", "pause", "resume", "remove", "read_stock", "webhooks")
}
SETTINGS |= {f"team.{name}" for name in ("add", "change_role", "link", "sign_out", "disable", "enable")}
SETTINGS.add("erase.now")
SETTINGS |= {f"alerts.{name}" for name in ("add", "change", "test", "pause", "resume", "remove")}
"""Whatever changes a setting is for admins."""


def paths(app: Flask, method: str) -> list[tuple[str, str]]:
    """Every route of a method as (endpoint, path), each with arguments that lead somewhere."""
    with app.app_context():
        first = db.session.execute(select(AccountRow.key, OrderRow.po).join(OrderRow).limit(1)).first()
        key, po = first or draw()
        store_key = db.session.execute(select(StoreRow.key).limit(1)).scalar_one()
    given: dict[str, Any] = {
        "account_key": key,
        "po": po,
        "token": "t",
        "secret": "s",
        "act": "subscribe",
    }
    given["filename"] = "app.css"
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()):
                keys = {"account_": key, "reimports": key, "store_": store_key}
                given["key"] = next((keys[one] for one in keys if rule.endpoint.startswith(one)), "k")
                found.append((rule.endpoint, url_for(rule.endpoint, **{n: given.get(n, 1) for n in rule.arguments})))
    return found


def test_a_stranger_is_refused_on_every_route_that_is_not_marked_public(app: Flask, stranger: FlaskClient) -> None:
    with app.app_context():
        public = {e for e in app.view_functions if door.needed_for(e, "GET") is None}
    assert {e for e in public if not e.startswith("webhooks.")} == {
        "static",
        "auth.sign_in",
        "auth.enter",
        "auth.open_link",
        "health.live",
        "health.ready",
        "health.metrics",
    }
    closed = [path for endpoint, path in paths(app, "GET") if endpoint not in public]
    assert len(closed) >= 9
    for path in closed:
        answer = stranger.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["Location"].startswith("/sign-in?next="), path
        assert "Maria" not in answer.text
        partly = stranger.get(
            path, headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/orders?status=created"}
        )
        assert partly.status_code == 401
        assert partly.headers["HX-Redirect"] == "/sign-in?next=/orders?status%3Dcreated"
        assert partly.text == ""


def test_acting_is_for_operators_and_only_looking_for_viewers(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        needed = {e: door.needed_for(e, "POST") for e, _ in paths(app, "POST") if not e.startswith("webhooks.")}
    assert {endpoint: role for endpoint, role in needed.items() if role is not Role.OPERATOR} == {
        "auth.enter": None,
        "auth.sign_out": Role.VIEWER,
        "auth.change_account": Role.VIEWER,
        **dict.fromkeys(("lists.find", "lists.display", "lists.save_view", "lists.change_view"), Role.VIEWER),
        **dict.fromkeys(("incoming.find", "log.find"), Role.VIEWER),
        **dict.fromkeys(SETTINGS, Role.ADMIN),
    }
    token = token_on(viewer, "/account")
    for endpoint, path in paths(app, "POST"):
        if needed.get(endpoint) is Role.OPERATOR:
            answer = viewer.post(path, data={"csrf_token": token, "reason": "no"})
            assert answer.status_code == 403
            assert "needs the role operator" in answer.text


def test_an_unmarked_unsafe_route_is_never_open_to_viewers(app: Flask) -> None:
    app.view_functions["auth.enter"] = lambda: "forgotten"
    with app.app_context():
        assert door.needed_for("auth.enter", "POST") is Role.OPERATOR
        assert door.needed_for("auth.enter", "GET") is Role.VIEWER


def test_a_changed_role_and_a_closed_account_count_from_the_next_request_on(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    assert "Refresh" not in viewer.get(f"/orders/{key}/{po}").text
    with app.app_context():
        team.change_role(PEOPLE["viewer"], "operator")
    assert "Refresh" in viewer.get(f"/orders/{key}/{po}").text
    with app.app_context():
        team.disable(PEOPLE["viewer"])
    assert viewer.get("/orders").status_code == 303


@pytest.mark.parametrize(("gaps", "is_in"), [([11], True), ([13], False), ([11] * 30, True), ([11] * 31, False)])
def test_a_session_ends_idle_and_ends_anyway(app: Flask, viewer: FlaskClient, gaps: list[int], is_in: bool) -> None:
    try:
        for hours in gaps:
            clock.move(timedelta(hours=hours))
            status = viewer.get("/account").status_code
        assert (status == 200) is is_in
    finally:
        clock.move(-timedelta(hours=sum(gaps)))


def test_a_link_opens_the_door_once_and_says_so_afterwards(app: Flask, stranger: FlaskClient) -> None:
    with app.app_context():
        path = people.issue_link(PEOPLE["admin"])
    assert stranger.head(path).status_code == 204
    assert stranger.get(path, headers={"Sec-Purpose": "prefetch"}).status_code == 204
    opened = stranger.get(path)
    assert (opened.status_code, opened.headers["Location"]) == (303, "/orders")
    assert stranger.get("/orders").status_code == 200
    again = app.test_client().get(path)
    assert again.status_code == 410
    assert "works once" in again.text


def test_a_link_ends_after_a_day_and_when_a_newer_one_is_made(app: Flask, stranger: FlaskClient) -> None:
    with app.app_context():
        first, second = people.issue_link(PEOPLE["admin"]), people.issue_link(PEOPLE["admin"])
    assert stranger.get(first).status_code == 410
    clock.move(timedelta(hours=25))
    try:
        assert stranger.get(second).status_code == 410
    finally:
        clock.move(-timedelta(hours=25))


def test_only_hashes_of_tokens_are_kept(app: Flask, admin: FlaskClient) -> None:
    cookie = admin.get_cookie("orderbridge")
    assert cookie is not None
    with app.app_context():
        people.issue_link(PEOPLE["admin"])
        kept = [
            *db.session.scalars(select(SessionRow.token_hash)),
            *db.session.scalars(select(SignInLinkRow.token_hash)),
        ]
    assert all(len(each) == 64 for each in kept)
    assert cookie.value not in kept


def test_signing_out_ends_the_session_on_the_server(app: Flask, admin: FlaskClient) -> None:
    cookie = admin.get_cookie("orderbridge")
    assert cookie is not None
    answer = admin.post("/sign-out", data={"csrf_token": token_on(admin, "/account")})
    assert answer.headers["Location"] == "/sign-in"
    thief = app.test_client()
    thief.set_cookie("orderbridge", cookie.value)
    assert thief.get("/orders").status_code == 303


def test_the_first_link_is_there_until_somebody_has_a_password(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path))
    with app.app_context():
        first = people.first_link()
        again = people.first_link()
        assert first is not None
        assert again not in (None, first)
        people.add_user("owner@shop.example", "admin", PASSWORD)
        assert people.first_link() is None
        db.engine.dispose()


def test_who_came_by_link_sets_email_and_password_and_all_other_sessions_end(app: Flask) -> None:
    mine, other = signed_in(app, "admin"), signed_in(app, "admin")
    assert "Choose an e-mail address and a password" in mine.get("/orders").text
    form = {
        "csrf_token": token_on(mine, "/account"),
        "email": "Dana@Shop.Example",
        "password": PASSWORD,
        "again": PASSWORD,
    }
    assert mine.post("/account", data={**form, "again": "else"}).status_code == 422
    assert mine.post("/account", data=form).status_code == 303
    assert "Choose an e-mail address" not in mine.get("/orders").text
    assert other.get("/orders").status_code == 303
    fresh = app.test_client()
    sent = {"csrf_token": token_on(fresh, "/sign-in"), "email": "dana@shop.example", "password": PASSWORD}
    answer = fresh.post("/sign-in", data={**sent, "next": "/outgoing?show=done"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/outgoing?show=done")
    assert fresh.get("/account").status_code == 200
    wrong = {
        "csrf_token": token_on(fresh, "/account"),
        "email": "dana@shop.example",
        "current": "wrong",
        "password": "",
    }
    assert "current password is not right" in fresh.post("/account", data=wrong).text


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("short", False),
        ("1234567", False),
        ("password", False),
        ("Password123", False),
        ("aaaaaaaaaaaa", False),
        ("abcdefghij", False),
        ("owner@shop.example", False),
        ("x7#kd92p", True),
        ("lower case words only", True),
        ("ünïcödé pässwörd 🦊", True),
        ("w" * 32 + "x" * 32 + "yz", True),
        ("ab" * 200, False),
    ],
)
def test_length_counts_and_the_first_guesses_do_not_pass(password: str, is_good: bool) -> None:
    if is_good:
        people.check_password(password, "owner@shop.example")
    else:
        with pytest.raises(people.Refused):
            people.check_password(password, "owner@shop.example")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time, where the time is not the point."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(people, "_hasher", hasher)
    monkeypatch.setattr(people, "_NOBODY", hasher.hash("nobody"))


def guess(app: Flask, email: str, password: str, address: str) -> tuple[int, str]:
    client = app.test_client()
    environ = {"REMOTE_ADDR": address}
    form = {"csrf_token": token_on(client, "/sign-in"), "email": email, "password": password}
    answer = client.post("/sign-in", data=form, environ_overrides=environ)
    return answer.status_code, answer.text


def test_guessing_is_slowed_down_and_nobody_is_locked_out_by_others(app: Flask, quick: None) -> None:
    with app.app_context():
        people.add_user("owner@shop.example", "admin", PASSWORD)
    answers = [guess(app, "owner@shop.example", f"guess number {n}", "203.0.113.7")[0] for n in range(12)]
    assert answers == [401] * 5 + [429] * 7
    assert guess(app, "owner@shop.example", PASSWORD, "203.0.113.7")[0] == 429
    assert guess(app, "owner@shop.example", PASSWORD, "198.51.100.4")[0] == 303
    clock.move(timedelta(minutes=16))
    try:
        assert guess(app, "owner@shop.example", PASSWORD, "203.0.113.7")[0] == 303
    finally:
        clock.move(-timedelta(minutes=16))


def test_one_address_has_few_guesses_whatever_the_account(app: Flask, quick: None) -> None:
    answers = [guess(app, f"user{n}@shop.example", "some password", "2001:db8::%x" % (n + 1))[0] for n in range(24)]
    assert answers == [401] * 20 + [429] * 4


def test_an_unknown_user_looks_like_a_wrong_password(app: Flask) -> None:
    with app.app_context():
        people.add_user("owner@shop.example", "admin", PASSWORD)
    times: dict[str, float] = {}
    texts = set()
    for n, email in enumerate(["owner@shop.example", "nobody@shop.example", PEOPLE["viewer"]]):
        began = time.perf_counter()
        status, text = guess(app, email, "wrong password", f"198.51.100.{n}")
        times[email] = time.perf_counter() - began
        assert status == 401
        texts.add(text.split("</section>")[0].split('class="flash bad"')[1].split("</p>")[0])
    assert len(texts) == 1
    assert min(times.values()) > 0.02, "the stored hash of nobody is checked too"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "",
        "orders",
        "///x",
    ],
)
def test_signing_in_never_leads_elsewhere(app: Flask, wanted: str) -> None:
    with app.test_request_context():
        assert door.local_path(wanted) == "/orders"


def test_over_https_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path, public_url="https://orders.example"))
    with app.app_context():
        path = people.issue_link(PEOPLE["admin"])
    client = app.test_client()
    opened = client.get(path, base_url="https://orders.example")
    page = client.get("/account", base_url="https://orders.example")
    assert page.status_code == 200
    cookies = opened.headers.getlist("Set-Cookie") + page.headers.getlist("Set-Cookie")
    assert len(cookies) >= 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    with app.app_context():
        db.engine.dispose()


def test_an_address_that_is_none_is_refused(app: Flask) -> None:
    with app.app_context():
        for email in ("", "owner", "@shop", "owner@", "ow ner@shop.example", "o\n@shop.example", "x" * 260 + "@a"):
            with pytest.raises(people.Refused):
                people.add_user(email, "admin", PASSWORD)
        with pytest.raises(people.Refused):
            people.add_user("owner@shop.example", "king", PASSWORD)
        people.add_user("owner@shop.example", "viewer", PASSWORD)
        with pytest.raises(people.Refused):
            people.add_user("OWNER@shop.example", "viewer", PASSWORD)
        assert db.session.scalars(select(UserRow.password_hash).where(UserRow.email == "owner@shop.example")).one()


def test_a_number_that_no_column_holds_leads_nowhere(app: Flask, admin: FlaskClient) -> None:
    takers = [
        (rule.rule, converter.max)
        for rule in app.url_map.iter_rules()
        for converter in rule._converters.values()
        if isinstance(converter, IntegerConverter)
    ]
    assert len(takers) >= 10
    assert [rule for rule, most in takers if most != numbers.LARGEST] == []
    for number in (numbers.LARGEST + 1, "9" * 5_000):
        for path in ("/incoming", "/outgoing"):
            assert admin.get(f"{path}/{number}").status_code == 404
        for path in ("/outgoing?older=", "/outgoing?older=-", "/incoming?older=", "/orders/news?top=", "/log?older="):
            assert admin.get(f"{path}{number}").status_code < 400, path
    assert admin.get(f"/outgoing/{numbers.LARGEST}").status_code == 404
