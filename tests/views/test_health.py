"""How the server says that it is well."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.rows import a_call, a_command, a_store, an_account, an_attempt, an_event, an_order
from tests.views.conftest import built, settings_in, statements
from tests.views.scene import draw
from webapp import alerts, clock
from webapp.models import AccountRow, CommandRow, OrderRow, PollRow, StoreRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import pulse


def test_live_and_ready_need_nobody(app: Flask, stranger: FlaskClient) -> None:
    assert stranger.get("/health/live").json == {"status": "ok"}
    ready = stranger.get("/health/ready")
    assert ready.status_code == 200
    nothing = {"oldest_due_seconds": 0.0, "waiting": 0, "last_webhook_at": None, "last_poll_at": None}
    assert ready.json == {"status": "degraded", "database": "ok", "redis": "down", **nothing}


def test_ready_is_503_without_a_database(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path))
    with app.app_context():
        db.drop_all()
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] == "down"
    page = app.test_client().get("/orders")
    assert page.status_code == 303, "a stranger without a cookie needs no database"
    with app.app_context():
        db.engine.dispose()


def test_a_broken_database_still_gives_a_designed_page(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
    answer = admin.get("/orders")
    assert answer.status_code == 500
    assert "That went wrong on our side" in answer.text


@pytest.mark.parametrize(
    ("waited", "headline"), [(0, "Redis is down"), (45, "Redis is down"), (400, "Work has waited 6 min")]
)
def test_the_line_in_the_header_says_it_in_words(app: Flask, viewer: FlaskClient, waited: int, headline: str) -> None:
    with app.app_context():
        draw()
        with unit_of_work() as work:
            work.session.query(CommandRow).filter_by(state="queued").update(
                {"next_attempt_at": clock.now() - timedelta(seconds=waited)}
            )
    assert headline in viewer.get("/pulse", headers={"HX-Request": "true"}).text


def test_when_all_is_well_the_last_order_webhook_and_poll_are_named(
    app: Flask, viewer: FlaskClient, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "redis_is_up", lambda: True)
    assert "no orders yet" in viewer.get("/pulse", headers={"HX-Request": "true"}).text
    with app.app_context():
        draw()
    text = viewer.get("/pulse", headers={"HX-Request": "true"}).text
    assert "<b>Live</b><span> · last order <time" in text
    assert "<span> · nothing in hand</span>" in text, "the same parts at any load"
    with app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(is_demo=False).first()
        assert order is not None
        an_event(work, order, received_at=clock.now() - timedelta(seconds=10))
        polled = {"due_at": clock.now() + timedelta(hours=1), "succeeded_at": clock.now() - timedelta(minutes=3)}
        work.add(PollRow(kind="orders", name="orders", account_id=order.account_id, **polled))
        a_command(work, order, next_attempt_at=clock.now() - timedelta(seconds=2))
    text = viewer.get("/pulse", headers={"HX-Request": "true"}).text
    told = r"last order \d+ \w+ ago · \d in hand · webhook \d+ s ago · poll 3 min ago"
    assert re.search(told, re.sub("<[^>]+>", "", text)), text
    assert re.search(rf'title="Live · {told}. In hand are [^"]*; the oldest for \d+ s."', text), (
        "all of it, where a narrow window leaves parts out"
    )
    ready = stranger.get("/health/ready").json
    assert ready is not None
    assert ready["waiting"] >= 1
    assert ready["oldest_due_seconds"] >= 2
    assert ready["last_webhook_at"] > ready["last_poll_at"]


def test_metrics_are_for_this_machine_or_for_the_token(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path, metrics_token="let me in"))
    with app.app_context():
        draw()
    client = app.test_client()
    text = client.get("/metrics").text
    assert 'orderbridge_commands{state="parked"} 1.0' in text
    assert "orderbridge_redis_up 0.0" in text
    assert "orderbridge_oldest_due_seconds" in text
    assert "2802123876439" not in text
    away = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_overrides=away).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    allowed = client.get("/metrics", environ_overrides=away, headers={"Authorization": "Bearer let me in"})
    assert allowed.status_code == 200
    assert client.get("/metrics", environ_overrides=away, headers={"Authorization": "Bearer "}).status_code == 403
    with app.app_context():
        db.engine.dispose()


def well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is up."""
    monkeypatch.setattr(pulse, "redis_is_up", lambda: True)


