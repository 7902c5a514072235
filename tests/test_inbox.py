"""The webhook door: who may knock, what is stored, what is answered, and that garbage harms nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House, build, new_database, order_event
from tests.servers import Valkey
from webapp import accounts, clock, inbox, sweep, vault
from webapp.connectors.signatures import WebhookAuth
from webapp.models import AccountRow, EventRow, StoreRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

MIB = 1024 * 1024
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    """One application for all tests that only knock; each looks at the events that came since."""
    folder = tmp_path_factory.mktemp("door")
    with (
        WalmartSandbox() as walmart,
        MagentoSandbox() as magento,
        build(folder, f"sqlite:///{folder / 'test.db'}", valkey, walmart, magento) as built,
    ):
        yield built


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def newest_id(house: House) -> int:
    with house.app.app_context():
        return db.session.execute(select(func.max(EventRow.id))).scalar_one() or 0


def events(house: House, since: int = 0) -> list[EventRow]:
    with house.app.app_context():
        found = select(EventRow).where(EventRow.id > since, EventRow.source.in_(("walmart", "magento")))
        return list(db.session.execute(found.order_by(EventRow.id)).scalars())


def magento_path(house: House) -> str:
    with house.app.app_context():
        row = db.session.execute(select(StoreRow)).scalar_one()
        return f"/webhooks/magento/{row.key}/{accounts.store_by_id(row.id).webhook_auth.secrets[0]}"


def change_account(house: House, **changes: Any) -> None:
    with house.app.app_context(), unit_of_work() as work:
        row = work.session.get_one(AccountRow, house.account_id)
        for name, value in changes.items():
            setattr(row, name, value)


@pytest.fixture
def lock(door: House) -> Iterator[Callable[[WebhookAuth], str]]:
    """Change the account's authentication for one test; gives the path to post to."""
    with door.app.app_context():
        before = db.session.get_one(AccountRow, door.account_id).webhook_auth
        db.session.remove()

    def change(auth: WebhookAuth) -> str:
        with door.app.app_context():
            sealed = vault.seal(msgspec.to_builtins(auth))
        change_account(door, webhook_auth=sealed)
        return f"/webhooks/walmart/{door.account_key}"

    yield change
    change_account(door, webhook_auth=before)


# Who may knock


@pytest.mark.parametrize(
    "path", ["/webhooks/walmart/nobody/{secret}", "/webhooks/walmart/{key}/wrong", "/webhooks/walmart/{key}"]
)
def test_a_stranger_is_refused_and_nothing_is_stored(door: House, path: str) -> None:
    before = newest_id(door)
    path = path.format(key=door.account_key, secret="path-secret")
    assert door.post(order_event("1"), path) == 401
    assert door.post(b"\xff not even JSON", path) == 401
    assert events(door, before) == []


def test_a_walmart_secret_opens_no_magento_door(door: House) -> None:
    before = newest_id(door)
    assert door.post(order_event("1"), door.webhook_path.replace("walmart", "magento")) == 401
    assert door.post(order_event("1"), magento_path(door).replace("magento", "walmart")) == 401
    assert events(door, before) == []


def test_no_secret_configured_lets_nobody_in(door: House, lock: Callable[[WebhookAuth], str]) -> None:
    for mode in ("none", "header", "basic", "hmac", "oauth", "unheard-of"):
        path = lock(WebhookAuth(mode=mode, header_name="X-Key", secrets=()))
        assert door.post(order_event("1"), path, **{"X-Key": ""}) == 401
        assert door.post(order_event("1"), f"{path}/", **{"X-Key": ""}) in {401, 404}


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("auth", "sent", "status"),
    [
        (WebhookAuth("header", "X-Key", secrets=("s3cret",)), "s3cret", 200),
        (WebhookAuth("header", "X-Key", secrets=("s3cret",)), "S3cret", 401),
        (WebhookAuth("header", "X-Key", secrets=("new", "old")), "old", 200),
        (WebhookAuth("basic", "X-Key", "bridge", ("s3cret",)), basic("bridge:s3cret"), 200),
        (WebhookAuth("basic", "X-Key", "bridge", ("s3cret",)), basic("bridge:guess"), 401),
        (WebhookAuth("basic", "X-Key", "bridge", ("s3cret",)), "Basic !!!", 401),
        (WebhookAuth("basic", "X-Key", "bridge", ("s3cret",)), "Basic " + "A" * 9000, 401),
        (WebhookAuth("basic", "X-Key", "bridge", ("s3cret",)), "é", 401),
    ],
)
def test_a_header_or_basic_credentials_open_the_door(
    door: House, lock: Callable[[WebhookAuth], str], auth: WebhookAuth, sent: str, status: int
) -> None:
    before = newest_id(door)
    path = lock(auth)
    assert door.post(order_event("77", event_id=""), path, **{"X-Key": sent}) == status
    assert len(events(door, before)) == (status == 200)


