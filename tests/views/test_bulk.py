"""The Actions menu: a question that counts, a job that tells of each order, stop, retry, and nothing twice."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_command, a_line, a_store, an_account, an_order
from tests.views.conftest import PEOPLE, signed_in, token_on
from webapp import bulk, clock, sweep
from webapp.models import BulkItemRow, BulkJobRow, CommandRow, EventRow, OrderRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import words

OPEN = (a_line(statuses={"Created": 2}),)


@pytest.fixture
def ids(app: Flask) -> dict[str, int]:
    """Orders of every kind, by what they are."""
    with app.app_context(), unit_of_work() as work:
        store = a_store(work)
        account, asleep = an_account(work, store), an_account(work, store, "Asleep", is_paused=True)
        made = {
            "open": an_order(work, account, "2802100000001", OPEN),
            "bare": an_order(work, account, "2802100000002", OPEN, magento=False),
            "taken": an_order(work, account, "2802100000003", (a_line(),)),
            "wfs": an_order(work, account, "2802100000004", OPEN, ship_node="WFSFulfilled"),
            "asleep": an_order(work, asleep, "2802100000005", OPEN),
            "parked": an_order(work, account, "2802100000006", OPEN, magento=False),
        }
        reason = "Magento: the number is taken."
        a_command(work, made["parked"], "CreateMagentoOrder", state="parked", reason=reason, ended_at=clock.now())
        return {name: row.id for name, row in made.items()}


def asked(client: FlaskClient, action: str, *orders: int, **also: str) -> tuple[str, str]:
    """Post the selection; the question's address and its page."""
    data = {"csrf_token": token_on(client, "/account"), "action": action, "order": [str(one) for one in orders]}
    answer = client.post("/orders/bulk", data={**data, **also})
    assert answer.status_code == 303
    path = answer.headers["Location"]
    return path, client.get(path).text


def begin(client: FlaskClient, path: str) -> None:
    assert client.post(f"{path}/start", data={"csrf_token": token_on(client, path)}).status_code == 303


def work_off(app: Flask) -> None:
    """What a worker does until nothing is left to it."""
    with app.app_context():
        while turn := bulk.take():
            bulk.run(turn)


def outcomes(app: Flask) -> dict[int, tuple[str, str]]:
    with app.app_context():
        wanted = select(BulkItemRow.order_id, BulkItemRow.state, BulkItemRow.sentence).order_by(BulkItemRow.id)
        return {row[0]: (row[1], row[2]) for row in db.session.execute(wanted)}


def commands(app: Flask) -> list[tuple[int, str, str]]:
    with app.app_context():
        wanted = select(OrderRow.id, CommandRow.kind, CommandRow.state).join(
            CommandRow, CommandRow.sync_id == OrderRow.sync_id
        )
        return [(row[0], row[1], row[2]) for row in db.session.execute(wanted.order_by(CommandRow.id))]


