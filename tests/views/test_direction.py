"""Signs that turn the direction of text do nothing on any page, and what is stored and sent back keeps them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from tests.rows import ALDER_COURT, a_line, a_store, an_account, an_event, an_order
from tests.views.conftest import token_on
from webapp import notes, order_rows
from webapp.models import LineRow, OrderRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views.direction import settled

PO = "2802123876439"
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
MARKS = "\u200e\u200f"
ANY = re.compile(f"[{TURNING}{MARKS}]")
HEBREW, ARABIC, FAMILY = "כוס אמייל (50%) אדומה", "كوب أحمر، ٣ قطع", "👩\u200d👩\u200d👧"
FIELDS = re.compile(r'\svalue="[^"]*"|<textarea\b.*?</textarea>', re.DOTALL)


def drawn(app: Flask, sign: str) -> str:
    """An order with the sign in every text that comes from outside or from a person; the address of its page."""
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        lines = (a_line("1", f"SKU-{sign}AB", f"Mug {sign}gpj.exe"), a_line("2", "C-2", f"{HEBREW} {ARABIC} {FAMILY}"))
        address = replace(ALDER_COURT, name=f"Maria {sign}zelaznoG", address1=f"418 {sign}Court")
        waiting = [f"The carrier {sign}SPU of shipment 7 needs to be mapped."]
        order = an_order(work, account, PO, lines, address=address, attention=waiting[0], waiting_for=waiting)
        an_event(work, order, type=f"PO_{sign}DETAERC", body=f'{{"a": "{sign}b"}}'.encode())
        key, number = account.key, order.id
    with app.app_context():
        notes.add(number, f"Ring {sign}eciwt.", "bob@shop.example", "r1")
    return f"/orders/{key}/{PO}"


@pytest.mark.parametrize(
    ("sign", "seen"), [*((one, "\N{REPLACEMENT CHARACTER}") for one in TURNING), *((one, "") for one in MARKS)]
)
def test_no_page_has_a_text_that_turns_what_is_beside_it(
    app: Flask, operator: FlaskClient, sign: str, seen: str
) -> None:
    path = drawn(app, sign)
    pages = {
        at: operator.get(at).text
        for at in (path, "/orders", f"{path}/ship", f"{path}/cancel", f"{path}/address", f"{path}/log", "/incoming/1")
    }
    assert {at for at, text in pages.items() if ANY.search(FIELDS.sub("", text))} == set()
    for words in (
        f"SKU-{seen}AB",
        f"Mug {seen}gpj.exe",
        f"Maria {seen}zelaznoG",
        f"418 {seen}Court",
        f"Ring {seen}eciwt.",
    ):
        assert words in pages[path], words
    assert f"The carrier {seen}SPU of shipment 7" in pages[path]
    for words in (HEBREW, ARABIC, FAMILY):
        assert words in pages[path], words
    assert f"{seen}gpj.exe" in pages[f"{path}/ship"]


def test_what_is_stored_and_what_a_form_sends_back_keep_every_sign(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, "\u202e")
    name = "Maria \u202ezelaznoG"
    assert f'value="{name}"' in operator.get(f"{path}/address").text
    data = {"csrf_token": token_on(operator, "/account"), "request": "r-1", "step": "all", "reason": ""}
    again = operator.post(f"{path}/cancel", data={**data, "reason-1": "\u2067x"}, headers={"HX-Request": "true"}).text
    assert not ANY.search(FIELDS.sub("", again))
    with app.app_context():
        row = order_rows.find(db.session.query(OrderRow.sync_id).scalar())
        assert row is not None
        address = order_rows.to_order(row).address
        assert address is not None
        assert address.name == name
        assert {row.sku for row in db.session.query(LineRow)} == {"SKU-\u202eAB", "C-2"}


def test_a_kind_of_event_with_such_a_sign_can_be_chosen(app: Flask, operator: FlaskClient) -> None:
    drawn(app, "\u202e")
    page = operator.get("/incoming").text
    assert '<option value="PO_\u202eDETAERC">PO_\N{REPLACEMENT CHARACTER}DETAERC</option>' in page


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("a\u202eb", "a�b"),
        ("\u200fa<b>\u202e</b>c\u2069", "a<b>�</b>c�"),
        ('<p title="a &gt; \u202eb">c</p>', '<p title="a &gt; �b">c</p>'),
        ('<a href="/\u202e" aria-label="Open \u202eb">c</a>', '<a href="/\u202e" aria-label="Open �b">c</a>'),
        ('<input title="a" value="\u202e">\u202e', '<input title="a" value="\u202e">�'),
        ("<textarea>\u202e\u200f</textarea>\u202e", "<textarea>\u202e\u200f</textarea>�"),
        (f"{HEBREW}, {ARABIC}, {FAMILY} …", f"{HEBREW}, {ARABIC}, {FAMILY} …"),
    ],
)
def test_only_what_a_page_says_is_changed(html: str, shown: str) -> None:
    assert settled(Response(html, mimetype="text/html")).get_data(as_text=True) == shown
    assert settled(Response(html, mimetype="text/csv")).get_data(as_text=True) == html
