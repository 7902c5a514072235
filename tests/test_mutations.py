"""Ten thousand webhooks that were mangled on their way, against the real door: no error of ours, no traceback."""

from __future__ import annotations

import io
import json
import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.types import StartResponse

import msgspec
import pytest
from sqlalchemy import func, select, text

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House, build, order_event
from webapp import inbox, sweep, vault
from webapp.connectors.signatures import WebhookAuth
from webapp.models import AccountRow, EventRow, db
from webapp.unit_of_work import unit_of_work

NUMBER, SEED, THREADS = 10_000, 20261127, 8
NAME = "X-Proof"
MODES = (
    WebhookAuth("none", secrets=("k",)),
    WebhookAuth("header", NAME, secrets=("k",)),
    WebhookAuth("basic", NAME, "us", ("k",)),
    WebhookAuth("hmac", NAME, secrets=("k",)),
    WebhookAuth("oauth", NAME, "us", ("k",)),
)
OLDER = {
    "source": {"eventType": "PO_LINE_AUTOCANCELLED", "eventTime": "2026-11-01T10:00:00.000Z", "eventId": "e-2"},
    "payload": {
        "partnerId": "10000000001",
        "purchaseOrderId": "1796277083022",
        "orderLines": [{"lineNumber": "1", "quantity": {"unitOfMeasure": "EACH", "measurementValue": "1"}}],
    },
}
BODIES: tuple[Any, ...] = (
    order_event("1796277083022"),
    OLDER,
    {"source": {"eventType": "RETURN_CREATED"}, "payload": {}},
    {},
)
PIECES = (b"\x00", b"\xff\xfe", b'"', b"{", b"]", b"\\u0000", b"\\ud800", b"1e400", b"NaN", b"[" * 3000, b"9" * 5000)
VALUES: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, "", "\u202e", "x" * 5000, [], {}, [[[]]], {"eventId": {"a": 1}})
PROOFS = (
    "",
    ",",
    "k, k",
    "Basic",
    "Basic !!!",
    "Bearer " + "a" * 9000,
    "sha256=",
    "=" * 64,
    ",".join(["00"] * 4000),
    "\u00e9\u00ff",
    "\x7f",
    "k",
)
ODD = ("/", "/k/k", "/%00", "/\u00ff", "/token")
TYPES = (
    "",
    "application/json",
    "text/plain; charset=\u00ff",
    "multipart/form-data",
    "application/json; charset=utf-16",
)


def mangled(dice: random.Random) -> bytes:
    """A body with a value swapped for another kind, a field doubled, bytes flipped, cut off or put in."""
    body = json.dumps(swapped(dice.choice(BODIES), dice) if dice.random() < 0.6 else dice.choice(BODIES)).encode()
    raw = bytearray(body)
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(raw) + 1)
        match dice.randrange(4):
            case 0:
                raw[place:place] = dice.choice(PIECES)
            case 1:
                del raw[place:]
            case 2 if raw:
                raw[place % len(raw)] = dice.randrange(256)
            case _:
                raw += raw[place:]
    return bytes(raw)


def swapped(document: Any, dice: random.Random) -> Any:
    if isinstance(document, dict):
        return {
            name: dice.choice(VALUES) if dice.random() < 0.2 else swapped(value, dice)
            for name, value in document.items()
        }
    return document


def request(dice: random.Random, path: str) -> dict[str, Any]:
    """What a server would hand over for it."""
    body = mangled(dice)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST" if dice.random() < 0.97 else dice.choice(("PUT", "GET", "X")),
        "PATH_INFO": path + (dice.choice(("/k", "", "/K")) if dice.random() < 0.96 else dice.choice(ODD)),
        "QUERY_STRING": dice.choice(("", "", "challenge=x", "%ff=%00&&=")),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": dice.choice(TYPES),
        "HTTP_X_PROOF": dice.choice(PROOFS),
    }
    if dice.random() < 0.1:
        environ["CONTENT_LENGTH"] = dice.choice(("", "-1", "x", "0", "1048577", "99999999999999", "3"))
    if dice.random() < 0.1:
        environ["HTTP_CONTENT_ENCODING"] = dice.choice(("gzip", "identity", "", "br, gzip", "\u00ff"))
    if dice.random() < 0.1:
        environ |= {"HTTP_WM_SEC.SIGNATURE": dice.choice(PROOFS), "HTTP_WM_SEC.TIMESTAMP": dice.choice(PROOFS)}
    return environ


@pytest.fixture
def door(tmp_path: Any, valkey: str) -> Iterator[House]:
    """A house whose database does not wait for the disk: nothing of it has to outlive the test."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    with (
        WalmartSandbox() as walmart,
        MagentoSandbox() as magento,
        build(tmp_path, url, valkey, walmart, magento) as built,
    ):
        yield built


def set_auth(house: House, auth: WebhookAuth) -> None:
    with house.app.app_context(), unit_of_work() as work:
        work.session.get_one(AccountRow, house.account_id).webhook_auth = vault.seal(msgspec.to_builtins(auth))


def test_no_mangled_webhook_makes_an_error_of_ours(door: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    dice = random.Random(SEED)
    path = f"/webhooks/walmart/{door.account_key}"
    answered: Counter[int] = Counter()

    def knock(environ: dict[str, Any]) -> int:
        got: list[int] = []

        def start(status: str, _headers: list[tuple[str, str]], _error: Any = None) -> Any:
            got.append(int(status.split()[0]))
            return got.append

        taken: StartResponse = start
        answer: Iterable[bytes] = door.app.wsgi_app(environ, taken)
        b"".join(answer)
        return got[0]

    with ThreadPoolExecutor(THREADS) as pool:
        for auth in MODES:
            set_auth(door, auth)
            requests = [request(dice, path) for _ in range(NUMBER // len(MODES))]
            answered.update(pool.map(knock, requests))
    assert sum(answered.values()) == NUMBER
    assert {status for status in answered if status >= 500} == set(), answered
    assert set(answered) <= {200, 308, 400, 401, 404, 405, 411, 413, 415}, answered
    assert answered[200] > NUMBER // 20
    assert answered[401] > NUMBER // 5
    with door.app.app_context():
        while sweep.inbound().has_events:
            inbox.route()
        stored = select(func.count(), func.sum(EventRow.duplicates)).where(text("state != 'received'"))
        kept, repeated = db.session.execute(stored).one()
        conflicts = select(func.count()).where(EventRow.reason.contains("another body"))
        assert kept + repeated - db.session.execute(conflicts).scalar_one() == answered[200]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
