"""A look at the end of an order's log and at its notes, from the grid."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.views.scene import draw
from webapp import notes
from webapp.models import OrderRow, db

HTMX = {"HX-Request": "true"}


def test_the_last_three_entries_and_notes_as_text(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        order_id = db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()
        for number in range(4):
            notes.add(order_id, f"<script>alert({number})</script> " + "long " * 60, "bob@shop.example", f"r{number}")
    text = operator.get(f"/orders/{key}/{po}/peek", headers=HTMX).text
    assert text.startswith('<tr class="peeked">')
    assert text.count("<li") == 3
    whole = operator.get(f"/orders/{key}/{po}/log").text
    sentence = re.compile(r'<li class="t-.*?<p dir="auto">([^<]+)', re.S)
    assert [each.strip() for each in sentence.findall(text)] == [each.strip() for each in sentence.findall(whole)[:3]]
    assert [number for number in range(4) if f"&lt;script&gt;alert({number})" in text] == [1, 2, 3]
    assert "<script" not in text
    assert max(len(note) for note in re.findall(r">(&lt;script.*?)<small", text)) < 280, (
        "cut, the whole is a click away"
    )


def test_the_grid_leads_to_it_with_and_without_scripts_and_counts_notes(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        order_id = db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()
        notes.add(order_id, "Call before noon.", "bob@shop.example", "r")
    text = viewer.get("/orders").text
    link = re.search(rf'<a class="peek"[^>]+href="([^"]+)" hx-get="([^"]+)"[^>]+aria-label="([^"]+{po})">', text)
    assert link is not None
    assert link[1] == f"/orders/{key}/{po}#r-log"
    assert link[3] == f"Log and 1 note of order {po}"
    assert "Call before noon." in viewer.get(link[2], headers=HTMX).text
    assert viewer.get(link[2]).headers["Location"] == link[1]


def test_it_says_in_full_what_a_pointer_alone_would_show(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        order = db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
    text = viewer.get(f"/orders/{key}/{po}/peek", headers=HTMX).text
    assert order.ship_by is not None
    for at in (order.ordered_at, order.ship_by):
        assert f">{at:%Y-%m-%d %H:%M:%S} UTC</time>" in text
