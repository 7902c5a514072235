"""Webhook subscriptions, from Walmart's list to a stored row: every mode, rotation under load, twins, two sellers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox import walmart_events
from tests.driving import events_of, second_account
from tests.house import House, order_event
from webapp import account_changes, accounts, clock, demo, inbox, subscriptions
from webapp.accounts import Account, Refused
from webapp.models import AccountRow, EventRow, SettingChangeRow, StoreRow, db
from webapp.settings import ADDRESS, current
from webapp.unit_of_work import unit_of_work

BY = "carol@shop.example"
OLDER = {"PO_CREATED", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL"}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """A server in a test says nothing."""


@pytest.fixture
def live(house: House) -> Iterator[House]:
    """The house behind a real port, which is also the address it tells Walmart."""
    server = make_server("127.0.0.1", 0, house.app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    move(house, f"http://127.0.0.1:{server.port}")
    house.walmart.settings(limits={"subscriptions_update": 600, "event_types": 600, "subscriptions_delete": 600})
    yield house
    server.shutdown()
    server.server_close()


def move(house: House, address: str) -> None:
    with house.app.app_context():
        (current().data_dir / ADDRESS).write_text(address)


def account(house: House) -> Account:
    """As stored now; needs an application context."""
    db.session.rollback()
    return accounts.by_id(house.account_id)


def reconcile(house: House) -> dict[str, str]:
    with house.app.app_context():
        return {result.event_type: result.did for result in subscriptions.reconcile(account(house))}


def set_mode(house: House, mode: str) -> None:
    with house.app.app_context():
        subscriptions.change_mode(account(house), account_changes.new_auth(mode), BY)


def listed(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.walmart.seller.subscriptions.listing({})["events"]
    return found


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not what():
        assert time.monotonic() < until, "it did not happen within ten seconds"
        time.sleep(0.02)


@contextmanager
def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[None]:
    """Walmart offers these events alone."""
    with monkeypatch.context() as patch:
        patch.setattr(
            walmart_events, "EVENT_TYPES", tuple(one for one in walmart_events.EVENT_TYPES if one[1] in names)
        )
        yield


def test_the_first_time_all_are_created_and_the_second_time_all_are_kept(live: House) -> None:
    assert reconcile(live) == dict.fromkeys({"ORDER_UPDATES", *OLDER}, "created")
    before = listed(live)
    assert reconcile(live) == dict.fromkeys({"ORDER_UPDATES", *OLDER}, "kept")
    assert listed(live) == before
    assert len(live.walmart.ledger.calls("PATCH", "subscriptions")) == 0, "what is right is not written again"


def test_a_moved_server_changes_them_and_makes_no_second_ones(live: House) -> None:
    reconcile(live)
    move(live, "https://orders.shop.example")
    assert set(reconcile(live).values()) == {"changed"}
    assert len(listed(live)) == 4
    assert all(one["eventUrl"].startswith("https://orders.shop.example/webhooks/walmart/") for one in listed(live))


def test_one_event_that_is_refused_blocks_no_other(live: House, monkeypatch: pytest.MonkeyPatch) -> None:
    body = '{"error":[{"code":"INVALID_REQUEST","description":"No access to this event"}]}'
    live.walmart.fault("status", method="POST", path="/v3/webhooks/subscriptions", status=400, body=body, times=1)
    results = reconcile(live)
    assert sorted(results.values()) == ["created", "created", "created", "refused"]
    with live.app.app_context():
        troubled = [one for one in subscriptions.statuses(account(live)) if one.trouble]
        assert [one.is_subscribed for one in troubled] == [False]
        assert "No access to this event" in troubled[0].trouble
    assert sorted(reconcile(live).values()) == ["created", "kept", "kept", "kept"]


def test_older_events_that_are_not_offered_any_more_are_deleted(live: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reconcile(live)
    with only(monkeypatch, "ORDER_UPDATES"):
        assert reconcile(live) == {"ORDER_UPDATES": "kept", **dict.fromkeys(OLDER, "deleted")}
    assert [one["eventType"] for one in listed(live)] == ["ORDER_UPDATES"]


def test_doubled_and_switched_off_ones_are_put_right(live: House) -> None:
    reconcile(live)
    one = listed(live)[0]
    double = live.walmart.subscribe(one["eventType"], one["eventUrl"])
    live.walmart.seller.subscriptions.update(listed(live)[1]["subscriptionId"], {"status": "INACTIVE"})
    reconcile(live)
    assert len(listed(live)) == 4
    assert double not in {each["subscriptionId"] for each in listed(live)}
    assert {each["status"] for each in listed(live)} == {"ACTIVE"}


def test_somebody_elses_subscriptions_are_left_alone(live: House) -> None:
    foreign = live.walmart.subscribe("PO_CREATED", "https://other.example/hooks")
    reconcile(live)
    with live.app.app_context():
        assert {one.did for one in subscriptions.unsubscribe(account(live), BY)} == {"deleted"}
        assert not any(one.is_subscribed for one in subscriptions.statuses(account(live)))
    assert [one["subscriptionId"] for one in listed(live)] == [foreign]


def test_a_test_notification_really_arrives(live: House) -> None:
    with live.app.app_context():
        results = subscriptions.send_tests(account(live))
        assert {result.did for result in results} == {"sent"}
        assert "successfully validated" in results[0].sentence
        inbox.route()
        types = set(db.session.execute(select(EventRow.type)).scalars())
        assert types == {"ORDER_UPDATES", *OLDER}
        last = {one.event_type: one.last_at for one in subscriptions.statuses(account(live))}
        assert all(last.values())


@pytest.mark.parametrize("market", ["ca", "mx", "cl"])
def test_where_they_are_not_offered_that_is_said_and_nothing_is_asked(live: House, market: str) -> None:
    with live.app.app_context():
        with unit_of_work() as work:
            work.session.get_one(AccountRow, live.account_id).marketplace = market
        for ask in (subscriptions.subscribe, subscriptions.unsubscribe):
            if ask is subscriptions.subscribe:
                with pytest.raises(Refused, match="polling does the work"):
                    ask(account(live), BY)
    assert live.walmart.ledger.calls("POST", "webhooks") == []


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("none", {}),
        ("header", {}),
        ("basic", {"basic_word": True}),
        ("basic", {"basic_word": False}),
        ("hmac", {"hmac_encoding": "hex"}),
        ("hmac", {"hmac_encoding": "HEX"}),
        ("hmac", {"hmac_encoding": "base64"}),
        ("oauth", {}),
    ],
)
def test_every_mode_from_walmart_to_the_stored_row(live: House, mode: str, settings: dict[str, Any]) -> None:
    live.walmart.settings(**settings)
    set_mode(live, mode)
    reconcile(live)
    with live.app.app_context():
        account_changes.retire_old_secrets(live.account_id, BY)
    po = live.walmart.place_order()
    wait_for(lambda: len(live.walmart.deliveries("delivered", po)) == 2)
    assert {event.type for event in events_of(live, po)} == {"ORDER_UPDATES PO_CREATED", "PO_CREATED"}
    forged = {"authorization": "Bearer x", "x-walmart-signature": "x", "x-orderbridge-key": "x"}
    path = f"/webhooks/walmart/{live.account_key}"
    assert live.post(order_event(po, event_id="forged"), path, **forged) == 401
    assert live.post(order_event(po, event_id="forged"), f"{path}/guess") == 401


def _pressed(live: House, statuses: list[int], stop: threading.Event) -> None:
    """A webhook each few milliseconds, shown with whatever Walmart's subscriptions say at that moment."""
    number = 0
    with requests.Session() as session:
        while not stop.is_set():
            for one in listed(live)[:1]:
                number += 1
                body = order_event("PO-1", event_id=f"{threading.get_ident()}-{number}")
                answer = session.post(one["eventUrl"], json=body, headers=one.get("headers", {}), timeout=10)
                statuses.append(answer.status_code)