def test_a_page_says_what_is_wrong_and_what_to_do_and_nothing_while_all_is_well(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    well(monkeypatch)
    with app.app_context():
        draw()
    assert 'class="strip trouble' not in admin.get("/orders").text
    with app.app_context(), unit_of_work() as work:
        row = work.session.query(AccountRow).filter_by(name="North Outfitters").one()
        row.trouble, row.trouble_since = "Walmart refuses the client ID or secret.", clock.now() - timedelta(minutes=8)
        row.probe_at, key = clock.now() + timedelta(minutes=3, seconds=30), row.key
    text = admin.get("/orders").text
    for words in (
        "Walmart has not served North Outfitters for 8 min.",
        "Walmart refuses the client ID or secret. Nothing is lost. It is tried again in 3 min.",
        f'<a href="/settings/accounts/{key}">To the account</a>',
    ):
        assert words in text
    part = admin.get("/pulse", headers={"HX-Request": "true"}).text
    assert 'title="Walmart has not served North Outfitters for 8 min"' in part
    assert "<p><b>No service from Walmart</b></p>" in part
    assert '<div id="troubles" hx-swap-oob="true">' in part
    assert "Walmart has not served North Outfitters" in part
    assert '<div id="said" hx-swap-oob="innerHTML"><b>Walmart has not served North Outfitters for 8 min.' in part
    again = html.unescape(re.search(r'hx-get="(/pulse[^"]*)"', part)[1])  # type: ignore[index]
    assert 'id="said"' not in admin.get(again, headers={"HX-Request": "true"}).text, "what is told stays told"
    with app.app_context(), unit_of_work() as work:
        work.session.query(AccountRow).update({"trouble": None})
    assert "<b>All is well again.</b>" in admin.get(again, headers={"HX-Request": "true"}).text
    assert 'class="strip trouble' not in admin.get("/orders").text


def test_a_late_poll_is_told_once_an_account(app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    well(monkeypatch)

    def ago(minutes: int) -> datetime:
        return clock.now() - timedelta(minutes=minutes)

    with app.app_context(), unit_of_work() as work:
        store = a_store(work)
        account = an_account(work, store)
        due: dict[str, Any] = {"due_at": clock.now() + timedelta(minutes=1)}
        of_account: dict[str, Any] = {"account_id": account.id, **due}
        work.add(PollRow(kind="orders", name="a", succeeded_at=ago(14), **of_account))
        work.add(PollRow(kind="open", name="b", succeeded_at=ago(29 * 60), **of_account))
        work.add(PollRow(kind="shop_deletions", name="d", store_id=store.id, succeeded_at=ago(200), **due))
        work.add(PollRow(kind="shop_orders", name="c", store_id=store.id, succeeded_at=ago(15), **due))
    assert "No poll of" not in viewer.get("/orders").text
    with app.app_context(), unit_of_work() as work:
        work.session.query(PollRow).filter_by(name="a").update(
            {"succeeded_at": ago(16), "trouble": "Walmart answered 503."}
        )
        work.session.query(PollRow).filter_by(name="b").update({"succeeded_at": ago(31 * 60)})
        work.session.query(PollRow).filter_by(name="c").update({"succeeded_at": ago(21)})
    text = viewer.get("/orders").text
    assert "No poll of North Outfitters for open orders has succeeded for 31 h." in text
    assert "No poll of North Outfitters for changed orders" not in text, "the worst one tells"
    assert "<p><b>A poll is late</b></p>" in text
    assert "No poll of North Outfitters shop for changed orders in the shop has succeeded for 21 min." in text


@pytest.mark.parametrize(
    ("tries", "fails_for", "read_ago", "others_ago", "told"),
    [
        (1, 3, 6, 6, ""),
        (2, 3, 6, 6, "The shop North Outfitters shop could not be read for 3 min."),
        (2, 3, 60, 4, "The shop North Outfitters shop could not be read for 3 min."),
        (2, 1, 6, 4, ""),
        (2, 3, 6, 1, ""),
        (9, 16, 21, 1, "No poll of North Outfitters shop for credit memos in the shop has succeeded for 21 min."),
    ],
    ids=["once", "twice", "long silent", "no other was tried since", "another is read", "one alone is silent"],
)
def test_a_shop_cannot_be_read_while_none_of_its_polls_succeeds(
    app: Flask,
    viewer: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    tries: int,
    fails_for: int,
    read_ago: int,
    others_ago: int,
    told: str,
) -> None:
    well(monkeypatch)
    trouble, now = "Magento is in maintenance mode.", clock.now()
    with app.app_context(), unit_of_work() as work:
        store = a_store(work)
        an_account(work, store)
        poll: dict[str, Any] = {"store_id": store.id, "due_at": now + timedelta(minutes=1)}
        fails = {"tries": tries, "trouble": trouble, "failing_since": now - timedelta(minutes=fails_for)}
        read_at, others_at = (now - timedelta(minutes=each) for each in (read_ago, others_ago))
        work.add(PollRow(kind="shop_creditmemos", name="c", succeeded_at=read_at, **poll, **fails))
        work.add(PollRow(kind="products", name="p", succeeded_at=others_at, **poll))
    text = viewer.get("/orders").text
    assert (f"<b>{told}</b> {trouble} Nothing is lost. It is tried again by itself." in text) is bool(told)
    assert ("could not be read" in text) is ("could not be read" in told)


def paused(*names: str) -> None:
    """These accounts and stores, and nothing else, are paused."""
    with unit_of_work() as work:
        work.session.execute(update(AccountRow).values(is_paused=AccountRow.name.in_(names)))
        work.session.execute(update(StoreRow).values(is_paused=StoreRow.name.in_(names)))


NORTH, SIERRA, SHOP, OUTLET = "North Outfitters", "Sierra Kitchen", "North Outfitters shop", "Outlet"


@pytest.mark.parametrize(
    ("accounts", "is_paused", "who", "link"),
    [
        ({NORTH: SHOP}, (NORTH,), "North Outfitters is", "account"),
        ({NORTH: SHOP}, (SHOP,), "The store North Outfitters shop is", "store"),
        ({NORTH: SHOP, SIERRA: SHOP}, (NORTH,), "", ""),
        ({NORTH: SHOP, SIERRA: SHOP}, (NORTH, SIERRA), "All accounts are", "accounts"),
        ({NORTH: SHOP, SIERRA: SHOP}, (NORTH, SHOP), "The store North Outfitters shop is", "store"),
        ({NORTH: SHOP, SIERRA: OUTLET}, (SHOP, SIERRA), "All accounts are", "accounts"),
        ({NORTH: SHOP, "Demo": "Demo shop"}, (NORTH,), "North Outfitters is", "account"),
        ({NORTH: SHOP, "Demo": "Demo shop"}, ("Demo",), "", ""),
        ({"Demo": "Demo shop"}, ("Demo",), "Demo is", "account"),
        ({}, (), "", ""),
    ],
)
def test_where_no_account_runs_every_page_says_paused_and_leads_to_where_it_goes_on(
    app: Flask,
    viewer: FlaskClient,
    admin: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    accounts: dict[str, str],
    is_paused: tuple[str, ...],
    who: str,
    link: str,
) -> None:
    well(monkeypatch)
    with app.app_context():
        with unit_of_work() as work:
            stores = {name: a_store(work, name, is_demo="Demo" in name) for name in dict.fromkeys(accounts.values())}
            first, *_ = [an_account(work, stores[shop], name).key for name, shop in accounts.items()] or [""]
            of_shop = stores[SHOP].key if SHOP in stores else ""
        paused(*is_paused)
    leads = {
        "account": f'<a href="/settings/accounts/{first}">To the account</a>',
        "store": f'<a href="/settings/stores/{of_shop}">To the store</a>',
        "accounts": '<a href="/settings/accounts">To the accounts</a>',
    }
    for path in ("/orders", "/dashboard", "/pulse"):
        text = admin.get(path, headers={"HX-Request": "true"} if path == "/pulse" else {}).text
        head = re.sub(r"\s+", " ", text).split('id="pulse" class="pulse ')[1].split("</div>")[0]
        assert head.startswith("warn" if who else "ok")
        assert ("<b>Paused</b></p>" in head, "<b>Live</b>" in head) == (bool(who), not who)
        assert (f"<b>Paused.</b> {who} paused: webhooks are still stored, and nothing is" in text) is bool(who)
        assert [one in text for one in leads.values()] == [link == one for one in leads]
    seen = viewer.get("/orders").text
    assert ("<b>Paused.</b>" in seen) is bool(who)
    assert "To the " not in seen.split('id="troubles"')[1].split("</div>")[0], "a viewer may not open it"


def test_paused_comes_and_goes_with_the_line_and_stands_behind_what_is_bad_and_alarms_nobody(
    app: Flask, admin: FlaskClient, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    well(monkeypatch)

    def told() -> list[str]:
        return re.findall(r"<b>([^<]*)</b>", admin.get("/pulse?was=", headers={"HX-Request": "true"}).text)

    with app.app_context():
        with unit_of_work() as work:
            account = an_account(work, a_store(work))
            late = {"due_at": clock.now(), "succeeded_at": clock.now() - timedelta(hours=3)}
            work.add(PollRow(kind="orders", name="a", account_id=account.id, **late))
        paused()
        assert told()[:2] == ["A poll is late", "No poll of North Outfitters for changed orders has succeeded for 3 h."]
        paused(NORTH)
        assert told() == ["Paused", "Paused.", "Paused."], "the line, the strip, and aloud"
        assert [one.key for one in alerts.found()] == ["server:redis"], "there is none in a test, and that is all"
        ready = stranger.get("/health/ready").json
        assert ready is not None
        assert ready["status"] == "ok"
        monkeypatch.setattr(pulse, "redis_is_up", lambda: False)
        assert told()[:3] == ["Paused", "Paused.", "Redis is down."]
        with unit_of_work() as work:
            an_event(work, an_order(work, account, "2802123876439"), received_at=clock.now(), state="received")
        clock.move(timedelta(minutes=6))
        assert told()[:4] == ["Work has waited 6 min", "Work has waited 6 min.", "Paused.", "Redis is down."]


@pytest.mark.parametrize(
    ("stands", "told"),
    [
        ({"is_away": True}, "The shop North Outfitters shop could not be read for 9 s."),
        ({"is_away": False}, ""),
        ({"is_away": True, "is_paused": True}, ""),
    ],
    ids=["away", "one call failed", "paused"],
)
def test_a_shop_that_calls_show_to_be_away_is_told_once_whatever_its_polls_say(
    app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch, stands: dict[str, Any], told: str
) -> None:
    well(monkeypatch)
    trouble, now = "Magento is in maintenance mode.", clock.now()
    with app.app_context(), unit_of_work() as work:
        store = a_store(work, trouble=trouble, trouble_since=now - timedelta(seconds=9), **stands)
        an_account(work, store)
        late: dict[str, Any] = {"tries": 2, "trouble": trouble, "succeeded_at": now - timedelta(hours=4)}
        if stands["is_away"]:
            work.add(PollRow(kind="shop_orders", name="c", store_id=store.id, due_at=now, **late))
    text = viewer.get("/orders").text
    assert (f"<b>{told}</b> {trouble} Nothing is lost." in text) is bool(told)
    head = text.split('<main id="main"')[0]
    assert head.count("could not be read for") == 2 * bool(told), "beneath the line, and in its title"
    assert (f'title="{told.rstrip(".")}"' in head, "<b>Shop cannot be read</b>" in head) == (bool(told), bool(told))
    assert "No poll of" not in text


@pytest.mark.parametrize(("slow", "is_told"), [(3, True), (2, False)])
def test_a_slow_neighbour_is_named(
    app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch, slow: int, is_told: bool
) -> None:
    well(monkeypatch)
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), "2802123876439")
        for number in range(5):
            took = 9_000 if number < slow else 200
            began = clock.now() - timedelta(minutes=6 - number)
            calls = [a_call(duration_ms=took - 100), a_call(side="Magento", duration_ms=100)]
            an_attempt(work, order, None, "Read.", duration_ms=took, started_at=began, calls=calls)
    text = viewer.get("/orders").text
    assert ("Walmart has answered slowly for 6 min." in text) is is_told
    assert "Magento has answered slowly" not in text
    if is_told:
        assert re.search(r"Since \d\d:\d\d UTC a call takes 9 s. 0 waiting. Nothing is lost.", text)


def test_the_whole_line_takes_one_statement(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        draw()
    viewer.get("/pulse", headers={"HX-Request": "true"})
    with statements(app) as run:
        viewer.get("/pulse", headers={"HX-Request": "true"})
    assert len([each for each in run if "union all" in each.lower()]) == 1
    assert len([each for each in run if not each.startswith(("BEGIN", "PRAGMA"))]) <= 2, "who it is, and the line"