def test_the_question_counts_and_names_each_reason(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    before = commands(app)
    _, page = asked(operator, "acknowledge", *ids.values())
    for said in (
        "Acknowledge 3 orders at Walmart?",
        "3 orders, sold for $35.94.",
        "3 orders passed over",
        "the status is Unshipped",
        "Fulfilled by Walmart (WFS)",
        "The account is paused",
        "Acknowledge 3 orders</button>",
    ):
        assert said in page
    given = {"csrf_token": token_on(operator, "/account"), "action": "acknowledge", "order": [*ids.values()]}
    part = operator.post("/orders/bulk", data=given, headers={"HX-Request": "true"}).text
    assert "3 orders passed over" in part
    assert "<html" not in part
    work_off(app)
    assert commands(app) == before, "a question does nothing"


def test_creating_passes_over_what_the_settings_leave_to_walmart_and_what_waits_for_a_product(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    with app.app_context(), unit_of_work() as work:
        work.session.get_one(OrderRow, ids["wfs"]).magento_order_id = None
        waits = work.session.get_one(OrderRow, ids["parked"])
        waits.waiting_for = ["Waiting for a product with the SKU FH-MUG."]
    path, page = asked(operator, "create", ids["bare"], ids["wfs"], ids["parked"])
    assert "Create 1 order in Magento?" in page
    assert "Fulfilled by Walmart (WFS); Magento orders for those are switched off." in page
    assert "Waiting for a product to be linked or made; the Magento order is created by itself then." in page
    begin(operator, path)
    work_off(app)
    with app.app_context():
        wished = {
            name: db.session.get_one(OrderRow, ids[name]).creation_asked > 0 for name in ("bare", "wfs", "parked")
        }
    assert wished == {"bare": True, "wfs": False, "parked": False}


def test_what_goes_is_done_once_however_often_it_is_clicked(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    path, _ = asked(operator, "acknowledge", *ids.values(), ids["open"])
    form = {"csrf_token": token_on(operator, path)}
    for _ in range(2):
        operator.post(f"{path}/start", data=form)
    work_off(app)
    operator.post(f"{path}/start", data=form)
    work_off(app)
    made = [row for row in commands(app) if row[1] == "AcknowledgeOrder"]
    assert made == [(ids[name], "AcknowledgeOrder", "queued") for name in ("open", "bare", "parked")]
    page = operator.get(path).text
    assert "<b>3 of 3</b> · Ended: 3 on its way, 3 passed over." in page
    assert "Acknowledging at Walmart." in page
    assert "passed over" in operator.get(f"{path}?show=skipped").text


def test_the_page_goes_on_telling_what_came_of_each(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "acknowledge", ids["open"], ids["bare"], ids["parked"])
    begin(operator, path)
    work_off(app)
    with app.app_context(), unit_of_work() as work:
        made = work.session.query(CommandRow).filter_by(kind="AcknowledgeOrder").order_by(CommandRow.id).all()
        made[0].state, made[0].outcome, made[0].ended_at = "done", "Walmart took the acknowledgement.", clock.now()
        made[1].state, made[1].reason, made[1].ended_at = "parked", "Walmart: no.", clock.now()
    page = operator.get(path).text
    assert "1 done, 1 on its way, 1 failed" in page
    with app.app_context():
        started = words.moment(db.session.query(BulkJobRow).one().started_at, "America/Los_Angeles", seconds=True)
    assert f"Begun by {PEOPLE['operator']} {started}, ended " in page
    assert "</time>. Times are those of America/Los Angeles." in page
    assert "Walmart: no." in page, "what failed is shown first"
    assert "Walmart took the acknowledgement." in operator.get(f"{path}?show=done").text
    retried = operator.post(f"{path}/again", data={"csrf_token": token_on(operator, path)})
    work_off(app)
    fresh = operator.get(retried.headers["Location"]).text
    assert "<b>1 of 1</b>" in fresh
    assert "it is tried again now" in fresh
    assert [row for row in commands(app) if row[1] == "AcknowledgeOrder"][1] == (
        ids["bare"],
        "AcknowledgeOrder",
        "queued",
    )


def test_creating_takes_what_has_none_and_tries_again_what_was_refused(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    path, page = asked(operator, "create", *ids.values())
    assert "Create 2 orders in Magento?" in page
    assert "is linked already" in page
    begin(operator, path)
    work_off(app)
    states = {row[0]: row[2] for row in commands(app) if row[1] == "CreateMagentoOrder"}
    assert states == {ids["parked"]: "queued"}
    assert "2 on its way" in operator.get(path).text
    with app.app_context(), unit_of_work() as work:
        bare = work.session.get_one(OrderRow, ids["bare"])
        assert bare.creation_asked == 1
        bare.attention = "No product MUG-RED in Magento. Link one."
    page = operator.get(path).text
    assert "1 on its way, 1 failed" in page
    assert "No product MUG-RED in Magento." in page
    with app.app_context(), unit_of_work() as work:
        bare = work.session.get_one(OrderRow, ids["bare"])
        a_command(work, bare, "CreateMagentoOrder", state="done", outcome="Created WM-1.", ended_at=clock.now())
    assert "Created WM-1." in operator.get(f"{path}?show=done").text


WFS, THIRD = {"ship_node": "WFSFulfilled"}, {"ship_node": "3PLFulfilled"}
REASONS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("create", {}, {}, "A Magento order is linked already."),
    ("acknowledge", {}, {}, "Nothing is left to acknowledge; the status is Unshipped."),
    (
        "resend",
        {},
        {},
        "Magento shows no shipment, so there is nothing to resend. One that is made there is found by itself.",
    ),
    ("retry", {}, {}, "Nothing has failed that can be tried again for many at once."),
    ("cancel", {"statuses": {"Cancelled": 1}}, {}, "Everything is canceled already."),
    (
        "ship",
        {"intent_to_cancel": "CUSTOMER_REQUESTED"},
        {},
        "Cancellation requested: answer the buyer on the order's page first.",
    ),
    ("ship", {"statuses": {"Created": 1}}, {}, "To be acknowledged first; Walmart takes no shipment before."),
    ("ship", {}, WFS, "Fulfilled by Walmart (WFS), so nothing is written to Walmart."),
    ("cancel", {}, THIRD, "Fulfilled by another warehouse (3PL), so nothing is written to Walmart."),
    (
        "acknowledge",
        {"statuses": {"Created": 1}},
        WFS,
        "Fulfilled by Walmart (WFS), so there is nothing to acknowledge.",
    ),
    (
        "acknowledge",
        {},
        {"ship_node": "DepotFulfilled"},
        "Fulfilled by DepotFulfilled, so there is nothing to acknowledge.",
    ),
]


@pytest.mark.parametrize(("action", "line", "changes", "reason"), REASONS)
def test_a_reason_that_orders_share_is_said_once_with_their_number(
    app: Flask, operator: FlaskClient, action: str, line: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        ids = [an_order(work, account, f"280210000000{at}", (a_line(**line),), **changes).id for at in range(5)]
    page = unescape(asked(operator, action, *ids)[1])
    told = re.findall(r'<p dir="auto">(.*?)</p>', page[page.index('<ul class="reasons">') :])
    assert told == [f"<b>5 orders:</b> {reason}"]


def test_refreshing_and_retrying_many(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, page = asked(operator, "refresh", *ids.values())
    assert "Read 5 orders again on both sides?" in page
    assert "1 order passed over" in page
    assert "The account is paused. Resume it first." in page
    begin(operator, path)
    path, page = asked(operator, "retry", *ids.values())
    assert "Try again what failed on 1 order?" in page
    assert "Magento: the number is taken." in page
    assert "5 orders passed over" in page
    assert "Nothing has failed that can be tried again for many at once." in page
    begin(operator, path)
    work_off(app)
    with app.app_context():
        assert len(db.session.execute(select(EventRow).where(EventRow.source == "merchant")).all()) == 5
    assert ("CreateMagentoOrder", "queued") in [row[1:] for row in commands(app)]


def test_everything_that_matches_is_frozen_when_it_is_asked(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    path, page = asked(operator, "acknowledge", all="1", asks="status=created")
    assert "Acknowledge 3 orders" in page
    assert 'href="/orders?status=created"' in page, "the way back leads to the same list"
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work, "Other"), "Other")
        an_order(work, account, "2802100000009", OPEN)
    begin(operator, path)
    work_off(app)
    assert len([row for row in commands(app) if row[1] == "AcknowledgeOrder"]) == 3


def test_each_order_is_judged_again_when_its_turn_comes(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "create", ids["bare"])
    begin(operator, path)
    with app.app_context(), unit_of_work() as work:
        order = work.session.get_one(OrderRow, ids["bare"])
        order.magento_order_id, order.magento_increment_id = 77, "WM-77"
    work_off(app)
    assert outcomes(app)[ids["bare"]] == ("skipped", "A Magento order is linked already.")


def test_stopping_leaves_the_rest_as_it_is(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "acknowledge", *ids.values())
    begin(operator, path)
    operator.post(f"{path}/stop", data={"csrf_token": token_on(operator, path)})
    assert "Stopping: " in operator.get(path).text
    work_off(app)
    assert [row for row in commands(app) if row[1] == "AcknowledgeOrder"] == []
    page = operator.get(path).text
    assert "Stopped: 3 not done yet, 3 passed over." in page
    assert "Stop</button>" not in page


def test_a_worker_that_died_is_followed_by_another(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "acknowledge", *ids.values())
    begin(operator, path)
    with app.app_context():
        dead = bulk.take()
        assert dead is not None
        assert bulk.take() is None
        assert not sweep.inbound().has_action
        clock.move(bulk.LEASE + timedelta(seconds=1))
        second = bulk.take()
        assert second is not None
        bulk.run(dead)
        assert {state for state, _ in outcomes(app).values()} == {"waiting", "skipped"}, (
            "whoever lost it writes nothing"
        )
        bulk.run(second)
    assert len([row for row in commands(app) if row[1] == "AcknowledgeOrder"]) == 3


def test_an_order_that_breaks_is_told_and_the_others_go_on(
    app: Flask, operator: FlaskClient, ids: dict[str, int]
) -> None:
    path, _ = asked(operator, "acknowledge", ids["open"], ids["bare"])
    begin(operator, path)
    with app.app_context(), unit_of_work() as work:
        work.session.get_one(OrderRow, ids["open"]).address = {"planet": "Mars"}
    work_off(app)
    found = outcomes(app)
    assert found[ids["open"]] == (
        "failed",
        "An error in Orderbridge itself (TypeError); the server's log has the details.",
    )
    assert found[ids["bare"]][0] == "done"


def test_a_question_belongs_to_who_was_asked(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "acknowledge", ids["open"])
    other = signed_in(app, "admin")
    begin(other, path)
    assert "Choose the orders yourself." in other.get(path).text
    work_off(app)
    assert outcomes(app)[ids["open"]][0] == "waiting"


def test_nothing_chosen_and_garbage_are_said_plainly(app: Flask, operator: FlaskClient, viewer: FlaskClient) -> None:
    token = token_on(operator, "/account")
    given = {"csrf_token": token, "action": "acknowledge", "order": ["x", "-1", "9" * 40, "4711"]}
    assert "No order was chosen" in operator.post("/orders/bulk", data=given, follow_redirects=True).text
    assert operator.post("/orders/bulk", data={"csrf_token": token, "action": "explode"}).status_code == 400
    assert operator.get("/bulk/nonsense").status_code == 404
    assert viewer.post("/orders/bulk", data={"csrf_token": token_on(viewer, "/account")}).status_code == 403
    assert "Nothing was done yet" in viewer.get("/bulk").text


def test_the_list_of_actions_counts_and_links(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    path, _ = asked(operator, "acknowledge", *ids.values())
    assert path not in operator.get("/bulk").text, "a question is none yet"
    begin(operator, path)
    work_off(app)
    page = operator.get("/bulk").text
    assert f'href="{path}"' in page
    assert "3 on its way" in page


def test_old_questions_are_forgotten(app: Flask, operator: FlaskClient, ids: dict[str, int]) -> None:
    asked(operator, "acknowledge", ids["open"])
    clock.move(timedelta(hours=11))
    token_on(operator, "/account")
    clock.move(timedelta(hours=11))
    token_on(operator, "/account")
    clock.move(timedelta(hours=3))
    asked(operator, "acknowledge", ids["open"])
    with app.app_context():
        assert len(db.session.execute(select(BulkJobRow)).all()) == 1
        assert len(db.session.execute(select(BulkItemRow)).all()) == 1
