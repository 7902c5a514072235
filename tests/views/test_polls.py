"""The regular reads, in words, and one of them now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_store, an_account
from tests.views.conftest import token_on
from webapp import clock
from webapp.models import AccountRow, PollRow, db
from webapp.unit_of_work import unit_of_work


def fill() -> None:
    now = clock.now()
    with unit_of_work() as work:
        store = a_store(work)
        account = an_account(work, store)

        def poll(kind: str, *, silent: int | None = 1, of_store: bool = False, **changes: Any) -> None:
            given = {"store_id": store.id} if of_store else {"account_id": account.id}
            at = None if silent is None else now - timedelta(minutes=silent)
            row: dict[str, Any] = {"due_at": now + timedelta(minutes=4, seconds=30), "succeeded_at": at, "name": kind}
            work.add(PollRow(kind=kind, **given, **row | changes))

        poll("orders", cursor_at=now - timedelta(minutes=1), found={"read": 1200, "new": 3, "changed": 2})
        poll("open_wfs", found={"read": 4, "new": 0, "changed": 0})
        poll("orders_wfs", silent=61, trouble="Walmart answered 503.", tries=4)
        poll("open", claimed_until=now + timedelta(minutes=1))
        poll("cancellations", silent=None)
        poll("shop_orders", of_store=True, silent=25, found={"read": 7, "news": 1})
        products = {"asked": 3, "there": 1}
        poll("products", of_store=True, trouble="Magento did not answer.", tries=2, found=products)


def test_each_poll_says_how_it_stands(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    text = viewer.get("/polls").text
    for words in (
        "Changed orders",
        "each 5 min",
        "Well",
        "in 4 min",
        "Late: nothing for 1 h",
        "Walmart answered 503.",
        "Reading now",
        "Not read yet",
        "Changed orders in the shop",
        "Late: nothing for 25 min",
        "Failed; tried 2×",
        "1,200 read, 3 new and 2 changed",
        "4 read, nothing new",
        "7 read, 1 with news",
        "3 SKUs asked for, 1 there",
    ):
        assert words in text
    assert "Poll now" not in text, "a viewer only looks"
    assert "Reimport" not in text
    assert 'href="/polls"' in viewer.get("/dashboard").text


def test_a_paused_account_rests_and_is_not_late(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
        with unit_of_work() as work:
            work.session.query(AccountRow).update({"is_paused": True})
    text = viewer.get("/polls").text
    assert "It is paused: nothing is read." in text
    assert "Late: nothing for 1 h" not in text


def test_one_comes_now_unless_it_is_being_read(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
        ids = {row[0]: row[1] for row in db.session.execute(select(PollRow.kind, PollRow.id))}
    form = {"csrf_token": token_on(operator, "/polls")}
    for kind in ("orders", "open"):
        answer = operator.post(f"/polls/{ids[kind]}/now", data=form, follow_redirects=True)
        assert "It is read now" in answer.text
    assert operator.post("/polls/999/now", data=form).status_code == 404
    with app.app_context():
        due = {row[0]: row[1] for row in db.session.execute(select(PollRow.kind, PollRow.due_at))}
    assert due["orders"] <= clock.now() < due["open"]


def test_an_operator_is_led_to_a_reimport(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
    [where] = re.findall(r'href="([^"]+)">Reimport some days', operator.get("/polls").text)
    assert "Reimport" in operator.get(where).text


def test_without_an_account_it_says_what_will_stand_here(viewer: FlaskClient) -> None:
    assert "Nothing is read yet" in viewer.get("/polls").text
