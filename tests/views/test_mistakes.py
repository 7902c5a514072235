"""What is wrong with a form is said in our own words beside its field, and the first such field has the focus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.views.conftest import PEOPLE, token_on
from tests.views.scene import draw
from webapp import bulk, clock, product_options
from webapp.actions.kinds import ACTIONS
from webapp.domain.shop import Product, Variant
from webapp.models import AlertChannelRow, CommandRow, EventRow, NoteRow, OrderRow, SavedListRow, StoreRow, UserRow, db
from webapp.unit_of_work import unit_of_work

PO = "2802123876439"
WAITS = "2802123876522"
"""The order of the scene with a parked command."""
TO_SHIP = "2802123875110"
WHOLE = ("",)
"""What is wrong is wrong with the form: it is said above it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A form: the page that it is on, where it is posted, what is sent, which fields are wrong. `{}` name the scene."""

    on: str
    where: str
    given: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


def itself(address: str, *fields: str, **given: str) -> Place:
    """A form that is posted to the page that it is on."""
    return Place(address, address, given, fields)


GIVE_UP = "{waits}/commands/{parked}/dismiss"
PLACES: Mapping[str, Place] = {
    "ship": itself("{rich}/ship", "carrier", "number"),
    "ship a word": itself("{rich}/ship", "carrier", "number", "quantity-3", **{"quantity-3": "x"}),
    "ship nothing": itself("{rich}/ship", "quantity", carrier="UPS", number="1Z9"),
    "cancel": itself("{rich}/cancel", "quantity"),
    "refund": itself("{rich}/refund", "amounts"),
    "refund a word": itself("{rich}/refund", "amount-1-PRODUCT", **{"amount-1-PRODUCT": "x"}),
    "options": Place("{rich}/options?sku=TEE-M", "{rich}/options", {"sku": "TEE-M"}, ("product",)),
    "options unknown": Place(
        "{rich}/options?sku=TEE-M", "{rich}/options", {"sku": "TEE-M", "product": "GONE"}, ("product",)
    ),
    "product": Place("{rich}/product?sku=TEE-M", "{rich}/product/link", {"sku": "TEE-M"}, WHOLE),
    "address": itself("{rich}/address", "name", "address1", "city"),
    "address in Magento": itself("{rich}/address", "magento", **dict.fromkeys(("name", "address1", "city"), "X")),
    "note": Place("{rich}", "{rich}/notes", {}, ("note-text",)),
    "another note": Place("{rich}", "{rich}/notes/{note}", {"version": "1"}, ("note-{note}-text",)),
    "give up": Place("{waits}", GIVE_UP, {}, ("why-{parked}",)),
    "give up on the list": Place("/outgoing?show=parked", GIVE_UP, {"on": "outgoing"}, ("why-{parked}",)),
    "give up on its page": Place("/outgoing/{parked}", GIVE_UP, {"on": "command"}, ("why-{parked}",)),
    "set aside": Place("/incoming/{event}", "/incoming/{event}/set-aside", {}, ("why",)),
    "set all aside": itself("/incoming/replay", "why", act="set-aside"),
    "view": Place("/orders", "/orders/views", {}, ("view-name",)),
    "another view": Place("/orders", "/orders/views/{view}", {}, ("v-{view}",)),
    "another view, too long": Place("/orders", "/orders/views/{view}", {"name": "n" * 61}, ("v-{view}",)),
    "many to ship": Place("/bulk/{many}", "/bulk/{many}/start", {"carrier-us": "UPS"}, ("numbers",)),
    "many to ship, without a carrier": Place("/bulk/{many}", "/bulk/{many}/start", {}, ("carrier-us", "numbers")),
    "account": itself("{account}", "name", "client_id"),
    "new account": itself("/settings/accounts/new", "name", "client_id", "client_secret"),
    "store": itself("{shop}", "name", "url", url="no"),
    "new store": itself("/settings/stores/new", "name", "url"),
    "new store, another way": itself(
        "/settings/stores/new", "way", "mode", name="Shop", url="https://shop.example", way="x", mode="x"
    ),
    "remove an account": itself("{account}/remove", "name"),
    "reimport": itself("{account}/reimport", "until", since="2026-11-01"),
    "reimport, both": itself("{account}/reimport", "since", "until", since="", until="2026-13-01"),
    "person": itself("/settings/people", "email", role="viewer"),
    "person, all": itself("/settings/people", "email", "password", "role", email="no", role="king", password="x"),
    "short password": itself("/settings/people", "password", email="a@b.example", role="viewer", password="x"),
    "alerts": itself("/settings/alerts", "mail", "wants", kind="mail", mail="no"),
    "alerts of no kind": itself("/settings/alerts", "wants", kind="hook", hook="https://a.example/x"),
    "alerts changed": Place("/settings/alerts", "/settings/alerts/{told}", {"every": "15"}, ("c{told}-wants",)),
    "own account": itself("/account", "email", "password"),
    "own account, all": itself("/account", "email", "password", "again", email="no", password="x", again="y"),
    "own passwords": itself("/account", "again", email="a@b.example", password="p" * 20),
}


def scene(app: Flask) -> dict[str, str]:
    """Draw it; what the places are made of."""
    with app.app_context():
        key, _ = draw()
        parked = db.session.execute(select(CommandRow.id).where(CommandRow.state == "parked")).scalar_one()
        with unit_of_work() as work:
            event = db.session.execute(select(EventRow.id).order_by(EventRow.id)).scalars().first()
            work.session.get_one(EventRow, event).state = "failed"
        store = db.session.execute(select(StoreRow.key)).scalars().first()
        to_ship = db.session.execute(select(OrderRow.id).where(OrderRow.po == TO_SHIP)).scalar_one()
        names = {"parked": parked, "event": event, **_added()}
        many = bulk.ask(ACTIONS["ship"], [to_ship], PEOPLE["admin"], "")
        rest = {"rich": f"/orders/{key}/{PO}", "waits": f"/orders/{key}/{WAITS}", "many": many}
        places = {"account": f"/settings/accounts/{key}", "shop": f"/settings/stores/{store}"}
        return {name: str(value) for name, value in {**names, **rest, **places}.items()}


def _added() -> dict[str, Any]:
    """A note, a view of the admin's, and somebody who is told of what is wrong."""
    now = clock.now()
    order = db.session.execute(select(OrderRow.id).where(OrderRow.po == PO)).scalar_one()
    admin = db.session.execute(select(UserRow.id).where(UserRow.email == PEOPLE["admin"])).scalar_one()
    note = NoteRow(order_id=order, author="dana", text="Gift.", written_at=now, request_id="n-1")
    told = AlertChannelRow(
        kind="mail", name="a@b.example", address=b"", wants=["late"], every_minutes=15, created_at=now
    )
    with unit_of_work() as work:
        work.add(SavedListRow(key="mine", user_id=admin, name="Mine", asks={}, made_at=now))
        work.add(note)
        work.add(told)
        work.flush()
        return {"note": note.id, "told": told.id, "view": "mine"}


