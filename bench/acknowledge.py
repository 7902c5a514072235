"""How long after its webhook an order's acknowledgement arrives at Walmart, while nothing else is going on."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from bench.figures import percentile, spread, table, verdict
from bench.load import Load, request
from bench.stage import SECRET, SIGNATURE, Stage, StandIns, ask, connect, forget, set_policy, stage, stop, wait_until
from webapp import queue
from webapp.app import create_app
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import CommandRow, SyncRow, db

P50, P99 = 100.0, 400.0
PAUSE = 1.8
"""Longer than an order takes, so that each one meets an idle system: a drain that stands by, as it does at any time."""
BARE = "bare"

PARTS = ("webhook answered", "drain started, order read", "planned, command issued", "outbound started", "call arrived")


@dataclass(frozen=True, slots=True)
class Walk:
    """One order: seconds since the epoch at which each step of its way was reached."""

    sent: float
    answered: float
    read: float
    issued: float
    called: float
    arrived: float

    @property
    def total(self) -> float:
        return (self.arrived - self.sent) * 1000

    @property
    def parts(self) -> tuple[float, ...]:
        steps = (self.sent, self.answered, self.read, self.issued, self.called, self.arrived)
        return tuple((later - earlier) * 1000 for earlier, later in zip(steps, steps[1:], strict=False))


def main(*, quick: bool) -> None:
    """Measure both policies, and a bare job of the same queue library beside them."""
    orders = 20 if quick else 100
    with stage() as played:
        stand_ins = played.sandbox()
        port = played.web()
        key = connect(played, stand_ins)
        played.workers()
        time.sleep(3)
        fork = _bare_job(played, orders)
        for policy, count in ((AcknowledgeWhen.ON_IMPORT, orders), (AcknowledgeWhen.AFTER_MAGENTO_ORDER, orders // 2)):
            set_policy(played.settings, acknowledge=policy)
            _walk(played, stand_ins, port, key, 2)
            _report(policy, _walk(played, stand_ins, port, key, count), fork)


def _walk(played: Stage, stand_ins: StandIns, port: int, key: str, count: int) -> list[Walk]:
    sent = {}
    for _ in range(count):
        po = ask(f"{stand_ins.walmart['url']}/_control/orders", {"webhook": False})["po"]
        time.sleep(PAUSE)
        sent[po] = _post(port, key, po)
    wait_until(lambda: sent.keys() <= _arrivals(stand_ins).keys(), "the last acknowledgement")
    time.sleep(PAUSE)
    return _walks(played, stand_ins, sent)


def _post(port: int, key: str, po: str) -> tuple[float, float]:
    """Send one webhook over a connection of its own; when it was sent and when answered."""
    load = Load(port=port, path=f"/webhooks/walmart/{key}", secret=SECRET, header=SIGNATURE, seconds=0)
    sent = time.time()
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(request(load, f"event-{po}", po))
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return sent, time.time()


def _walks(played: Stage, stand_ins: StandIns, sent: dict[str, tuple[float, float]]) -> list[Walk]:
    url = f"{stand_ins.walmart['url']}/_control"
    arrived = _arrivals(stand_ins)
    began = {
        (call["method"], call["path"]): _at(call["at"]) - call["seconds"] for call in reversed(ask(f"{url}/calls"))
    }
    issued = _issued(played)
    return [
        Walk(
            sent=before,
            answered=after,
            read=began["GET", f"/v3/orders/{po}"],
            issued=issued[po],
            called=began["POST", f"/v3/orders/{po}/acknowledge"],
            arrived=arrived[po],
        )
        for po, (before, after) in sent.items()
    ]


def _arrivals(stand_ins: StandIns) -> dict[str, float]:
    entries = ask(f"{stand_ins.walmart['url']}/_control/ledger?effect=acknowledge")
    return {entry["key"]: _at(entry["at"]) for entry in entries}


def _issued(played: Stage) -> dict[str, float]:
    app = create_app(played.settings)
    wanted = select(SyncRow.po, CommandRow.issued_at).join(SyncRow, SyncRow.id == CommandRow.sync_id)
    with app.app_context():
        found = db.session.execute(wanted.where(CommandRow.kind == "AcknowledgeOrder")).all()
        forget(app)
    return {row.po: row.issued_at.timestamp() for row in found}


def _bare_job(played: Stage, count: int) -> list[float]:
    """The baseline: a job that does nothing, in a bare worker, from its enqueuing until its fork's first line."""
    connection = queue.connect(played.env["REDIS_URL"])
    serializer = "rq.serializers.JSONSerializer"
    worker = played.python("rq.cli", "worker", BARE, "--url", played.env["REDIS_URL"], "--serializer", serializer)
    jobs = Queue(BARE, connection=connection, serializer=JSONSerializer)
    _first_line(jobs.enqueue("time.time", result_ttl=60))
    took = []
    for _ in range(count):
        time.sleep(0.1)
        enqueued = time.time()
        job: Any = jobs.enqueue("time.time", result_ttl=60)
        took.append((_first_line(job) - enqueued) * 1000)
    stop(worker)
    return took


def _first_line(job: Any) -> float:
    wait_until(lambda: job.get_status() == "finished", "a bare job")
    return float(job.return_value())


def _report(policy: AcknowledgeWhen, walks: list[Walk], fork: list[float]) -> None:
    totals = [walk.total for walk in walks]
    p50, p99, base = median(totals), percentile(totals, 0.99), median(fork)
    print(f"\nWebhook to acknowledgement, policy “{policy}”, {len(walks)} orders one by one, ms")
    rows = [
        [
            part,
            spread([walk.parts[place] for walk in walks], 1),
            f"{percentile([w.parts[place] for w in walks], 0.99):.1f}",
        ]
        for place, part in enumerate(PARTS)
    ]
    rows.append(["all", spread(totals, 1), f"{p99:.1f}"])
    rows.append(["baseline: a bare job's start", spread(fork, 1), f"{percentile(fork, 0.99):.1f}"])
    print(table(("part", "p50 (least–most)", "p99"), rows))
    print(f"ratio to the baseline: {p50 / base:.2f}")
    if policy is AcknowledgeWhen.ON_IMPORT:
        print(f"p50 {verdict(p50, P50, at_least=False)}; p99 {verdict(p99, P99, at_least=False)}")


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