def test_a_signature_is_checked_over_the_very_bytes(door: House, lock: Callable[[WebhookAuth], str]) -> None:
    path = lock(WebhookAuth("hmac", "X-Signature", secrets=("k",)))
    body = json.dumps(order_event("5", event_id="")).encode()
    good = hmac.new(b"k", body, hashlib.sha256).hexdigest()
    assert door.post(body, path, **{"X-Signature": good}) == 200
    assert door.post(body + b" ", path, **{"X-Signature": good}) == 401
    for bad in ("", "sha256=", "zz", good[:-1], "é" * 64, ",".join([good] * 500)):
        assert door.post(body, path, **{"X-Signature": bad}) == 401


# What is kept


def test_an_event_is_kept_as_it_came(door: House) -> None:
    before = newest_id(door)
    body = b'{ "source": {"eventType": "ORDER_UPDATES"},\n "payload": {"order": {"purchaseOrderId": "4711"}} }'
    assert door.post(body, **{"User-Agent": "Walmart", "Authorization": "Bearer secret"}) == 200
    event = events(door, before)[0]
    assert (event.body, event.type, event.po, event.state) == (body, "ORDER_UPDATES", "4711", "received")
    assert event.headers["user-agent"] == "Walmart"
    assert "secret" not in json.dumps(event.headers)


@pytest.mark.parametrize(
    "document",
    [
        {"source": {"eventType": "BUY_BOX_CHANGED", "eventVersion": "V9"}, "payload": {"sku": "X", "more": [1, None]}},
        {"source": {"eventType": ["a", "list"]}},
        {"eventType": "TEST"},
        {"source": "text", "payload": 3},
        {},
    ],
)
def test_an_event_of_an_unknown_kind_is_stored_answered_and_said_to_be_ignored(door: House, document: Any) -> None:
    before = newest_id(door)
    assert door.post(document) == 200
    with door.app.app_context():
        inbox.route()
    event = events(door, before)[0]
    assert (event.state, bool(event.reason)) == ("ignored", True)


def test_an_event_of_another_seller_is_kept_without_effect(door: House) -> None:
    before = newest_id(door)
    change_account(door, seller_id="10000000001")
    document = order_event("88", event_id="of-another")
    document["source"]["partnerId"] = "66666"
    assert door.post(document) == 200
    document["source"] |= {"partnerId": "10000000001", "eventId": "of-mine"}
    assert door.post(document) == 200
    change_account(door, seller_id="")
    assert [(event.state, "66666" in event.reason) for event in events(door, before)] == [
        ("ignored", True),
        ("received", False),
    ]


# The same again


def test_fifty_identical_deliveries_at_once_are_one_row_and_one_effect(any_house: House) -> None:
    house = any_house
    po = house.walmart.place_order()
    body = json.dumps(order_event(po, event_id="same")).encode()
    together = threading.Barrier(25)

    def send(_: int) -> int:
        together.wait(10)
        return house.post(body)

    with ThreadPoolExecutor(25) as pool:
        assert set(pool.map(send, range(50))) == {200}
    stored = events(house)
    assert [(event.po, event.duplicates) for event in stored] == [(po, 49)]
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert house.effects("order_create") == [f"WM-{po}"]


def test_the_same_id_with_another_body_is_kept_as_a_conflict_and_has_no_effect(any_house: House) -> None:
    for po in ("91", "92", "92"):
        assert any_house.post(order_event(po, event_id="twice")) == 200
    first, *others = events(any_house)
    assert (first.po, first.state, first.duplicates) == ("91", "received", 2)
    assert {(event.po, event.state) for event in others} == {("92", "ignored")}
    assert "same id but another body" in others[0].reason


def test_events_of_magento_carry_no_id_and_are_never_taken_for_duplicates(door: House) -> None:
    before = newest_id(door)
    for _ in range(2):
        assert door.post({"event": "order", "entity_id": 5}, magento_path(door)) == 200
    assert len(events(door, before)) == 2


# Garbage

