"""Reimport in the browser: the rules at the form, the progress with and without scripts, calling off."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.rows import a_store, an_account, an_order
from tests.views.conftest import token_on
from webapp import clock, reimport, scans
from webapp.domain.scan import PageRead, Scan, turned
from webapp.models import AccountRow, PollRow, ReimportRow, db
from webapp.order_pages import Tally
from webapp.unit_of_work import unit_of_work


@pytest.fixture
def path(app: Flask) -> str:
    """The page of an account."""
    with app.app_context(), unit_of_work() as work:
        return f"/settings/accounts/{an_account(work, a_store(work, 'Shop'), 'North').key}/reimport"


def day(offset: int) -> str:
    """So many days from today, where the store is."""
    return (datetime.now(ZoneInfo("America/Los_Angeles")).date() + timedelta(days=offset)).isoformat()


def ask(client: FlaskClient, path: str, **data: str) -> Any:
    return client.post(path, data={**data, "csrf_token": token_on(client, "/account")})


def rows(app: Flask) -> list[ReimportRow]:
    with app.app_context():
        return list(db.session.execute(select(ReimportRow)).scalars())


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        (day(-1), day(-2), "From is later than To"),
        (day(-1), day(2), "lies in the future"),
        (day(-190), day(-5), "more than 180 days"),
        (day(-300), day(-290), "last 180 days only"),
        ("<b>", day(0), "From is “&lt;b&gt;”"),
        ("", "", "From is empty; write a day"),
    ],
)
def test_a_rule_that_is_broken_is_said_and_what_was_typed_stays(
    app: Flask, operator: FlaskClient, path: str, since: str, until: str, sentence: str
) -> None:
    answer = ask(operator, path, since=since, until=until)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{until}"' in answer.text
    assert rows(app) == []


SOLD = {"SellerFulfilled": 2_300, "WFSFulfilled": 200, "3PLFulfilled": 0}
"""So many orders Walmart has in each window of the reading below: five thousand in the two weeks."""


def test_of_five_thousand_it_tells_how_fast_how_long_and_which_is_the_last(
    app: Flask, operator: FlaskClient, path: str
) -> None:
    ask(operator, path, since=day(-14), until=day(-1))
    with app.app_context():
        scan = scans.from_json(db.session.query(PollRow).filter_by(kind=reimport.KIND).one().progress or {})
    told: list[list[int]] = []
    while not scan.is_done:
        total = SOLD[scan.windows[0].node]
        count = min(total - scan.read, 200)
        clock.move(timedelta(seconds=30))
        read = PageRead(count, total, str(scan.read) if scan.read + count < total else None, clock.now())
        scan = turned(scan, read)
        with app.app_context(), unit_of_work() as work:
            reimport.record(work, 1, scan, Tally(orders=count, new=count))
            work.execute(update(PollRow).where(PollRow.kind == reimport.KIND).values(progress=scans.to_json(scan)))
            po = f"{2802123870000 + len(told)}"
            an_order(work, work.session.query(AccountRow).one(), po)
        text = operator.get(f"{path}/live", headers={"HX-Request": "true"}).text
        assert f"The newest order: {po}." in text
        shown = r'value="(\d+)".*?([\d,]+) orders read.*?([\d,]+) orders a minute(?:; about (\d+) min)?'
        said = re.search(shown, text, re.DOTALL)
        assert said is not None, text
        told.append([int((part or "-1").replace(",", "")) for part in said.groups()])
    shares, orders, paces, left = zip(*told, strict=True)
    assert (shares[-1], orders[-1]) == (100, 5_000)
    assert list(shares) == sorted(shares)
    assert len(set(shares)) > 20, "also within a week"
    assert all(300 < pace <= 400 for pace in paces[:11]), "200 in half a minute"
    true = [(len(told) - at) / 2 for at in range(1, len(told) + 1)]
    off = [minutes - really for minutes, really in zip(left, true, strict=True)]
    heard = 13  # pages of the first week, with which everybody who ships was heard once
    assert set(left[:heard]) == {-1}, "until then nobody knows"
    assert max(map(abs, off[heard:-1])) <= 4, left


def test_it_runs_is_watched_and_called_off(app: Flask, operator: FlaskClient, viewer: FlaskClient, path: str) -> None:
    assert operator.get(f"{path}/live", headers={"HX-Request": "true"}).status_code == 204
    assert ask(operator, path, since=day(-180), until=day(0)).status_code == 303
    page = operator.get(path).text
    assert 'http-equiv="refresh"' in page
    assert "Beginning to read." in page
    assert "bob@shop.example" in page
    with app.app_context(), unit_of_work() as work:
        row = work.execute(select(ReimportRow)).scalar_one()
        row.percent, row.orders, row.reading, number = 40, 1200, "orders of 2026-11-01", row.id
        row.started_at = clock.now() - timedelta(minutes=4)
        heard = scans.to_json(Scan((), by_node=dict(SOLD)))
        work.execute(update(PollRow).where(PollRow.kind == reimport.KIND).values(progress=heard))
        an_order(work, work.session.query(AccountRow).one(), "2802123870001")
    part = operator.get(f"{path}/live", headers={"HX-Request": "true"}).text
    assert "1,200 orders read" in part
    assert 'value="40"' in part
    assert "300 orders a minute; about 6 min left. The newest order: 2802123870001." in part
    assert "hx-get" in part
    assert "is running" in ask(operator, path, since=day(-1), until=day(0)).text
    assert ask(viewer, f"{path}/{number}/cancel").status_code == 403
    assert ask(operator, f"{path}/{number + 1}/cancel").status_code == 404
    assert ask(operator, f"{path}/{number}/cancel").status_code == 303
    ended = operator.get(f"{path}/live", headers={"HX-Request": "true"}).text
    assert "Stopped" in ended
    assert "hx-get" not in ended
    assert 'http-equiv="refresh"' not in operator.get(path).text
    assert [row.state for row in rows(app)] == [reimport.State.CANCELED]
