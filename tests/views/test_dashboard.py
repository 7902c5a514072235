"""The dashboard: its numbers are those of the lists behind them, at any size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.rows import a_command, a_line, a_parcel, a_store, an_account, an_event, an_order
from tests.views.conftest import statements
from tests.views.scene import draw
from tests.views.test_order_settings import address, save
from webapp import clock, dashboard
from webapp.domain.standards import is_kept, standards_of
from webapp.models import AccountRow, SyncRow
from webapp.unit_of_work import Work, unit_of_work

PO = 2802123870000
AWAY = "The shop North Outfitters shop could not be read for 5 min: Magento is in maintenance mode."
PAUSED = "The account is paused: nothing is read."


def numbers(text: str) -> list[tuple[str, str]]:
    """Every number that has a list of orders, as address and number."""
    found = re.findall(r'<a class="(?:link|card tile[^"]*)" href="(/orders[^"]*)">(?:<b>)?([\d,+]+)', text)
    return [(url.replace("&amp;", "&"), number) for url, number in found]


def shown_on(client: FlaskClient, url: str) -> str:
    """How many orders a list says that it holds."""
    found = re.search(r"of ([\d,+]+) orders? <small>|>([\d,+]+) orders? <small>", client.get(url).text)
    return (found[1] or found[2]) if found else "0"


def fill(work: Work) -> AccountRow:
    """Orders of each age and due on each day; some shipped in time, some late, one canceled."""
    account = an_account(work, a_store(work))
    created, hour = {"Created": 1}, timedelta(hours=1)
    changes: list[dict[str, Any]] = [
        *({"ship_in": timedelta(days=day, hours=1)} for day in (-2, -1, 0, 1, 1, 3, 9)),
        *(
            {
                "lines": (a_line(statuses=created),),
                "ordered_at": clock.now() - age * hour,
                "acknowledge_by": clock.now() + (4 - age) * hour,
            }
            for age in (0.2, 1.5, 1.7, 3.5, 6)
        ),
        {"lines": (a_line(statuses={"Cancelled": 1}),)},
        *(
            {
                "lines": (a_line(statuses={"Shipped": 1}, tracking=replace(a_parcel(), shipped_at=at)),),
                "ship_in": timedelta(days=-1),
            }
            for at in (clock.now() - timedelta(days=2), clock.now())
        ),
    ]
    for number, change in enumerate(changes):
        an_order(work, account, str(PO + number), **change)
    return account


def test_every_number_is_that_of_the_list_it_opens(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        fill(work)
    found = numbers(viewer.get("/dashboard").text)
    assert len(found) == 6 + 9 + 5 + 1
    assert [shown_on(viewer, url) for url, _ in found] == [number for _, number in found]
    by_age = [number for url, number in found if "tab=to-acknowledge&sold" in url]
    assert by_age == ["1", "2", "0", "1", "1"]
    assert sum(int(number) for url, number in found if "tab=to-ship&due" in url) == 5
    assert dict(found)["/orders?tab=late"] == "2"


def test_the_shares_stand_beside_walmarts_limits(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        fill(work)
    text = viewer.get("/dashboard").text
    assert re.search(r">1</a> of 15 orders sold in the last 30 days", text)
    assert "<b>6.7 %</b><small>at most 2 %</small>" in text
    assert re.search(r">3</a> of 4 orders that you had to ship in the last 30 days", text), (
        "two are open after their day, one went out after it"
    )
    assert "Seller Performance Standards (US)" in text


@pytest.mark.parametrize(
    ("share", "limit", "kept"),
    [("2.0", "2", True), ("2.1", "2", False), (None, "2", None), ("9", None, None)],
)
def test_a_limit_is_kept_up_to_its_figure(share: str | None, limit: str | None, kept: bool | None) -> None:
    assert is_kept(Decimal(share) if share else None, Decimal(limit) if limit else None) is kept


def test_an_account_may_have_limits_of_its_own(app: Flask, viewer: FlaskClient, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        key = fill(work).key
    assert "Seller Performance Standards (US)" in admin.get(address(key)).text
    assert "A share from 0 to 100" in save(admin, key, late_limit="101").text
    assert save(admin, key, canceled_limit="7,5").status_code == 303
    text = viewer.get("/dashboard").text
    assert "<b>6.7 %</b><small>at most 7.5 %</small>" in text
    assert "Limits that differ from these were set for North Outfitters under Order settings." in text
    assert "at most 5 %" in text


def test_a_market_without_figures_says_so() -> None:
    assert standards_of("cl").canceled is None
    assert "publishes no figures" in standards_of("mx").source


def test_failures_lag_and_what_is_in_hand_open_their_pages(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        ended: dict[str, Any] = {
            "state": "parked",
            "ended_at": clock.now(),
            "reason": "Magento: SKU MUG-RED not found.",
        }
        a_command(work, order, "CreateMagentoOrder", **ended)
        a_command(work, order, next_attempt_at=clock.now() - timedelta(seconds=1))
        for took in (0.2, 0.4, 8):
            at = clock.now() - timedelta(minutes=1)
            an_event(work, order, received_at=at, handled_at=at + timedelta(seconds=took))
        an_event(work, order, state="waiting", handled_at=None)
    text = viewer.get("/dashboard").text
    assert "Create the Magento order: Magento: SKU MUG-RED not found." in text
    cause = re.search(r'href="(/outgoing\?show=parked&amp;cause=\w+)"', text)
    assert cause is not None
    assert "MUG-RED" in viewer.get(cause[1].replace("&amp;", "&")).text
    assert "Half of the newest were done within 400 ms, 19 of 20 within 8.0 s." in text
    assert re.search(r'href="/incoming\?show=waiting">1<', text)
    assert re.search(r'href="/outgoing\?show=waiting&amp;due=now">1<', text)


SILENT = "Waiting for Magento: Magento is in maintenance mode."
REFUSES = "Waiting for Magento: Magento did not accept the credentials: The consumer isn't authorized."


@pytest.mark.parametrize("trouble", [SILENT, REFUSES], ids=["away", "refuses"])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_orders_that_wait_for_magento_are_told_with_their_list(
    app: Flask, viewer: FlaskClient, number: int, trouble: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account, now = an_account(work, a_store(work)), clock.now()
        for one in range(4):
            an_order(work, account, str(PO + one))
        for turn in work.session.query(SyncRow).order_by(SyncRow.id).limit(number):
            turn.look_again_at, turn.trouble = now + timedelta(minutes=4), trouble
            turn.wake_from = now if trouble == SILENT else None
        other = work.session.query(SyncRow).order_by(SyncRow.id.desc()).limit(1).one()
        other.trouble = "Magento does not show the order at the moment; reading again."
    board = viewer.get("/dashboard").text
    assert f'<a class="link" href="/dashboard/for-magento">{number}<span' in board
    behind = unescape(viewer.get("/dashboard/for-magento").text)
    assert behind.count(trouble) == behind.count('<a class="id" href="/orders/') == number
    outgoing = viewer.get("/outgoing").text
    said = {0: "", 1: "1 order waits for Magento</a>", 3: "3 orders wait for Magento</a>"}[number]
    assert ("Nothing waits</h2>" in outgoing, "Nothing waits to be sent</h2>" in outgoing) == (not said, bool(said))
    assert said in outgoing
    assert ("for Magento</a>" in outgoing) is bool(said)
    assert "for Magento</a>" not in viewer.get("/outgoing?show=running").text


@pytest.mark.parametrize(
    ("paused", "stands", "mark", "said"),
    [
        ("", {}, "t-ok", ""),
        ("", {"is_away": False}, "t-ok", ""),
        ("", {"is_away": True}, "t-warn", AWAY),
        ("account", {"is_away": True}, "t-quiet", PAUSED),
        ("store", {"is_away": True}, "t-quiet", PAUSED),
    ],
)
def test_what_stands_still_has_no_green_tick(
    app: Flask, admin: FlaskClient, paused: str, stands: dict[str, Any], mark: str, said: str
) -> None:
    if stands:
        stands |= {"trouble": "Magento is in maintenance mode.", "trouble_since": clock.now() - timedelta(minutes=5)}
    with app.app_context(), unit_of_work() as work:
        store = a_store(work, is_paused=paused == "store", **stands)
        an_account(work, store, is_paused=paused == "account")
    flow = admin.get("/dashboard").text.split('id="flow"')[1]
    assert re.findall(r'<li class="(t-\w+)">', flow) == [mark]
    assert ('<span class="chip">Paused</span>' in flow) is bool(paused)
    assert (AWAY in flow, PAUSED in flow) == (said == AWAY, said == PAUSED)
    accounts = admin.get("/settings/accounts").text.split("<tbody>")[1]
    state = {"t-ok": "Working", "t-warn": "Waiting", "t-quiet": "Paused"}[mark]
    assert f"</svg>{state}</span>" in accounts
    assert (AWAY in accounts) is (said == AWAY)
    stores = admin.get("/settings/stores").text.split("<tbody>")[1]
    assert (AWAY in stores) is (bool(stands.get("is_away")) and paused != "store")


def test_it_takes_the_same_statements_at_any_size(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        draw()
    with statements(app) as few:
        assert viewer.get("/dashboard").status_code == 200
    with app.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).filter_by(name="North Outfitters").one()
        for number in range(60):
            an_event(work, an_order(work, account, str(PO + number)))
    with statements(app) as many:
        viewer.get("/dashboard")
    assert len(many) == len(few)


def test_without_an_account_it_is_empty_and_says_so(app: Flask, viewer: FlaskClient) -> None:
    text = viewer.get("/dashboard").text
    assert "No account is connected yet." in text
    assert "No webhook was answered yet." in text


def test_of_each_account_the_late_orders_are_those_of_its_list(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders another account has; ten stand for the thousand that are looked at."""
    monkeypatch.setattr(dashboard, "MOST_DUE", 10)
    with app.app_context():
        with unit_of_work() as work:
            store = a_store(work)
            few, many = an_account(work, store, "Few"), an_account(work, store, "Many")
            for n in range(16):
                due = timedelta(hours=-1 - n)
                an_order(work, few if n % 4 == 3 else many, str(PO + n), (a_line(),), ship_in=due)
            ids = few.id, many.id
        found = dashboard.shipped_late(ids)
        assert [(found[one].number, found[one].of) for one in ids] == [(4, 4), (10, 10)]
        assert [len(dashboard.late_orders(one)) for one in ids] == [4, 10]
