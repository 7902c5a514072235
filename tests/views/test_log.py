"""The log of all orders: what it holds, how it is narrowed, how far a page looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_call, a_command, a_store, an_account, an_attempt, an_event, an_order
from tests.views.conftest import PEOPLE, statements, token_on
from webapp import global_log
from webapp.models import AccountRow, ChangeRow, UserRow, db
from webapp.unit_of_work import unit_of_work

PO = 2802123870000
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def fill() -> None:
    """A few lines of two accounts' orders, a minute apart."""
    with unit_of_work() as work:
        store = a_store(work)
        first = an_order(work, an_account(work, store), str(PO))
        other = an_order(work, an_account(work, store, "Sierra Kitchen"), str(PO + 1))

        def seen(
            minute: int, sentence: str, kind: str = "status", by: str = "rule", sync_id: int = first.sync_id
        ) -> None:
            at = NOON + timedelta(minutes=minute)
            work.add(ChangeRow(sync_id=sync_id, at=at, kind=kind, by=by, sentence=sentence))

        an_event(work, first, type="came", received_at=NOON)
        seen(1, "seen")
        an_attempt(work, first, None, "tried", started_at=NOON + timedelta(minutes=2))
        an_attempt(work, first, None, "refused", started_at=NOON + timedelta(minutes=3), outcome="failed")
        seen(4, "noted", "note", PEOPLE["operator"])
        seen(5, "called Maria Gonzalez", "person", PEOPLE["admin"], other.sync_id)
        an_event(
            work, other, source="merchant", headers={"by": PEOPLE["admin"]}, received_at=NOON + timedelta(minutes=6)
        )
        seen(7, "wrong", "attention", sync_id=other.sync_id)


WORDS = {
    "came": "came",
    "seen": "seen",
    "tried": "tried",
    "refused": "refused",
    "noted": "noted",
    "called": "called Maria Gonzalez",
    "wish": "Asked for a fresh look",
    "wrong": "wrong",
}


def lines(text: str) -> str:
    """The lines on a page by their names, from the top."""
    said = re.findall(r'<p dir="auto">(?:<a [^>]*>)?([^<]+)', text)
    return " ".join(next((name for name, words in WORDS.items() if words in one), one) for one in said)


CASES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "wrong wish called noted refused tried seen came"),
    ({"kind": "in"}, "wish came"),
    ({"kind": "calls"}, "refused tried"),
    ({"kind": "changes"}, "wrong seen"),
    ({"kind": "people"}, "wish called noted"),
    ({"kind": "trouble"}, "wrong refused"),
    ({"kind": "nonsense"}, "wrong wish called noted refused tried seen came"),
    ({"account": "FIRST"}, "noted refused tried seen came"),
    ({"who": "ADMIN"}, "wish called"),
    ({"who": "rules"}, "wrong refused tried seen came"),
    ({"who": "99"}, ""),
    ({"once": "1"}, "wrong noted"),
    ({"text": "maria"}, "called"),
    ({"text": str(PO + 1)}, "wrong wish called"),
    ({"text": "100%"}, ""),
    ({"kind": "people", "account": "FIRST"}, "noted"),
)


def test_the_log_is_narrowed(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
        first = db.session.execute(select(AccountRow.key).order_by(AccountRow.id)).scalars().first()
        admin = db.session.execute(select(UserRow.id).where(UserRow.email == PEOPLE["admin"])).scalar_one()
    token = token_on(viewer, "/log")
    for asked, wanted in CASES:
        given = {name: value.replace("FIRST", str(first)).replace("ADMIN", str(admin)) for name, value in asked.items()}
        posted = viewer.post("/log", data={"csrf_token": token, **given})
        assert lines(posted.text) == wanted, asked
        if "text" not in asked:
            assert lines(viewer.get("/log", query_string=given).text) == wanted, asked


def test_a_text_in_the_address_is_not_looked_for(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    assert lines(viewer.get("/log?text=maria").text) == CASES[0][1]


def test_a_line_leads_to_its_order_and_to_what_it_tells(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    text = viewer.get("/log").text
    assert f"/{PO + 1}" in text
    assert 'href="/incoming/1"' in text
    assert PEOPLE["operator"] in text


@pytest.mark.parametrize("looked_at", [20_000, 7])
def test_every_line_stands_on_one_page_however_many_there_are_of_a_moment(
    app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """Also where a page looks at no more than a few lines of each table."""
    monkeypatch.setattr(global_log, "LOOKED_AT", looked_at)
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        for number in range(60):
            at = NOON + timedelta(minutes=number // 20)
            work.add(ChangeRow(sync_id=order.sync_id, at=at, kind="status", by="rule", sentence=f"seen {number}."))
            an_attempt(work, order, None, f"tried {number}.", started_at=at, duration_ms=0)
            an_event(work, order, type=f"came-{number}", received_at=at)
    seen: list[str] = []
    url = "/log"
    for _ in range(60):
        text = viewer.get(url).text
        seen += re.findall(r"((?:seen|tried) \d+|came-\d+)", text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        if not found:
            break
        url = found[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 180
    assert seen[0] == "tried 59"
    assert seen[-1] == "came-0"


@pytest.mark.parametrize("looked_at", [20_000, 9])
def test_each_order_stands_once_on_all_pages_together(
    app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """With its newest line, also where the lines of many orders are mixed."""
    monkeypatch.setattr(global_log, "LOOKED_AT", looked_at)
    monkeypatch.setattr(global_log, "PAGE_SIZE", 4)
    monkeypatch.setattr(global_log, "ONCE_FROM", 5)
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        orders = [an_order(work, account, str(PO + number)) for number in range(11)]
        for minute in range(44):
            at, order = NOON + timedelta(minutes=minute), orders[minute * 7 % 11]
            work.add(ChangeRow(sync_id=order.sync_id, at=at, kind="status", by="rule", sentence=f"seen {minute}."))
            an_attempt(work, order, None, f"tried {minute}.", started_at=at - timedelta(minutes=9), duration_ms=0)
    seen: list[str] = []
    url = "/log?once=1"
    for _ in range(60):
        text = viewer.get(url).text
        seen += re.findall(r"((?:seen|tried) \d+)", text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        if not found:
            break
        url = found[1].replace("&amp;", "&")
    assert seen == [f"seen {minute}" for minute in range(43, 32, -1)]


def test_it_takes_the_same_few_statements_at_any_size(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    with statements(app) as run:
        viewer.get("/log")
    assert len([each for each in run if not each.startswith(("BEGIN", "PRAGMA"))]) <= 12


KEPT_BEFORE = "https://shop.example/rest/V1/customers/search?f[0][field]=email&f[0][value]=ada%40relay.walmart.com"


@pytest.mark.parametrize("page", ["/orders/{key}/{po}", "/outgoing/{command}", "/log"])
def test_a_call_that_was_kept_with_the_buyers_mail_is_shown_without(app: Flask, viewer: FlaskClient, page: str) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, "1796277083022")
        command = a_command(work, order, "CreateMagentoOrder", state="done")
        calls = [a_call(side="Magento", method="GET", url=KEPT_BEFORE)]
        an_attempt(work, order, command, "Created Magento order.", calls=calls)
        path = page.format(key=account.key, po=order.po, command=command.id)
    text = viewer.get(path).text
    assert "Created Magento order." in text
    assert "customers/search?f[0][field]=email&amp;f[0][value]=***" in text or page == "/log"
    assert "relay.walmart.com" not in text