POISON = {
    "deep nesting": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of 5,000 digits": b'{"payload": {"purchaseOrderId": ' + b"9" * 5000 + b"}}",
    "a number of 4,000 digits": b'{"payload": {"purchaseOrderId": ' + b"9" * 4000 + b"}}",
    "an endless exponent": b'{"payload": {"purchaseOrderId": 1e400}}',
    "NaN": b'{"payload": {"purchaseOrderId": NaN}}',
    "a lone surrogate": b'{"source": {"eventId": "\\ud800", "eventType": "\\udfff"}}',
    "NUL": b'{"source": {"eventId": "a\\u0000b", "eventType": "x\\u0000"}, "purchaseOrderId": "1\\u0000"}',
    "keys twice": b'{"purchaseOrderId": "1", "purchaseOrderId": "2", "source": 1, "source": {"eventId": "d"}}',
    "a list": b"[1, 2, 3]",
    "a text": b'"hello"',
    "null": b"null",
    "true": b"true",
    "not JSON": b"<xml/>",
    "half of it": b'{"source": {"eventType": "ORDER',
    "nothing": b"",
    "no UTF-8": b'{"purchaseOrderId": "\xff\xfe"}',
    "UTF-16": '{"purchaseOrderId": "1"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"purchaseOrderId": "1"}',
    "types swapped": b'{"source": [], "payload": "x", "purchaseOrderId": {"a": []}, "partnerId": true, "order_id": {}}',
    "control characters": b'{"purchaseOrderId": "1\\n2", "source": {"eventType": "\\u202e<script>"}}',
    "SQL": b'{"purchaseOrderId": "1\'; drop table events; --"}',
    "a long name": b'{"source": {"eventType": "' + b"A" * 5000 + b'"}, "purchaseOrderId": "' + b"9" * 5000 + b'"}',
    "a mebibyte": b'{"a": "' + b"x" * (MIB - 9) + b'"}',
}


@pytest.mark.parametrize("name", list(POISON))
def test_garbage_from_a_known_sender_is_kept_and_answered(door: House, name: str) -> None:
    for path in ("", magento_path(door)):
        before = newest_id(door)
        assert door.post(POISON[name], path) == 200
        stored = events(door, before)
        assert [event.body for event in stored] == [POISON[name]]
        assert stored[0].state in {"received", "failed"}
        assert stored[0].state == "received" or "not JSON" in stored[0].reason
    with door.app.app_context():
        inbox.route()
        assert not sweep.inbound().has_events


names = st.sampled_from(
    ["source", "payload", "eventId", "eventType", "purchaseOrderId", "order_id", "entity_id", "increment_id", "event"]
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
bodies = st.binary(max_size=200) | st.dictionaries(names, values, max_size=5).map(lambda d: json.dumps(d).encode())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, content_type=st.text(st.characters(max_codepoint=255, min_codepoint=32), max_size=30))
def test_no_body_and_no_header_ever_breaks_the_door(door: House, body: bytes, content_type: str) -> None:
    before = newest_id(door)
    assert door.post(body, **{"Content-Type": content_type}) == 200
    assert door.post(body, magento_path(door)) == 200
    assert len(events(door, before)) in {1, 2}
    with door.app.app_context():
        inbox.route()


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**32, 10**14, 10**18, -1, 0, "0012", "x", 1.5])
def test_a_strange_entity_id_never_stops_the_others_behind_it(door: House, number: Any) -> None:
    before = newest_id(door)
    assert door.post({"event": "order", "entity_id": number, "increment_id": "1"}, magento_path(door)) == 200
    with door.app.app_context():
        inbox.route()
    assert [event.state for event in events(door, before)] == ["ignored"]


def test_poison_that_sqlite_takes_is_taken_by_postgresql_too(postgres_house: House) -> None:
    house = postgres_house
    for body in POISON.values():
        assert house.post(body) == 200
        assert house.post(body, magento_path(house)) == 200
    for number in (2**31 - 1, 2**31, 2**32, 10**14):
        assert house.post({"event": "order", "entity_id": number}, magento_path(house)) == 200
    with house.app.app_context():
        inbox.route()
    assert {event.state for event in events(house)} <= {"ignored", "failed", "waiting"}


def test_an_event_that_cannot_be_routed_is_told_of_and_stops_no_other(any_house: House) -> None:
    """A time at the end of all times cannot be compared with its neighbours; no sender can write one."""
    house = any_house
    assert house.post_webhook("1", event_id="before") == 200
    with house.app.app_context(), unit_of_work() as work:
        told = {"account_id": house.account_id, "type": "PO_CREATED", "po": "2", "happened_at": LAST_MOMENT}
        work.add(EventRow(source="walmart", headers={}, body=b"", received_at=clock.now(), **told))
    assert house.post_webhook("3", event_id="behind") == 200
    with house.app.app_context():
        assert inbox.route() == 3
        assert not sweep.inbound().has_events
        turns = db.session.execute(select(SyncRow.po).order_by(SyncRow.po)).scalars().all()
    assert [event.state for event in events(house)] == ["waiting", "failed", "waiting"]
    assert "OverflowError" in events(house)[1].reason
    assert turns == ["1", "3"]


