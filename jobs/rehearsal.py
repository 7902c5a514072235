"""One order's whole walk, played once and kept nowhere: what it compiles and loads, every later fork has already.

A fork begins with what its parent has in memory. Without this each drain would configure the mappers and compile
its statements anew, which takes ten times as long as the work itself; and each process would hold its own of them.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from jobs import garbage
from webapp import (
    account_changes,
    accounts,
    alerts,
    claims,
    clock,
    handlers,
    inbox,
    limits,
    line,
    orders,
    outbox,
    polls,
    queue,
    sweep,
)
from webapp.accounts import NewAccount, NewStore
from webapp.app import application
from webapp.database import is_sqlite
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.models import EventRow, db
from webapp.queue import Bell
from webapp.settings import SettingsError
from webapp.unit_of_work import pretended, unit_of_work

log = logging.getLogger(__name__)


_ready: set[Flask] = set()
_schema: dict[str, bytes] = {}


def share() -> None:
    """In the supervisor, before it forks: make the application and rehearse, so that all services share what that made.

    Not on PostgreSQL, whose schema is being prepared meanwhile: there the workers rehearse.
    """
    try:
        app = application()
        with app.app_context():
            rehearses = is_sqlite()
        if rehearses:
            make_ready(app, for_all=True)
    except SettingsError:
        return  # `prepare` tells of it
    except (SQLAlchemyError, OSError, ValueError, ImportError):
        # Each service then makes its own, and says what is wrong with it.
        log.warning("the services share nothing", exc_info=True)


def make_ready(app: Flask, *, for_all: bool = False) -> None:
    """Rehearse once; a fork of a process that did has no need to."""
    if app in _ready:
        return
    rehearse(app, for_all=for_all)
    _ready.add(app)
    garbage.leave_what_is_there()


def warm_up(app: Flask) -> None:
    """In a fork for drains: what it touches it has to copy first, so play the walk; keep the connections opened.

    On PostgreSQL it only looks: the walk would hold rows there that others wait for.
    """
    with app.app_context():
        walks = is_sqlite()
    if walks:
        rehearse(app)
    with app.app_context(), _quietly():
        try:
            _look()
        finally:
            db.session.remove()
    with suppress(redis.RedisError):
        queue.client().ping()


def rehearse(app: Flask, *, for_all: bool = False) -> None:
    """Do everything once that a drain does, keep nothing, and leave no connection and no thread behind.

    `for_all`: also what the web server does with a webhook, and the scheduler with whatever is wrong. A drain that
    gets ready leaves that out, as it would have to copy what that touches.

    On SQLite the stage is an empty database in memory, as the real one has one write lock, which webhooks need. A
    database that is away is no trouble: the first real walk then takes a little longer.
    """
    configure_mappers()
    with app.app_context(), _quietly(), _stage(), _stand_in() as url:
        try:
            _look()
            with pretended():
                account_id, key = _move_in(url)
                if for_all:
                    _hear(key)
                    _mind()
                _walk(account_id)
            if for_all:
                # It is nobody's by now, and looked up again it is forgotten.
                accounts.sender("walmart", key)
        finally:
            db.session.remove()
            db.engine.dispose()
            if for_all:
                queue.client().connection_pool.disconnect()


@contextmanager
def _stage() -> Iterator[None]:
    """Meanwhile each connection to SQLite is one to an empty database of its own. Nothing else may use the engine."""
    engine = db.engine
    if not is_sqlite(engine):
        yield
        return

    def connect(*_: object) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        if _schema:
            connection.deserialize(_schema["empty"])
        return connection

    engine.dispose()
    event.listen(engine, "do_connect", connect)
    try:
        if not _schema:
            _schema["empty"] = _empty()
            engine.dispose()
        yield
    finally:
        event.remove(engine, "do_connect", connect)
        engine.dispose()


def _empty() -> bytes:
    db.create_all()
    raw = db.engine.raw_connection().driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw.serialize()


@contextmanager
def _quietly() -> Iterator[None]:
    """Of a rehearsal only trouble is told, and none of it is kept."""
    logging.disable(logging.INFO)
    try:
        yield
    except SQLAlchemyError as error:
        log.warning("no rehearsal: %s", type(error).__name__)
    finally:
        logging.disable(logging.NOTSET)
        limits.forget()


def _look() -> None:
    for bell in Bell:
        sweep.seconds_to_next(bell)
    for due in (claims.due_reads, claims.due_commands):
        claims.candidates(due, 1)
    line.standing()


def _move_in(url: str) -> tuple[int, str]:
    """A store and an account of nobody's; the account's id and key."""
    name, policy = uuid.uuid4().hex, Policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    with unit_of_work() as work:
        accounts.add_store(work, NewStore(name, url, "none"))
        row = accounts.add_account(work, NewAccount(name, name, "none", "none", api_url=url, policy=policy))
        return row.id, row.key


def _hear(key: str) -> None:
    """A webhook comes in."""
    news = {"eventType": "PO_CREATED", "eventId": uuid.uuid4().hex, "eventTime": clock.now().isoformat()}
    body = json.dumps({"source": news, "payload": {"purchaseOrderId": f"rehearsal-{uuid.uuid4().hex}"}}).encode()
    for sender in accounts.senders("walmart", key):
        inbox.receive_walmart(key, sender.auth.secrets[0], {"content-type": "application/json"}, body)


def _mind() -> None:
    """The scheduler looks after what has had its time, and for what is wrong."""
    account_changes.retire_due()
    alerts.look()


def _walk(account_id: int) -> None:
    """One order is hinted at, read, acknowledged and read again; the shop has no such product."""
    po, now = f"rehearsal-{uuid.uuid4().hex}", clock.now()
    with unit_of_work() as work:
        came_in = EventRow(
            source="walmart", account_id=account_id, type="PO_CREATED", po=po, happened_at=now, received_at=now
        )
        came_in.body, came_in.headers = b"", {}
        work.add(came_in)
    # As in a drain, nothing of it is at hand.
    db.session.expunge_all()
    inbox.route()
    polls.take()
    for _ in range(2):
        if claim := claims.take_one(account_id, po):
            orders.sync(claim)
        line.arrange()
        if claim := claims.take_one(account_id, po):
            outbox.run(claim, handlers.perform)


@contextmanager
def _stand_in() -> Iterator[str]:
    """A Walmart that knows every order and a shop that has nothing, on loopback, for a moment; their address."""
    server = HTTPServer(("127.0.0.1", 0), _Neighbours)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Neighbours(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802
        if "/rest/" in self.path:
            self._send({"items": [], "total_count": 0})
        else:
            self._answer("Created")

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/token"):
            self._send({"access_token": "none", "token_type": "Bearer", "expires_in": 900})
        else:
            self._answer("Acknowledged")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing worth a line happens here."""

    def _answer(self, status: str) -> None:
        self._send({"order": _order(urlsplit(self.path).path.split("/")[3], status)})

    def _send(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _order(po: str, status: str) -> dict[str, Any]:
    now = int(clock.now().timestamp() * 1000)
    price = {"currency": "USD", "amount": 1.0}
    charge = {"chargeType": "PRODUCT", "chargeName": "ItemPrice", "chargeAmount": price}
    one = {"unitOfMeasurement": "EACH", "amount": "1"}
    line = {
        "lineNumber": "1",
        "item": {"productName": "none", "sku": "none"},
        "charges": {"charge": [charge | {"tax": {"taxName": "Tax1", "taxAmount": price}}]},
        "orderLineQuantity": one,
        "orderLineStatuses": {"orderLineStatus": [{"status": status, "statusQuantity": one}]},
    }
    return {
        "purchaseOrderId": po,
        "customerOrderId": "none",
        "orderDate": now,
        "shippingInfo": {"estimatedShipDate": now + 172_800_000, "postalAddress": {"name": "none"}},
        "orderLines": {"orderLine": [line]},
        "shipNode": {"type": "SellerFulfilled"},
    }