@pytest.mark.parametrize("mode", ["none", "header"])
def test_a_rotation_under_load_refuses_nothing_and_then_the_old_secret(live: House, mode: str) -> None:
    set_mode(live, mode)
    reconcile(live)
    old = listed(live)[0]
    statuses: list[int] = []
    stop = threading.Event()
    presses = [threading.Thread(target=_pressed, args=(live, statuses, stop)) for _ in range(4)]
    for press in presses:
        press.start()
    wait_for(lambda: len(statuses) > 20)
    with live.app.app_context():
        assert {one.did for one in subscriptions.rotate(account(live), BY)} == {"changed"}
    enough = len(statuses) + 40
    wait_for(lambda: len(statuses) > enough)
    stop.set()
    for press in presses:
        press.join()
    assert set(statuses) == {200}
    body = order_event("PO-2", event_id="old")
    assert requests.post(old["eventUrl"], json=body, headers=old.get("headers", {}), timeout=5).status_code == 200
    with live.app.app_context():
        assert account_changes.retire_old_secrets(live.account_id, BY)
    new = listed(live)[0]
    for one, status in ((old, 401), (new, 200)):
        body = order_event("PO-2", event_id=f"after-{status}")
        answer = requests.post(one["eventUrl"], json=body, headers=one.get("headers", {}), timeout=5)
        assert answer.status_code == status


