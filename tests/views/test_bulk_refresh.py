"""Refreshing many orders: of each its first read after that tells how it went, and goes on telling it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.rows import a_store, an_account, an_order
from tests.views.conftest import token_on
from tests.views.test_bulk import OPEN, asked, begin, work_off
from webapp import bulk_items, clock, inbox
from webapp.models import OrderRow, SyncRow
from webapp.unit_of_work import unit_of_work


@pytest.fixture
def ids(app: Flask) -> dict[str, int]:
    """One order with its Magento order and one without."""
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        made = {
            "open": an_order(work, account, "2802100000001", OPEN),
            "bare": an_order(work, account, "2802100000002", OPEN, magento=False),
        }
        return {name: row.id for name, row in made.items()}


def read(app: Flask, order_id: int, trouble: str = "", failed: str = "") -> None:
    """What a worker leaves that has read the order: whether the shop answered, or why nothing was read."""
    with app.app_context(), unit_of_work() as work:
        sync = work.session.get_one(SyncRow, work.session.get_one(OrderRow, order_id).sync_id)
        if failed:
            sync.trouble, sync.tries = failed, 1
            bulk_items.was_not_read(work, sync.id, f"{failed} It is tried again by itself.", clock.now())
        else:
            sync.trouble, sync.tries, sync.read_at = trouble, 0, clock.now()
            bulk_items.was_read(work, {sync.id: trouble}, clock.now())


OUTAGE = "Waiting for Magento: Magento answered 503 without a word."
NOT_READ = {"failed": "Walmart answered 503."}
READS = [
    ("open", {}, "done", "Read on both sides."),
    ("bare", {}, "done", "Read at Walmart; Magento has none."),
    ("open", {"trouble": OUTAGE}, "failed", f"Read at Walmart, not in Magento. {OUTAGE}"),
    ("open", NOT_READ, "failed", "Not read: Walmart answered 503. It is tried again by itself."),
]


@pytest.mark.parametrize(("order", "end", "outcome", "said"), READS)
@pytest.mark.parametrize("later", [{}, {"trouble": OUTAGE}, NOT_READ])
def test_a_refresh_says_which_side_was_read_and_says_it_for_ever(
    app: Flask,
    operator: FlaskClient,
    ids: dict[str, int],
    order: str,
    end: dict[str, str],
    outcome: str,
    said: str,
    later: dict[str, str],
) -> None:
    read(app, ids[order], **later)  # what was wrong before
    path, _ = asked(operator, "refresh", ids[order])
    begin(operator, path)
    work_off(app)
    assert "It is read again now." in operator.get(f"{path}?show=under-way").text
    for each in (end, later):
        read(app, ids[order], **each)
        page = operator.get(path).text
        assert re.findall(r'id="tab-([^"]+)"', page) == [outcome]
        assert said in page
    left = operator.post(f"{path}/again", data={"csrf_token": token_on(operator, path)}, follow_redirects=True).text
    assert ("Nothing of it has failed." in left) is (outcome == "done")


def test_a_read_that_began_before_a_refresh_does_not_answer_it(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    before = clock.now()
    path, _ = asked(operator, "refresh", ids["open"])
    begin(operator, path)
    work_off(app)
    with app.app_context(), unit_of_work() as work:
        turn = work.session.get_one(OrderRow, ids["open"]).sync_id
        bulk_items.was_read(work, {turn: ""}, before)
        bulk_items.was_not_read(work, turn, "Walmart answered 503.", before)
    assert "It is read again now." in operator.get(f"{path}?show=under-way").text


SOON, WALMARTS = timedelta(minutes=1), "Walmart answered 503."
CAUGHT_UP = [
    ({}, "done", "Read on both sides."),
    ({"trouble": OUTAGE}, "failed", f"Read at Walmart, not in Magento. {OUTAGE}"),
    ({"trouble": WALMARTS, "tries": 1}, "under-way", "It is read again now."),
    ({"trouble": WALMARTS, "deaths": 2}, "under-way", "It is read again now."),
    ({"trouble": WALMARTS, "doubted_at": SOON}, "under-way", "It is read again now."),
    ({"claimed_until": SOON}, "under-way", "It is read again now."),
]


@pytest.mark.parametrize(("turn", "outcome", "said"), CAUGHT_UP)
def test_a_read_that_ended_before_the_refresh_was_written_down_tells_unless_something_came_since(
    app: Flask, operator: FlaskClient, ids: dict[str, int], turn: dict[str, object], outcome: str, said: str
) -> None:
    path, _ = asked(operator, "refresh", ids["open"])
    begin(operator, path)
    with app.app_context(), unit_of_work() as work:
        sync = work.session.get_one(SyncRow, work.session.get_one(OrderRow, ids["open"]).sync_id)
        sync.read_at = clock.now() + SOON
        for name, value in turn.items():
            setattr(sync, name, clock.now() + value if isinstance(value, timedelta) else value)
    work_off(app)
    page = operator.get(path).text
    assert re.findall(r'id="tab-([^"]+)"', page) == [outcome]
    assert said in page


def test_an_order_that_goes_while_it_is_refreshed_stops_no_other(
    app: Flask, operator: FlaskClient, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = inbox.record_wish

    def wish_and_lose(account_id: int, po: str, *, by: str) -> None:
        wish(account_id, po, by=by)
        if po.endswith("1"):
            with unit_of_work() as work:
                work.execute(delete(OrderRow).where(OrderRow.po == po))

    monkeypatch.setattr(inbox, "record_wish", wish_and_lose)
    path, _ = asked(operator, "refresh", ids["open"], ids["bare"])
    begin(operator, path)
    work_off(app)
    assert "<b>1 of 1</b> · Ended: 1 on its way." in operator.get(path).text


def test_the_progress_page_is_renewed_in_parts_until_it_is_over(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    path, _ = asked(operator, "refresh", ids["open"])
    begin(operator, path)
    page = operator.get(path).text
    found = re.search(r'id="watch" hx-get="([^"]+)"', page)
    assert found is not None
    assert '<noscript><meta http-equiv="refresh"' in page
    seen = ",".join(f"{n}.{v}" for n, v in re.findall(r'data-region="([^"]+)" data-version="([^"]+)"', page))
    htmx = {"HX-Request": "true"}
    assert operator.get(f"{found[1]}?seen={seen}", headers=htmx).status_code == 204
    work_off(app)
    read(app, ids["open"])
    renewed = operator.get(f"{found[1]}?seen={seen}", headers=htmx).text
    assert 'data-region="progress"' in renewed
    assert "hx-get" not in renewed, "it is over, so nothing is asked for any more"
    assert "http-equiv" not in operator.get(path).text
