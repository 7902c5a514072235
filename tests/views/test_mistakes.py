"""What is wrong with a form is said in our own words beside its field, and the first such field has the focus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.views.conftest import token_on
from tests.views.scene import draw
from webapp import clock
from webapp.models import CommandRow, EventRow, NoteRow, OrderRow, StoreRow, db
from webapp.unit_of_work import unit_of_work

TEMPLATES = Path(__file__).parents[2] / "templates"
FORM = re.compile(r"<form[^>]*>.*?</form>", re.DOTALL)
JUDGED_BY_THE_BROWSER = re.compile(
    r'\brequired\b|\bpattern=|\bminlength=|type="(?:email|url|number|date)"|_fields\.html'
)
PO = "2802123876439"
WAITS = "2802123876522"
"""The order of the scene with a parked command."""


def test_no_form_that_is_posted_leaves_its_mistakes_to_the_browser() -> None:
    forms = [form for path in TEMPLATES.rglob("*.html") for form in FORM.findall(path.read_text())]
    judged = [form for form in forms if 'method="post"' in form and JUDGED_BY_THE_BROWSER.search(form)]
    assert len(judged) >= 15
    assert [form[:200] for form in judged if "novalidate" not in form.partition(">\n")[0].partition("<input")[0]] == []


def places(app: Flask) -> dict[str, tuple[str, str, dict[str, str], tuple[str, ...]]]:
    """Forms by name: the page that each is on, where it is posted, what is sent, which fields are wrong."""
    with app.app_context():
        key, _ = draw()
        parked = db.session.execute(select(CommandRow.id).where(CommandRow.state == "parked")).scalar_one()
        with unit_of_work() as work:
            event = db.session.execute(select(EventRow.id).order_by(EventRow.id)).scalars().first()
            work.session.get_one(EventRow, event).state = "failed"
        store = db.session.execute(select(StoreRow.key)).scalars().first()
        order = db.session.execute(select(OrderRow.id).where(OrderRow.po == PO)).scalar_one()
        with unit_of_work() as work:
            made = NoteRow(order_id=order, author="dana", text="Gift.", written_at=clock.now(), request_id="n-1")
            work.add(made)
            work.flush()
            note = made.id
    rich, waits = f"/orders/{key}/{PO}", f"/orders/{key}/{WAITS}"
    account, shop = f"/settings/accounts/{key}", f"/settings/stores/{store}"
    return {
        "ship": (f"{rich}/ship", f"{rich}/ship", {}, ("carrier", "number")),
        "ship a word": (f"{rich}/ship", f"{rich}/ship", {"quantity-3": "x"}, ("carrier", "number", "quantity-3")),
        "cancel": (f"{rich}/cancel", f"{rich}/cancel", {}, ("quantity",)),
        "address": (f"{rich}/address", f"{rich}/address", {}, ("name", "address1", "city")),
        "note": (rich, f"{rich}/notes", {}, ("note-text",)),
        "another note": (rich, f"{rich}/notes/{note}", {"version": "1"}, (f"note-{note}-text",)),
        "give up": (waits, f"{waits}/commands/{parked}/dismiss", {}, (f"why-{parked}",)),
        "give up on the list": (
            "/outgoing?show=parked",
            f"{waits}/commands/{parked}/dismiss",
            {"on": "outgoing"},
            (f"why-{parked}",),
        ),
        "give up on its page": (
            f"/outgoing/{parked}",
            f"{waits}/commands/{parked}/dismiss",
            {"on": "command"},
            (f"why-{parked}",),
        ),
        "set aside": (f"/incoming/{event}", f"/incoming/{event}/set-aside", {}, ("why",)),
        "set all aside": ("/incoming/replay", "/incoming/replay", {"act": "set-aside"}, ("why",)),
        "view": ("/orders", "/orders/views", {}, ("view-name",)),
        "account": (account, account, {}, ("name", "client_id")),
        "new account": ("/settings/accounts/new", "/settings/accounts/new", {}, ("name", "client_id", "client_secret")),
        "store": (shop, shop, {"url": "no"}, ("name", "url")),
        "new store": ("/settings/stores/new", "/settings/stores/new", {}, ("name", "url")),
        "remove an account": (f"{account}/remove", f"{account}/remove", {}, ("name",)),
        "reimport": (f"{account}/reimport", f"{account}/reimport", {"since": "2026-11-01"}, ("until",)),
        "person": ("/settings/people", "/settings/people", {"role": "viewer"}, ("email",)),
        "short password": (
            "/settings/people",
            "/settings/people",
            {"email": "a@b.example", "role": "viewer", "password": "x"},
            ("password",),
        ),
        "alerts": ("/settings/alerts", "/settings/alerts", {"kind": "mail", "mail": "no"}, ("mail",)),
        "own account": ("/account", "/account", {}, ("email", "password")),
        "own passwords": ("/account", "/account", {"email": "a@b.example", "password": "p" * 20}, ("again",)),
    }


NAMES = (
    "ship ship·a·word cancel address note another·note give·up give·up·on·the·list give·up·on·its·page set·aside set·all·aside view "
    "account new·account store new·store "
    "remove·an·account reimport person short·password alerts own·account own·passwords"
)


def wrong_in(text: str) -> dict[str, str]:
    """The sentences beside fields, by field."""
    found = re.findall(r'<small class="mistake" id="m-([^"]+)"[^>]*>.*?</svg>([^<]+)</small>', text, re.DOTALL)
    return dict(found)


@pytest.mark.parametrize("name", [one.replace("·", " ") for one in NAMES.split()])
def test_a_form_that_is_sent_empty_says_so_beside_its_fields(app: Flask, admin: FlaskClient, name: str) -> None:
    on, where, given, fields = places(app)[name]
    form = {"csrf_token": token_on(admin, on), "request": "r-1", **given}
    answer = admin.post(where, data=form, follow_redirects=True)
    assert answer.status_code in {200, 422}
    said = wrong_in(answer.text)
    assert [field for field in fields if field not in said] == [], said
    assert _first_invalid_has_the_focus(answer.text, fields)


def test_who_signs_in_is_told_what_was_left_empty(app: Flask) -> None:
    client = app.test_client()
    form = {"csrf_token": token_on(client, "/sign-in"), "email": "", "password": ""}
    answer = client.post("/sign-in", data=form)
    assert (answer.status_code, set(wrong_in(answer.text))) == (422, {"email", "password"})
    assert "autofocus" in re.findall(r'<input id="email"[^>]*>', answer.text)[0]
    half = client.post("/sign-in", data={**form, "email": "dana@shop.example"})
    assert set(wrong_in(half.text)) == {"password"}


def test_an_empty_note_is_asked_for_again_where_it_is_written(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    page = f"/orders/{key}/{po}"
    form: Mapping[str, str] = {"csrf_token": token_on(operator, page), "request": "r-1", "text": " "}
    answer = operator.post(f"{page}/notes", data=form, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == (
        422,
        "#f-note-text",
        "outerHTML",
    )
    assert wrong_in(answer.text) == {"note-text": "A note needs a text."}
    assert 'id="f-note-text"' in answer.text
    assert "autofocus" in answer.text


def _first_invalid_has_the_focus(text: str, fields: tuple[str, ...]) -> bool:
    """Of what can have the focus; a mistake about several fields has none of its own."""
    marked = re.findall(r"<(?:input|select|textarea)[^>]*aria-invalid[^>]*>", text)
    return all("autofocus" in one for one in marked) and (bool(marked) or fields == ("quantity",))
