"""What is asked for on an order's page stands there from the press on, before any worker has had a turn."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.rows import a_command, a_line, a_store, an_account, an_order
from tests.views.conftest import token_on
from webapp import clock, outbox
from webapp.models import OrderRow
from webapp.unit_of_work import unit_of_work

PO = "2802123876439"
BY_HAND = "Waiting for you to acknowledge: this account acknowledges by hand."
AFTER = "Acknowledged as soon as the Magento order exists."
OFF = "Creating Magento orders is switched off for this account."
HELD = "Held by a rule of yours: its total is over $100.00."
RELEASE = f"{HELD} Look at it, then release it with Create order, or cancel it."
OUTAGE = "Waiting for Magento: Magento is in maintenance mode."
ACKNOWLEDGING, CREATING, LATER = (
    "Acknowledging at Walmart.",
    "Creating the Magento order.",
    "The Magento order is created as soon as it can be.",
)
REFUSED = "Walmart: the order is locked."
NOT_CREATED = "Magento refused to create the product MUG-RED; try it again or give it up."
NOT_SHOWN = "Waiting for Magento to show the product MUG-RED."
MAKING = "Creating the product in Magento (MUG-RED)."
MAKING_AGAIN = "Creating the product in Magento (MUG-RED); it is tried again. Magento answered 503."
GONE = "Magento order WM-1 was deleted; nothing is written to it any more. Create the order again, or ship by hand."

CASES: dict[str, tuple[str, dict[str, Any], dict[str, list[str]]]] = {
    "acknowledged by hand": (
        "acknowledge",
        {"waiting_for": [OFF, BY_HAND]},
        {"Under way": [ACKNOWLEDGING], "Waiting": [OFF]},
    ),
    "before the Magento order": (
        "acknowledge",
        {"waiting_for": [OUTAGE, AFTER]},
        {"Under way": [ACKNOWLEDGING], "Waiting": [OUTAGE]},
    ),
    "switched off": (
        "create",
        {"waiting_for": [OFF, BY_HAND]},
        {"Under way": [CREATING], "Waiting": [BY_HAND]},
    ),
    "of Walmart's warehouse": (
        "create",
        {"waiting_for": ["Walmart ships this order itself (WFS); Magento orders for those are switched off."]},
        {"Under way": [CREATING]},
    ),
    "older than the import": (
        "create",
        {"waiting_for": ["Ordered before 2026-11-01, the date from which Magento orders are created."]},
        {"Under way": [CREATING]},
    ),
    "held": ("create", {"waiting_for": [HELD], "attention": RELEASE}, {"Under way": [CREATING]}),
    "the shop is away": ("create", {"waiting_for": [OUTAGE]}, {"Waiting": [OUTAGE, LATER]}),
    "another currency": (
        "create",
        {"waiting_for": ["The store has another currency."]},
        {"Waiting": ["The store has another currency.", LATER]},
    ),
    "the product was refused": ("create", {"waiting_for": [NOT_CREATED]}, {"Waiting": [NOT_CREATED, LATER]}),
    "the product is not shown yet": ("create", {"waiting_for": [NOT_SHOWN]}, {"Waiting": [NOT_SHOWN, LATER]}),
    "the product is being made": (
        "create",
        {"waiting_for": [MAKING]},
        {"Under way": [MAKING], "Waiting": [LATER]},
    ),
    "the product's making is tried again": (
        "create",
        {"waiting_for": [MAKING_AGAIN]},
        {"Under way": [MAKING_AGAIN], "Waiting": [LATER]},
    ),
    "again": (
        "recreate",
        {"magento": True, "magento_is_gone": True, "attention": GONE},
        {"Under way": [CREATING]},
    ),
}


def drawn(app: Flask, **changes: Any) -> str:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), **changes.pop("account", {}))
        line = a_line("1", statuses={"Created": 1})
        attention = changes.pop("attention", None)
        row = an_order(work, account, PO, (line,), **{"magento": False, **changes})
        row.attention = attention
        return f"/orders/{account.key}/{PO}"


def press(client: FlaskClient, path: str, act: str) -> str:
    answer = client.post(f"{path}/{act}", data={"csrf_token": token_on(client, "/account")}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def standing(page: str) -> dict[str, list[str]]:
    """The sentences under each heading of what an order waits for."""
    card = page[page.index('data-region="next"') : page.index('data-region="items"')]
    parts = re.findall(r"<h2><svg.*?</svg>(Needs you|Under way|Waiting)</h2>(.*?)</section>", card, re.DOTALL)
    return {title: re.findall(r'<(?:li|p) dir="auto">([^<]+)', unescape(part)) for title, part in parts}


@pytest.mark.parametrize("case", CASES)
def test_what_was_asked_for_stands_in_place_of_what_was_waited_for(
    app: Flask, operator: FlaskClient, case: str
) -> None:
    act, changes, told = CASES[case]
    path = drawn(app, **changes)
    assert standing(press(operator, path, act)) == told
    assert standing(operator.get(path).text) == told, "it is the stored state"
    row = operator.get("/orders").text
    said = (
        [OUTAGE] if OUTAGE in told.get("Waiting", []) else told["Under way" if "Under way" in told else "Waiting"][:1]
    )
    assert re.findall(r'<p class="why[^"]*" [^>]*>([^<]+)', row) == said
    assert 'class="why bad"' not in row


@pytest.mark.parametrize(
    ("minutes", "told"), [(5, {"Waiting": [LATER]}), (-1, {"Under way": [CREATING]})], ids=["rests", "is tried again"]
)
def test_nothing_is_being_created_while_walmart_does_not_serve_the_account(
    app: Flask, operator: FlaskClient, minutes: int, told: dict[str, list[str]]
) -> None:
    now = clock.now()
    rest = {"trouble": "Walmart answered 503.", "trouble_since": now, "probe_at": now + timedelta(minutes=minutes)}
    path = drawn(app, waiting_for=[OFF], account=rest)
    page = press(operator, path, "create")
    assert standing(page) == told
    assert (f"{LATER} Walmart has not served this account since" in unescape(page)) is (minutes > 0)


def test_why_walmart_refused_it_before_asks_nobody_once_it_is_tried_again(app: Flask, operator: FlaskClient) -> None:
    waits = "The acknowledgement was refused; try it again or give it up."
    path = drawn(app, waiting_for=[waits], attention=REFUSED)
    with app.app_context(), unit_of_work() as work:
        row = work.session.query(OrderRow).one()
        a_command(work, row, state="parked", reason=REFUSED.removeprefix("Walmart: "), ended_at=clock.now())
    assert "Needs you" in standing(operator.get(path).text)
    assert standing(press(operator, path, "acknowledge")) == {"Under way": [ACKNOWLEDGING]}


def test_a_retry_that_comes_too_late_leaves_the_order_as_it_was(
    app: Flask, operator: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "The acknowledgement was refused; try it again or give it up."
    path = drawn(app, waiting_for=[waits], attention=REFUSED)
    with app.app_context(), unit_of_work() as work:
        row = work.session.query(OrderRow).one()
        a_command(work, row, state="parked", reason=REFUSED.removeprefix("Walmart: "), ended_at=clock.now())
    before = standing(operator.get(path).text)
    with monkeypatch.context() as late:
        # Somebody gave it up between the look and the lock.
        late.setattr(outbox, "parked", lambda work, command_ids: [])
        assert outbox.NOT_PARKED in unescape(press(operator, path, "acknowledge"))
    assert standing(operator.get(path).text) == before


def test_what_somebody_else_is_asked_for_stays(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, waiting_for=[BY_HAND])
    with app.app_context(), unit_of_work() as work:
        work.execute(update(OrderRow).values(attention="Walmart knows no carrier Bee."))
    assert standing(press(operator, path, "acknowledge"))["Needs you"] == ["Walmart knows no carrier Bee."]


LOCKED, TAKEN = "the order is locked.", "the number is taken."
STILL_ASKED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]], str, str]] = {
    "held, and Walmart refused": (
        "create",
        {"waiting_for": [HELD], "attention": RELEASE},
        [("AcknowledgeOrder", LOCKED)],
        LOCKED,
        "",
    ),
    "both refused": (
        "acknowledge",
        {"waiting_for": [REFUSED], "attention": REFUSED},
        [("AcknowledgeOrder", LOCKED), ("CreateMagentoOrder", TAKEN)],
        TAKEN,
        LOCKED,
    ),
}


@pytest.mark.parametrize("case", STILL_ASKED)
def test_an_order_needs_somebody_still_where_another_thing_was_refused(
    app: Flask, operator: FlaskClient, case: str
) -> None:
    act, changes, parked, left, gone = STILL_ASKED[case]
    path = drawn(app, **changes)
    with app.app_context(), unit_of_work() as work:
        row = work.session.query(OrderRow).one()
        for kind, reason in parked:
            a_command(work, row, kind, state="parked", reason=reason, ended_at=clock.now())
    page = press(operator, path, act)
    assert "Needs you" in standing(page)
    listed = operator.get("/orders?tab=needs-action").text
    assert PO in listed
    said = re.findall(r'<p class="why bad[^"]*" [^>]*>([^<]+)', listed)
    assert [left in one for one in said] == [True]
    assert not gone or gone not in said[0]