def test_the_old_secret_ends_by_itself_a_day_after_walmart_took_the_new_one(live: House) -> None:
    reconcile(live)
    old = listed(live)[0]["eventUrl"]
    with live.app.app_context():
        subscriptions.rotate(account(live), BY)
        assert account_changes.retire_due() == 0
    live.pass_time(hours=24, seconds=1)
    with live.app.app_context():
        assert account_changes.retire_due() == 1
        assert account(live).webhook_auth.secrets[1:] == ()
        last = select(SettingChangeRow.setting).order_by(SettingChangeRow.id.desc()).limit(1)
        assert db.session.execute(last).scalar_one() == "Old webhook secret"
    assert requests.post(old, json=order_event("PO-3"), timeout=5).status_code == 401


def test_the_old_secret_does_not_end_while_walmart_has_not_taken_the_new_one(live: House) -> None:
    reconcile(live)
    old = listed(live)[-1]["eventUrl"]
    live.walmart.fault("status", method="PATCH", path="subscriptions", status=500, skip=3)
    with live.app.app_context():
        assert [one.did for one in subscriptions.rotate(account(live), BY)].count("refused") == 1
    live.pass_time(hours=30)
    with live.app.app_context():
        assert account_changes.retire_due() == 0
    assert requests.post(old, json=order_event("PO-4"), timeout=5).status_code == 200
    live.walmart.clear_faults()
    assert "changed" in reconcile(live).values()
    live.pass_time(hours=25)
    with live.app.app_context():
        assert account_changes.retire_due() == 1


@pytest.mark.parametrize(
    ("before", "after"), [("none", "hmac"), ("hmac", "oauth"), ("oauth", "basic"), ("basic", "none")]
)
def test_changing_the_mode_loses_nothing_that_is_under_way(live: House, before: str, after: str) -> None:
    """But for the change to a secret address: those subscriptions are made anew, and the polls cover the moment."""
    set_mode(live, before)
    reconcile(live)
    live.walmart.settings(deliveries_on=False)
    first = live.walmart.place_order()
    set_mode(live, after)
    live.walmart.settings(deliveries_on=True)
    second = live.walmart.place_order()
    keeps_subscriptions = after != "none"
    for po in (first, second) if keeps_subscriptions else (second,):
        wait_for(lambda po=po: bool(events_of(live, po)))  # type: ignore[misc]
    told = [one.get("authDetails", {}).get("authMethod", "") for one in listed(live)]
    wanted = {"none": "", "hmac": "HMAC", "oauth": "OAUTH", "basic": "BASIC_AUTH"}[after]
    assert set(told) == {wanted}, "no secret of the former mode stays with Walmart"


def test_both_families_of_events_are_twins_with_one_effect(live: House) -> None:
    reconcile(live)
    po = live.walmart.place_order()
    wait_for(lambda: len(events_of(live, po)) == 2)
    live.drain()
    first, second = [event for event in events_of(live, po) if event.source == "walmart"]
    assert {first.type, second.type} == {"PO_CREATED", "ORDER_UPDATES PO_CREATED"}
    assert second.twin_of == first.id
    assert first.twin_of is None
    assert live.effects("acknowledge") == [po]
    assert live.effects("order_create") == [f"WM-{po}"]


