"""The webhook log: what it shows of each event, how it is narrowed, and an event once more."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_command, a_store, an_account, an_event, an_order
from tests.views.conftest import statements, token_on
from tests.views.scene import draw
from webapp import clock, inbox, troubles
from webapp.models import AccountRow, ChangeRow, EventRow, RefusedWebhookRow, StoreRow, db
from webapp.queries import version
from webapp.unit_of_work import Work, unit_of_work

PO = "2802123876439"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def numbers(text: str) -> list[int]:
    """The events on a page, from the top."""
    return [int(found) for found in re.findall(r"<small>#(\d+)", text)]


def a_bare_event(work: Work, **changes: Any) -> EventRow:
    """An event that is about no order."""
    values: dict[str, Any] = {"source": "walmart", "type": "", "headers": {}, "body": b"{}", "received_at": NOON}
    row = EventRow(**values | changes)
    work.add(row)
    work.flush()
    return row


def at(minutes: int) -> dict[str, datetime]:
    return {"received_at": NOON + timedelta(minutes=minutes)}


def fill() -> dict[str, int]:
    """One event of each sort; returns their numbers."""
    with unit_of_work() as work:
        store = a_store(work)
        account = an_account(work, store)
        order = an_order(work, account, PO)
        magento = {"source": "magento", "store_id": store.id}
        ended = {"handled_at": NOON + timedelta(hours=1)}
        rows = {
            "done": an_event(work, order, delivery_key=f"walmart:{account.id}:evt-77", **at(1)),
            "again": an_event(work, order, duplicates=2, **at(2)),
            "hand": an_event(work, order, state="waiting", handled_at=None, **at(3)),
            "failed": a_bare_event(work, account_id=account.id, state="failed", reason="Not JSON.", body=b"{", **at(4)),
            "shop": a_bare_event(work, type="sales_order", state="ignored", **magento, **at(5), **ended),
            "stranger": a_bare_event(work, state="ignored", reason="It names no purchase order.", **at(6)),
            "poll": an_event(work, order, source="poll", type="orders", **at(7)),
            "person": an_event(
                work, order, source="merchant", type="refresh", headers={"by": "bob@x.example"}, **at(8)
            ),
        }
        work.flush()
        return {name: row.id for name, row in rows.items()}


CASES = (
    ("", "person poll stranger shop failed hand again done"),
    ("show=waiting", "hand"),
    ("show=done", "person poll again done"),
    ("show=failed", "failed"),
    ("show=ignored", "stranger shop"),
    ("show=again", "again"),
    ("show=set-aside", ""),
    ("show=nonsense", "person poll stranger shop failed hand again done"),
    ("sender=walmart:ACCOUNT", "failed hand again done"),
    ("sender=magento:STORE", "shop"),
    ("sender=poll", "poll"),
    ("sender=merchant", "person"),
    ("sender=walmart:ACCOUNT&show=failed", "failed"),
    ("type=sales_order", "shop"),
    ("since=2026-11-20 04:05&until=2026-11-20 04:07", "stranger shop"),
    (f"find={PO}", "person poll hand again done"),
    ("find=evt-77", "done"),
    ("find=%234", "failed"),
    ("find=Gonzalez", "person poll stranger shop failed hand again done"),
    ("since=yesterday", ""),
    ("older=x.y", "person poll stranger shop failed hand again done"),
)


def test_the_log_is_narrowed(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        numbered = fill()
        store = db.session.execute(select(StoreRow.key)).scalar_one()
        account = db.session.execute(select(AccountRow.key)).scalar_one()
    for query, wanted in CASES:
        query = query.replace("ACCOUNT", account).replace("STORE", store)
        assert numbers(viewer.get(f"/incoming?{query}").text) == [numbered[name] for name in wanted.split()], query


def test_each_event_says_who_sent_it_and_what_became_of_it(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    text = viewer.get("/incoming").text
    for words in ("North Outfitters shop", "Magento", "unknown", "It names no purchase order.", "came 3×, counts once"):
        assert words in text
    assert "bob@x.example" in text
    assert "Failed <b>1</b>" in text
    assert "In hand <b>1</b>" in text
    assert "Replay all" not in text, "a viewer only looks"


def test_fifty_a_page_however_many_came_at_once(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), PO)
        for _ in range(120):
            an_event(work, order, received_at=NOON)
    seen: list[int] = []
    url = "/incoming?show=done"
    for _ in range(3):
        text = viewer.get(url).text
        seen += numbers(text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        url = found[1].replace("&amp;", "&") if found else ""
    assert seen == list(range(120, 0, -1))
    assert not url


def test_the_log_takes_the_same_statements_at_any_size(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    with statements(app) as few:
        viewer.get("/incoming")
    with app.app_context(), unit_of_work() as work:
        for number in range(60):
            a_bare_event(work, type=f"kind {number}")
    with statements(app) as many:
        viewer.get("/incoming")
    assert len(many) == len(few) <= 14


def test_what_is_typed_goes_into_the_address_only_where_it_is_a_number(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        fill()
    form = {"csrf_token": token_on(viewer, "/incoming"), "show": "done"}
    found = viewer.post("/incoming/find", data={**form, "find": f" {PO} "})
    assert found.headers["Location"] == f"/incoming?show=done&find={PO}"
    refused = viewer.post("/incoming/find", data={**form, "find": "Maria Gonzalez"}, follow_redirects=True)
    assert "Maria" not in refused.request.url
    assert "Buyers are found on the orders page" in refused.text


def test_one_event_shows_its_attempts_its_twin_and_what_it_led_to(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), PO)
        begin, end = clock.now() - timedelta(seconds=9), clock.now() - timedelta(seconds=7)
        timed = {"received_at": begin, "handled_at": end}
        first = an_event(work, order, headers={"user-agent": "walmart maria@relay.example"}, **timed)
        work.flush()
        twin = an_event(work, order, type="ORDER_UPDATES PO_CREATED", twin_of=first.id, **timed)
        a_command(work, order, "CreateMagentoOrder", issued_at=end)
        a_command(work, order, "CancelLines", issued_at=end + timedelta(minutes=5))
        work.add(ChangeRow(sync_id=order.sync_id, at=end, kind="import", by="rule", sentence="Imported."))
        work.flush()
        numbers_ = first.id, twin.id
    for mine, other in (numbers_, numbers_[::-1]):
        text = operator.get(f"/incoming/{mine}").text
        assert f'href="/incoming/{other}"' in text
        assert "Imported." in text
        assert "Create the Magento order" in text
        assert "Cancel at Walmart" not in text
        assert "in 2.0 s" in text
        assert "maria@relay.example" not in text
        assert "&#34;purchaseOrderId&#34;: &#34;2802123876439&#34;" in text
    assert operator.get("/incoming/999").status_code == 404


def test_a_viewer_sees_what_became_of_an_event_and_no_body(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        numbered = fill()
    text = viewer.get(f"/incoming/{numbered['done']}").text
    assert "Attempts" in text
    assert "purchaseOrderId" not in text
    assert "Replay" not in text


def test_a_replay_is_a_new_attempt_under_the_same_event(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        numbered = fill()
        before = len(db.session.execute(select(EventRow.id)).all())
    path = f"/incoming/{numbered['done']}"
    form = {"csrf_token": token_on(operator, path), "asked_at": str(version(clock.now()))}
    for _ in range(2):
        answer = operator.post(f"{path}/replay", data=form, follow_redirects=True)
        assert "nothing is done twice" in answer.text
    assert answer.text.count("attempt 2") == 1, "the second click starts nothing"
    assert "attempt 3" not in answer.text
    assert "Replayed by bob@shop.example" in answer.text
    with app.app_context():
        assert inbox.route() == 1
        row = db.session.get_one(EventRow, numbered["done"])
        assert (row.state, row.reason) == ("waiting", "")
        assert len(db.session.execute(select(EventRow.id)).all()) == before
        told = db.session.execute(select(ChangeRow.sentence, ChangeRow.by)).one()
        assert told.by == "bob@shop.example"
        assert told.sentence.startswith(f"Event #{row.id} replayed")
    refused = operator.post(
        f"{path}/replay", data={**form, "asked_at": str(version(clock.now()))}, follow_redirects=True
    )
    assert "in hand already" in refused.text


def test_a_replayed_event_has_waited_since_its_replay(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        old = an_event(
            work, an_order(work, an_account(work, a_store(work)), PO), delivery_key="walmart:1:evt-77", **at(1)
        )
        work.flush()
        path = f"/incoming/{old.id}"
    form = {"csrf_token": token_on(operator, path), "asked_at": str(version(clock.now()))}
    operator.post(f"{path}/replay", data=form)
    with app.app_context():
        state = troubles.look(redis_is_up=True)
    assert state.waiting.number == 1
    assert state.oldest_due < timedelta(minutes=1), "not for the week since it came"


def test_a_replayed_body_that_cannot_be_read_fails_again(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        numbered = fill()
    path = f"/incoming/{numbered['failed']}"
    form = {"csrf_token": token_on(operator, path)}
    text = operator.post(f"{path}/replay", data=form, follow_redirects=True).text
    assert "attempt 2" in text
    assert "The body is not JSON that can be read" in text
    assert "Set aside…" in text


def test_without_its_body_an_event_is_replayed_by_its_order_or_not_at_all(app: Flask, operator: FlaskClient) -> None:
    erased = {"body": b"", "body_erased_at": NOON}
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, PO)
        theirs = an_event(work, order, **erased)
        shops = an_event(work, order, source="magento", store_id=account.store_id, **erased)
        bare = a_bare_event(work, account_id=account.id, state="handled", **erased)
        work.flush()
        ids = theirs.id, shops.id, bare.id
    form = {"csrf_token": token_on(operator, "/incoming")}
    refused = operator.post(f"/incoming/{ids[2]}/replay", data=form, follow_redirects=True).text
    assert "there is nothing to replay" in refused
    question = operator.get("/incoming/replay").text
    assert "Replay 2 events?" in question
    assert "1 event passed over: the body was erased" in question
    assert "2 events replayed." in operator.post("/incoming/replay", data=form, follow_redirects=True).text
    with app.app_context():
        assert inbox.route() == 2
        states = [db.session.get_one(EventRow, one).state for one in ids]
        assert states == ["waiting", "waiting", "handled"]


def test_setting_aside_needs_a_reason_and_keeps_it(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        numbered = fill()
    path = f"/incoming/{numbered['failed']}"
    form = {"csrf_token": token_on(operator, path)}
    assert "Say why" in operator.post(f"{path}/set-aside", data={**form, "reason": " "}, follow_redirects=True).text
    text = operator.post(f"{path}/set-aside", data={**form, "reason": "A test of ours"}, follow_redirects=True).text
    for words in ("Set aside", "A test of ours", "bob@shop.example", "Not JSON."):
        assert words in text
    assert numbers(operator.get("/incoming?show=set-aside").text) == [numbered["failed"]]
    assert "Failed <b>0</b>" in operator.get("/incoming").text


def test_all_of_a_list_are_replayed_after_a_question_that_counts(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), PO)
        for _ in range(450):
            an_event(work, order, received_at=NOON)
        an_event(work, order, received_at=NOON, state="waiting", handled_at=None)
        an_event(work, order, received_at=NOON, type="OTHER")
    question = operator.get("/incoming/replay?type=PO_CREATED").text
    assert "Replay 450 events?" in question
    assert "1 event passed over" in question
    asked_at = re.search(r'name="asked_at" value="(\d+)"', question)
    assert asked_at is not None
    form = {"csrf_token": token_on(operator, "/incoming"), "type": "PO_CREATED", "asked_at": asked_at[1]}
    assert "450 events replayed." in operator.post("/incoming/replay", data=form, follow_redirects=True).text
    again = operator.post("/incoming/replay", data=form, follow_redirects=True).text
    assert "it was done already" in again
    with app.app_context():
        states = db.session.execute(select(EventRow.state)).scalars().all()
        assert sorted(set(states)) == ["handled", "received", "waiting"]
        assert states.count("received") == 450


def test_failed_events_of_a_list_are_set_aside_together(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        fill()
    assert "Or set 1 event aside that failed" in operator.get("/incoming/replay").text
    form = {"csrf_token": token_on(operator, "/incoming"), "act": "set-aside", "reason": "old tests"}
    assert "1 event set aside." in operator.post("/incoming/replay", data=form, follow_redirects=True).text


def test_incoming_tells_of_a_shop_morning(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        draw()
    text = operator.get("/incoming").text
    for words in ("PO_CREATED", "Done", "Failed", "The body is not JSON", "came 2×"):
        assert words in text


def test_what_was_refused_is_told_with_what_to_do(app: Flask, viewer: FlaskClient) -> None:
    assert "Nothing was refused" in viewer.get("/incoming/refused").text
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        refused = {"source": "walmart", "last_at": clock.now()}
        work.add(RefusedWebhookRow(name="a", account_id=account.id, reason="too_large", count=1_234, **refused))
        work.add(RefusedWebhookRow(name="b", reason="unknown_address", count=2, **refused))
    text = viewer.get("/incoming/refused").text
    for words in ("North Outfitters", "larger than 1 MiB", "1,234", "Nobody has that address"):
        assert words in text
    assert 'href="/incoming/refused"' in viewer.get("/incoming").text