class Read(HTMLParser):
    """What a page has: its elements with their attributes, and its forms with what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[tuple[dict[str, str | None], list[tuple[str, dict[str, str | None]]]]] = []
        self._is_in_form = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tag, dict(attrs)
        self.elements.append(element)
        if tag == "form":
            self.forms.append((element[1], []))
            self._is_in_form = True
        elif self._is_in_form:
            self.forms[-1][1].append(element)

    def handle_endtag(self, tag: str) -> None:
        self._is_in_form = self._is_in_form and tag != "form"

    def first(self, attribute: str) -> tuple[str, dict[str, str | None]] | None:
        return next((one for one in self.elements if attribute in one[1]), None)


def is_judged(tag: str, attributes: Mapping[str, str | None]) -> bool:
    """A browser would say by itself what is wrong with it."""
    if tag not in {"input", "select", "textarea"} or attributes.get("type") == "hidden":
        return False
    asks = {"required", "pattern", "minlength", "min", "max", "step"}
    return bool(asks & set(attributes)) or attributes.get("type") in {"email", "url", "number", "date"}


def wrong_in(text: str) -> dict[str, str]:
    """The sentences beside fields, by field."""
    found = re.findall(r'<small class="mistake" id="m-([^"]+)"[^>]*>.*?</svg>([^<]+)</small>', text, re.DOTALL)
    return dict(found)


@pytest.fixture
def variants(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shop offers for any SKU: the second fits the title of the order's line."""
    offered = (
        Variant(Product(1, "TEE-L", "Trail tee, L"), (("Size", "L"),)),
        Variant(Product(2, "TEE-M1", "Trail tee, M"), (("Size", "M"),)),
    )
    monkeypatch.setattr(product_options, "of", lambda *_: product_options.Choice(offered))


