"""Acknowledging by hand: what comes of an order of each kind, and never twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_command, a_line, a_store, an_account, an_order
from tests.views.conftest import token_on
from webapp import clock
from webapp.models import AccountRow, CommandRow, OrderRow, db
from webapp.unit_of_work import unit_of_work

OPEN = (a_line(statuses={"Created": 2}),)


@pytest.fixture
def ids(app: Flask) -> dict[str, int]:
    """Orders of every kind, by what they are."""
    with app.app_context(), unit_of_work() as work:
        store = a_store(work)
        account, asleep = an_account(work, store), an_account(work, store, "Asleep", is_paused=True)
        due = clock.now() + timedelta(hours=1, minutes=20, seconds=30)
        made = {
            "open": an_order(work, account, "2802100000001", OPEN, acknowledge_by=due),
            "taken": an_order(work, account, "2802100000002", (a_line(),)),
            "wfs": an_order(work, account, "2802100000003", OPEN, ship_node="WFSFulfilled"),
            "asleep": an_order(work, asleep, "2802100000004", OPEN),
            "parked": an_order(work, account, "2802100000005", OPEN),
            "waiting": an_order(work, account, "2802100000006", OPEN),
            "sent": an_order(work, account, "2802100000007", OPEN),
        }
        a_command(work, made["parked"], state="parked", reason="Refused.", ended_at=clock.now())
        later = clock.now() + timedelta(hours=2)
        a_command(work, made["waiting"], state="queued", reason="Walmart is away.", next_attempt_at=later)
        a_command(work, made["sent"], state="done", ended_at=clock.now())
        return {name: row.id for name, row in made.items()}


def act(client: FlaskClient, path: str) -> str:
    answer = client.post(path, data={"csrf_token": token_on(client, "/account")}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def commands(app: Flask) -> list[tuple[int, str, str, str]]:
    with app.app_context():
        wanted = select(OrderRow.id, CommandRow.state, CommandRow.cause, CommandRow.issued_by)
        joined = wanted.join(CommandRow, CommandRow.sync_id == OrderRow.sync_id).order_by(OrderRow.id, CommandRow.id)
        return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(joined)]


def path_of(app: Flask, order_id: int) -> str:
    with app.app_context():
        found = db.session.execute(
            select(AccountRow.key, OrderRow.po).join(OrderRow).where(OrderRow.id == order_id)
        ).one()
        return f"/orders/{found.key}/{found.po}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("open", "Acknowledging at Walmart."),
        ("parked", "Walmart refused it before; it is tried again now."),
        ("waiting", "It was on its way already; the next try is now."),
        ("taken", "Nothing is left to acknowledge; the status is Unshipped."),
        ("wfs", "Fulfilled by Walmart (WFS), so there is nothing to acknowledge."),
        ("asleep", "The account is paused."),
        ("sent", "Walmart took the acknowledgement a moment ago"),
    ],
)
def test_each_order_tells_what_comes_of_it(
    app: Flask, operator: FlaskClient, ids: dict[str, int], name: str, said: str
) -> None:
    before = commands(app)
    assert said in act(operator, f"{path_of(app, ids[name])}/acknowledge")
    if name in {"taken", "wfs", "asleep", "sent"}:
        assert commands(app) == before
        return
    assert [row[1] for row in commands(app) if row[0] == ids[name]] == ["queued"]
    with app.app_context():
        due = select(CommandRow.next_attempt_at).join(OrderRow, OrderRow.sync_id == CommandRow.sync_id)
        at = db.session.execute(due.where(OrderRow.id == ids[name])).scalar_one()
        assert at is not None
        assert at <= clock.now()


def test_twice_is_once(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path = f"{path_of(app, ids['open'])}/acknowledge"
    act(operator, path)
    once = commands(app)
    assert "on its way already" in act(operator, path)
    assert commands(app) == once


def test_the_order_page_has_the_button_only_while_something_is_created(
    app: Flask, operator: FlaskClient, viewer: FlaskClient, ids: dict[str, int]
) -> None:
    path = path_of(app, ids["open"])
    page = operator.get(path).text
    assert ">Acknowledge</button>" in page
    assert "due in 1 h 20 min" in page
    assert ">Acknowledge</button>" not in viewer.get(path).text
    for name in ("taken", "wfs"):
        assert ">Acknowledge</button>" not in operator.get(path_of(app, ids[name])).text
    answer = act(operator, f"{path}/acknowledge")
    assert "Acknowledging at Walmart." in answer
    assert "asked for by hand" in answer
    assert "bob@shop.example" in answer


def test_only_who_may_act_finds_boxes_in_the_grid(
    operator: FlaskClient, viewer: FlaskClient, ids: dict[str, int]
) -> None:
    assert f'name="order" value="{ids["open"]}" form="bulk"' in operator.get("/orders").text
    page = viewer.get("/orders").text
    assert 'name="order"' not in page
    assert "Actions" not in page