# Too much


def test_more_than_a_mebibyte_is_refused(door: House) -> None:
    before = newest_id(door)
    assert door.post(b"x" * (MIB + 1)) == 413
    assert events(door, before) == []


def test_more_than_a_mebibyte_without_a_length_is_refused_too(door: House) -> None:
    before = newest_id(door)

    def send(size: int) -> int:
        chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        client = door.app.test_client()
        stream = io.BytesIO(b"x" * size)
        return client.post(door.webhook_path, input_stream=stream, environ_overrides=chunked).status_code

    assert send(MIB + 1) == 413
    assert send(50 * MIB) == 413
    assert events(door, before) == []
    assert send(MIB) == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_door_takes_post_only(door: House, method: str) -> None:
    answer = door.app.test_client().open(door.webhook_path, method=method)
    assert answer.status_code == 405


# A neighbour of ours is away


def test_without_redis_a_webhook_is_accepted_and_worked_off_later(
    tmp_path: Path, walmart: WalmartSandbox, magento: MagentoSandbox
) -> None:
    with (
        Valkey(tmp_path / "vk") as bell,
        build(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", bell.url, walmart, magento) as house,
    ):
        bell.stop()
        po = house.place()
        assert [event.state for event in events(house)] == ["received"]
        bell.start()
        assert wait_until(lambda: rung(house, bell))
        house.drain()
        assert house.effects("acknowledge") == [po]
        assert [event.state for event in events(house)] == ["handled"]


def test_a_redis_that_hangs_does_not_hang_the_door(
    tmp_path: Path, walmart: WalmartSandbox, magento: MagentoSandbox
) -> None:
    with (
        Valkey(tmp_path / "vk") as bell,
        build(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", bell.url, walmart, magento) as house,
    ):
        house.place()
        with bell.frozen(), ThreadPoolExecutor(1) as pool:
            answer = pool.submit(house.post_webhook, "2")
            try:
                assert answer.result(5) == 200
            finally:
                bell.thaw()


def rung(house: House, bell: Valkey) -> bool:
    """The scheduler's look rings, and a job is there for a worker to find."""
    with house.app.app_context():
        sweep.sweep()
    return bool(redis.Redis.from_url(bell.url).llen("rq:queue:inbound"))


def test_without_the_database_the_sender_is_asked_to_come_again(
    tmp_path: Path, valkey: str, postgres: str, walmart: WalmartSandbox, magento: MagentoSandbox
) -> None:
    url = new_database(postgres, migrated=True)
    name = url.partition("?")[0].rpartition("/")[2]
    with build(tmp_path, url, valkey, walmart, magento) as house:
        po = walmart.place_order()
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute(f'alter database "{name}" allow_connections false'.encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
            answer = house.app.test_client().post(house.webhook_path, json=order_event(po))
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
            admin.execute(f'alter database "{name}" allow_connections true'.encode())
        assert events(house) == []
        assert house.post_webhook(po) == 200
        assert [event.po for event in events(house)] == [po]


# Magento's events find their order


def test_a_magento_event_wakes_the_order_that_it_speaks_of(house: House) -> None:
    po, other = house.place(), house.place()
    house.drain()
    entity, number = house.shown(po)["magento_order_id"], house.shown(other)["magento_increment_id"]
    assert house.post({"event": "new_shipment", "order_id": entity, "entity_id": 990}, magento_path(house)) == 200
    assert house.post({"event": "order", "increment_id": number}, magento_path(house)) == 200
    assert house.post({"event": "order", "entity_id": 123456}, magento_path(house)) == 200
    house.drain()
    house.pass_time(seconds=4)
    found = [(event.po, event.state) for event in events(house) if event.source == "magento"]
    assert found == [(po, "handled"), (other, "handled"), (None, "ignored")]


def test_a_magento_event_finds_only_orders_of_its_own_store(house: House) -> None:
    po = house.place()
    house.drain()
    entity = house.shown(po)["magento_order_id"]
    with house.app.app_context(), unit_of_work() as work:
        view = replace(accounts.NewStore("Other", house.magento.url, "token"), webhook_auth=accounts.path_auth())
        other = accounts.add_store(work, view)
    path = f"/webhooks/magento/{other.key}/{view.webhook_auth.secrets[0]}"
    assert house.post({"event": "order", "entity_id": entity}, path) == 200
    house.drain()
    assert [event.state for event in events(house) if event.source == "magento"] == ["ignored"]


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