def test_two_accounts_with_the_same_po_do_not_mix(house: House) -> None:
    with second_account(house) as other:
        po = house.walmart.place_order(po="2802123870001")
        assert other.walmart.place_order(po=po) == po
        assert house.post_webhook(po) == 200
        assert other.post_webhook(po) == 200
        house.drain()
        for one in (house, other):
            assert one.effects("acknowledge") == [po]
            assert one.effects("order_create") == [f"WM-{po}"]
        with house.app.app_context():
            mine = select(EventRow.account_id).where(EventRow.po == po, EventRow.source == "walmart")
            assert set(db.session.execute(mine).scalars()) == {house.account_id, other.account_id}


def test_an_event_of_another_seller_is_ignored_and_said(house: House) -> None:
    with house.app.app_context():
        account_changes.change(house.account_id, account_changes.Change(seller_id=house.walmart.partner_id), BY)
    po = house.walmart.place_order()
    event = order_event(po)
    event["payload"]["partnerId"] = "99999"
    assert house.post(event) == 200
    mine = order_event(po, event_id="mine")
    mine["payload"]["partnerId"] = house.walmart.partner_id
    assert house.post(mine) == 200
    first, second = [event for event in events_of(house, po) if event.source == "walmart"]
    assert (first.state, second.state) == (inbox.EventState.IGNORED, inbox.EventState.RECEIVED)
    assert "seller 99999" in first.reason


def test_a_paused_account_stores_its_webhooks_and_goes_on_when_resumed(house: House) -> None:
    with house.app.app_context():
        account_changes.pause(house.account_id, BY)
    po = house.place()
    house.drain()
    assert [event.state for event in events_of(house, po)] != []
    assert house.effects("acknowledge") == []
    with house.app.app_context():
        account_changes.resume(house.account_id, BY)
    house.drain()
    assert house.effects("acknowledge") == [po]


def test_a_policy_that_changes_wakes_what_waited_for_it(house: House) -> None:
    with house.app.app_context():
        policy = replace(account(house).policy, create_orders=False)
        account_changes.change(house.account_id, account_changes.Change(policy=policy), BY)
    po = house.place()
    house.drain()
    assert house.effects("order_create") == []
    with house.app.app_context():
        account_changes.change(house.account_id, account_changes.Change(policy=replace(policy, create_orders=True)), BY)
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_webhook_that_comes_late_or_tells_nothing_new_changes_nothing_and_says_so(house: House) -> None:
    po = house.place(webhook=False)
    first = order_event(po, "PO_CREATED", "the-first")
    assert house.post(first) == 200
    house.drain()
    before = house.shown(po)["status"]
    stale = order_event(po, "PO_CREATED", "hours-old")
    stale["source"]["eventTime"] = (clock.now() - timedelta(hours=4)).isoformat()
    fresh = order_event(po, "PO_LINE_UPDATED", "of-now")
    fresh["source"]["eventTime"] = (clock.now() + timedelta(minutes=1)).isoformat()
    for event in (stale, fresh):
        assert house.post(event) == 200
        house.drain()
    with house.app.app_context():
        told = {
            str(row.delivery_key).rpartition(":")[2]: row.reason
            for row in db.session.execute(select(EventRow)).scalars()
        }
    assert told["the-first"] == ""
    assert told["hours-old"] == "Nothing new: it is older than what was read already."
    assert told["of-now"] == "Nothing new was found."
    assert house.shown(po)["status"] == before
    assert len(house.effects("order_create")) == 1


def test_the_demo_is_shown_as_subscribed(live: House) -> None:
    banners = [
        {
            "kind": "walmart",
            "url": live.walmart.url,
            "client_id": live.walmart.client_id,
            "client_secret": live.walmart.client_secret,
        },
        {"kind": "magento", "url": live.magento.url, "token": live.magento.token},
    ]
    with live.app.app_context():
        with unit_of_work() as work:
            for kind in (AccountRow, StoreRow):
                work.execute(delete(kind))
        assert demo.connect(banners)
        demo.stop()
        (shown,) = subscriptions.statuses(accounts.everyone()[0])
    assert (shown.event_type, shown.is_subscribed) == ("ORDER_UPDATES", True)