@pytest.mark.usefixtures("variants")
def test_a_browser_judges_only_forms_whose_secrets_would_have_to_be_typed_again(app: Flask, admin: FlaskClient) -> None:
    names = scene(app)
    judged, secret = {}, {}
    for on in {place.on.format(**names) for place in PLACES.values()}:
        for form, inside in Read(admin.get(on).text).forms:
            if form.get("method") == "post" and any(is_judged(*one) for one in inside):
                judged[on, form.get("action")] = "novalidate" not in form
                secret[on, form.get("action")] = any(one.get("type") == "password" for _, one in inside)
    # Of who is told, the half that was not chosen is hidden: a browser could not show what it found there.
    secret["/settings/alerts", "/settings/alerts"] = False
    assert judged == secret
    assert list(judged.values()).count(False) >= 15
    assert list(judged.values()).count(True) >= 5


@pytest.mark.usefixtures("variants")
@pytest.mark.parametrize("name", PLACES)
def test_a_form_that_is_sent_empty_says_so_beside_its_fields(app: Flask, admin: FlaskClient, name: str) -> None:
    names, place = scene(app), PLACES[name]
    form = {"csrf_token": token_on(admin, place.on.format(**names)), "request": "r-1", **place.given}
    answer = admin.post(place.where.format(**names), data=form, follow_redirects=True)
    assert answer.status_code in {200, 422}
    read, fields = Read(answer.text), [one.format(**names) for one in place.fields]
    if place.fields == WHOLE:
        assert re.search(r'<div class="problem" role="alert"><p class="flash bad">', answer.text)
        assert read.first("autofocus") is not None
        return
    assert [one for one in fields if one not in wrong_in(answer.text)] == [], wrong_in(answer.text)
    assert 'class="flash bad" role="status"' not in answer.text, "not said at the top"
    tag, wrong = read.first("aria-invalid") or ("", {})
    assert (tag, wrong) == read.first("autofocus")
    assert tag in {"input", "select", "textarea"}, "it can have the focus"
    told = {str(one[1].get("id")) for one in read.elements}
    for _, attributes in [one for one in read.elements if "aria-invalid" in one[1]]:
        described = str(attributes["aria-describedby"]).split()
        assert [one for one in described if one not in told] == []
        assert [one for one in described if one.startswith("m-")] != []


@pytest.mark.parametrize(
    ("place", "given", "said"),
    [
        ("/orders/views/nobody", {"name": ""}, "That view is not yours, or was deleted."),
        ("/orders/views/nobody", {"name": "", "delete": "1"}, "That view is not yours, or was deleted."),
        (
            "{waits}/commands/{parked}/dismiss",
            {},
            "This command is not among the failed ones any more; reload the page.",
        ),
        ("/outgoing/dismiss", {"cause": "gone"}, "Nothing of it was left: it was done already."),
        ("/incoming/{event}/set-aside", {}, "It is not failed any more; nothing was changed."),
        ("/incoming/replay", {"act": "set-aside", "find": PO}, "0 events set aside."),
        ("{rich}/notes/{note}", {"version": "1"}, "This note was deleted meanwhile."),
    ],
)
def test_what_is_gone_is_said_also_of_a_form_that_was_sent_empty(
    app: Flask, admin: FlaskClient, place: str, given: dict[str, str], said: str
) -> None:
    names = scene(app)
    with app.app_context(), unit_of_work() as work:
        work.session.query(CommandRow).update({"state": "done"})
        work.session.query(EventRow).update({"state": "handled"})
        work.session.query(NoteRow).delete()
    form = {"csrf_token": token_on(admin, "/account"), "reason": " ", "text": "", **given}
    answer = admin.post(place.format(**names), data=form, follow_redirects=True)
    assert answer.status_code == 200
    (told,) = re.findall(r'<p class="flash [^>]*role="status">.*?</svg>([^<]*)</p>', answer.text)
    assert (told, wrong_in(answer.text)) == (said, {})


def test_a_mistake_whose_field_is_not_on_the_next_page_is_told_at_its_top_once(app: Flask, admin: FlaskClient) -> None:
    names = scene(app)
    form = {"csrf_token": token_on(admin, "/account")}
    admin.post(PLACES["note"].where.format(**names), data={**form, "request": "r-1", "text": ""})
    assert admin.get("/outgoing", headers={"HX-Request": "true"}).text.count("A note needs a text.") == 0
    elsewhere = admin.get("/outgoing").text
    assert re.findall(r'<p class="flash bad" role="status">.*?</svg>([^<]*)</p>', elsewhere) == ["A note needs a text."]
    assert "A note needs a text." not in admin.get(names["rich"]).text


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


def test_a_note_that_is_gone_is_no_form_for_a_new_one(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    page = f"/orders/{key}/{po}"
    form = {"csrf_token": token_on(operator, page), "version": "1", "text": " "}
    answer = operator.post(f"{page}/notes/999", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "This note was deleted meanwhile." in answer.text
    assert "<form" not in answer.text
