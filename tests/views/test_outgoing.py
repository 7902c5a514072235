"""What goes out: by state, by cause of failure, one by one, and again by the whole cause."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_call, a_command, a_store, an_account, an_attempt, an_order
from tests.views.conftest import statements, token_on
from tests.views.scene import draw
from webapp import clock
from webapp.models import ChangeRow, CommandRow, db
from webapp.queries import version
from webapp.unit_of_work import unit_of_work

PO = 2802123876000


def fill() -> None:
    """Three orders that failed alike, one that failed of something else, and one that is tried again by itself."""
    with unit_of_work() as work:
        account = an_account(work, a_store(work))
        orders = [an_order(work, account, str(PO + number)) for number in range(5)]
        parked: dict[str, Any] = {"state": "parked", "ended_at": clock.now() - timedelta(minutes=5), "tries": 2}
        for number, order in enumerate(orders[:3]):
            a_command(work, order, "CreateMagentoOrder", reason=f"Magento: SKU MUG-{number} not found.", **parked)
        a_command(work, orders[3], "CreateMagentoOrder", reason="The number is taken.", **parked)
        a_command(work, orders[4], reason="Walmart did not answer (503).", tries=1)


def slug_of(text: str, words: str) -> str:
    found = re.search(rf'id="cause-(\w+)"[^>]*><b>[^<]*</b><span dir="auto">[^<]*{re.escape(words)}', text)
    assert found is not None, words
    return found[1]


def test_it_opens_with_what_waits_for_a_person(app: Flask, operator: FlaskClient, viewer: FlaskClient) -> None:
    with app.app_context():
        draw()
    text = operator.get("/outgoing").text
    assert "Create the Magento order: failed." in text
    assert "Try again" in text
    assert "Try again" not in viewer.get("/outgoing").text
    waiting = operator.get("/outgoing?show=waiting").text
    assert "Acknowledge at Walmart: tried again soon." in waiting
    assert "attempt 3" in waiting
    assert "Nothing was given up" in operator.get("/outgoing?show=dismissed").text
    assert operator.get("/outgoing?show=nonsense&older=x&cause=y").status_code == 200


def test_where_nothing_stands_it_leads_to_what_was_sent(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    assert "What was sent" not in viewer.get("/outgoing?show=running").text, "nothing was"
    with app.app_context(), unit_of_work() as work:
        work.session.query(CommandRow).filter_by(tries=1).update({"state": "done", "ended_at": clock.now()})
    empty = viewer.get("/outgoing?show=waiting").text
    assert "Nothing waits" in empty
    assert 'What was sent stands under <a class="link" href="/outgoing?show=done">Done</a>.' in empty


def test_it_is_paged_by_key(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        for _ in range(60):
            a_command(work, order, state="done", outcome="Acknowledged.", ended_at=clock.now())
    with statements(app) as run:
        assert operator.get("/outgoing?show=done").text.count('<li class="t-ok">') == 50
    assert len(run) <= 8
    assert operator.get("/outgoing?show=done&older=11").text.count('<li class="t-ok">') == 10


def test_failures_are_told_by_cause_and_each_cause_has_its_list(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    text = viewer.get("/outgoing").text
    slug = slug_of(text, "Magento: SKU … not found.")
    assert "<b>3 orders</b>" in text
    assert "<b>1 order</b>" in text
    one = viewer.get(f"/outgoing?show=parked&cause={slug}").text
    assert one.count("SKU MUG-") == 3
    assert "Try all" not in one, "a viewer only looks"
    waiting = viewer.get("/outgoing?show=waiting").text
    assert "Walmart did not answer (503)." in waiting
    assert "is tried again by itself" in waiting


def test_all_of_a_cause_is_tried_again_once(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
    slug = slug_of(operator.get("/outgoing").text, "not found.")
    shown = operator.get(f"/outgoing?show=parked&cause={slug}").text
    assert "Try all 3 again" in shown
    form = {"csrf_token": token_on(operator, "/outgoing"), "cause": slug, "asked_at": str(version(clock.now()))}
    assert "3 commands tried again now." in operator.post("/outgoing/retry", data=form, follow_redirects=True).text
    assert "it was done already" in operator.post("/outgoing/retry", data=form, follow_redirects=True).text
    with app.app_context():
        states = db.session.execute(select(CommandRow.state, CommandRow.reason).order_by(CommandRow.id)).all()
        assert [row.state for row in states] == ["queued", "queued", "queued", "parked", "queued"]
        told = db.session.execute(select(ChangeRow.by, ChangeRow.sentence)).all()
        assert {tuple(row) for row in told} == {("bob@shop.example", "Create the Magento order: tried again by hand.")}
        assert len(told) == 3


def test_a_refund_that_may_have_been_paid_is_not_tried_again_among_others(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        parked = {"state": "parked", "reason": "The refund was sent, no answer came.", "ended_at": clock.now()}
        a_command(work, order, "RefundLines", first_sent_at=clock.now(), **parked)
    slug = slug_of(operator.get("/outgoing").text, "no answer came")
    form = {"csrf_token": token_on(operator, "/outgoing"), "cause": slug, "asked_at": str(version(clock.now()))}
    assert "may have been paid" in operator.post("/outgoing/retry", data=form, follow_redirects=True).text
    with app.app_context():
        assert db.session.execute(select(CommandRow.state)).scalars().all() == ["parked"]


def test_what_failed_after_the_question_is_not_touched(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
    slug = slug_of(operator.get("/outgoing").text, "not found.")
    early = str(version(clock.now() - timedelta(hours=1)))
    form = {"csrf_token": token_on(operator, "/outgoing"), "cause": slug, "asked_at": early}
    assert "it was done already" in operator.post("/outgoing/retry", data=form, follow_redirects=True).text


def test_all_of_a_cause_is_given_up_with_a_reason(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
    slug = slug_of(operator.get("/outgoing").text, "not found.")
    form = {"csrf_token": token_on(operator, "/outgoing"), "cause": slug, "asked_at": str(version(clock.now()))}
    assert "Say why" in operator.post("/outgoing/dismiss", data=form, follow_redirects=True).text
    form["reason"] = "Made by hand"
    assert "3 commands given up." in operator.post("/outgoing/dismiss", data=form, follow_redirects=True).text
    text = operator.get("/outgoing?show=dismissed").text
    assert text.count("Made by hand") == 3
    assert "bob@shop.example" in text


def test_one_command_shows_each_attempt_with_its_calls(app: Flask, operator: FlaskClient, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        frozen = {"entity": {"customer_email": "maria@relay.example", "grand_total": "48.17"}}
        command = a_command(work, order, "CreateMagentoOrder", state="done", outcome="Made.", tries=2, frozen=frozen)
        refused = a_call(status=400, response_excerpt='{"message":"No such SKU"}')
        an_attempt(work, order, command, "Magento refused it.", outcome="failed", calls=[refused])
        an_attempt(work, order, command, "Created Magento order WM-1.", number=2)
        number = command.id
    text = operator.get(f"/outgoing/{number}").text
    for words in ("Magento refused it.", "Created Magento order WM-1.", "No such SKU", "400", "grand_total"):
        assert words in text
    assert "maria@relay.example" not in text
    seen = viewer.get(f"/outgoing/{number}").text
    assert "Magento refused it." in seen
    assert "grand_total" not in seen
    assert operator.get("/outgoing/999").status_code == 404


@pytest.mark.parametrize(("listed", "words"), [(0, "not tried yet"), (1, "tried once"), (2, "tried 2×")])
def test_the_list_says_as_many_tries_as_the_page_has(
    app: Flask, operator: FlaskClient, listed: int, words: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        # Try again began the count of its waits anew.
        command = a_command(work, order, state="parked", ended_at=clock.now(), tries=min(listed, 1))
        for _ in range(listed):
            an_attempt(work, order, command, "Walmart: no.", outcome="failed")
        number = command.id
    assert f">{words}</a>" in operator.get("/outgoing?show=parked").text
    assert operator.get(f"/outgoing/{number}").text.count("Walmart: no.") >= listed


def test_who_gives_up_without_a_reason_is_asked_for_it_where_the_form_stands(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
        parked = db.session.execute(select(CommandRow.id).where(CommandRow.state == "parked")).scalars().first()
    slug = slug_of(operator.get("/outgoing").text, "SKU")
    on = f"/outgoing?show=parked&cause={slug}&older=9000"
    for page, back in ((on, on), (f"/outgoing/{parked}", f"/outgoing/{parked}")):
        form = re.findall(r'<form[^>]*action="([^"]+/dismiss)">(.*?)</form>', operator.get(page).text)
        where, inside = next(one for one in form if f"/commands/{parked}/" in one[0])
        sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside))
        answer = operator.post(where, data=sent)
        assert answer.headers["Location"] == back
        assert f'id="m-why-{parked}"' in operator.get(back).text
    elsewhere = operator.post(where, data={**sent, "on": "https://evil.example/"})
    assert elsewhere.headers["Location"].startswith("/orders/")


@pytest.mark.parametrize(("act", "given"), [("retry", {}), ("dismiss", {"reason": "Made by hand"})])
@pytest.mark.parametrize("place", ["/outgoing?show=parked", "/outgoing/{command}"])
def test_who_acts_on_one_command_stays_where_it_stands(
    app: Flask, operator: FlaskClient, act: str, given: dict[str, str], place: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), str(PO))
        parked = {"state": "parked", "reason": "Refused.", "ended_at": clock.now()}
        command = a_command(work, order, "CreateMagentoOrder", **parked).id
    place = place.format(command=command)
    page = operator.get(place).text
    [(url, form)] = re.findall(rf'<form[^>]*action="([^"]+/{act})">(.*?)</form>', page)
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    answer = operator.post(url, data=sent | given)
    assert answer.headers["Location"] == place
