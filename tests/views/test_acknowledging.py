"""Acknowledging by hand: one order and many, a question first, what is passed over with the reason, never twice."""

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


def act(client: FlaskClient, path: str, *orders: int) -> str:
    data = {"csrf_token": token_on(client, "/account"), "order": [str(one) for one in orders]}
    answer = client.post(path, data=data, follow_redirects=True)
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


def test_the_question_counts_what_is_done_and_says_what_is_passed_over(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    before = commands(app)
    page = act(operator, "/orders/acknowledge", *ids.values())
    assert "Acknowledge 3 orders at Walmart?" in page
    assert "4 orders passed over" in page
    for why in (
        "it is Unshipped",
        "Walmart ships this order itself (WFS)",
        "Its account is paused",
        "Walmart took it a moment ago",
    ):
        assert why in page
    assert commands(app) == before


def test_many_are_acknowledged_at_once_and_each_tells(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    page = act(operator, "/orders/acknowledge/now", *ids.values())
    assert "3 orders on the way to Walmart" in page
    assert "tried again now" in page
    assert "the next try is now" in page
    queued = [row for row in commands(app) if row[1] == "queued"]
    assert {row[0] for row in queued} == {ids["open"], ids["parked"], ids["waiting"]}
    assert (ids["open"], "queued", "1", "bob@shop.example") in queued
    with app.app_context():
        latest = select(CommandRow.next_attempt_at).where(CommandRow.state == "queued")
        assert all(at <= clock.now() for at in db.session.execute(latest).scalars() if at)


def test_twice_is_once(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    act(operator, "/orders/acknowledge/now", ids["open"])
    once = commands(app)
    page = act(operator, "/orders/acknowledge/now", ids["open"], ids["open"])
    assert "on its way already" in page
    assert commands(app) == once


def test_nothing_chosen_and_garbage_are_said_plainly(operator: FlaskClient, ids: dict[str, int]) -> None:
    assert "No order was chosen" in act(operator, "/orders/acknowledge")
    assert "No order was chosen" in act(operator, "/orders/acknowledge", 987654321)
    data = {"csrf_token": token_on(operator, "/account"), "order": ["x", "-1", "9" * 40]}
    assert operator.post("/orders/acknowledge", data=data).status_code == 200


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
    assert "Acknowledge…" not in page
