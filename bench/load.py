"""The load: signed webhooks over raw keep-alive sockets from a process of its own, as fast as answered or at a rate."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import percentile
from webapp.settings import CHECKOUT

CONNECTIONS = 16
PATIENCE = 10.0
FILLER = {
    "lines": [
        {"lineNumber": str(n), "sku": f"SKU-{n:05d}", "name": "A mug with a very long name " * 3} for n in range(8)
    ]
}


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: to which port and path, for how long, and at what rate (0: as fast as answers come)."""

    port: int
    path: str
    secret: str
    header: str
    seconds: float
    rate: float = 0.0
    warm_up: float = 0.3
    prefix: str = "e"
    acknowledged: str = ""
    """A file that the id of each event that got a 2xx is appended to."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: answers by status, answers per second, and how long they took in ms."""

    statuses: dict[str, int]
    per_second: float
    p50: float
    p99: float
    longest: float
    broken: int


def run(load: Load) -> Result:
    """Run the load in a process of its own, to its end."""
    told, _ = start(load).communicate(timeout=load.seconds + 60)
    return Result(**json.loads(told))


def start(load: Load) -> subprocess.Popen[bytes]:
    """Begin the load in a process of its own."""
    words = (sys.executable, "-m", "bench.load", json.dumps(asdict(load)))
    return subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE)


def request(load: Load, event_id: str, po: str) -> bytes:
    """One webhook as it goes over the wire, signed like Walmart's."""
    body = json.dumps(
        {
            "source": {"eventType": "PO_CREATED", "eventTime": "2026-11-01T10:00:00.000Z", "eventId": event_id},
            "payload": {"purchaseOrderId": po, "order": FILLER},
        }
    ).encode()
    digest = hmac.digest(load.secret.encode(), body, hashlib.sha256).hex()
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nContent-Type: application/json\r\n"
        f"User-Agent: bench\r\n{load.header}: {digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(slots=True)
class _Line:
    """One connection, the request it waits for, and what has come of the answer."""

    sock: socket.socket
    event_id: str = ""
    since: float = 0.0
    got: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Run:
    load: Load
    lines: dict[int, _Line] = field(default_factory=dict)
    poll: select.epoll = field(default_factory=select.epoll)
    free: list[_Line] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    sent: int = 0

    def connect(self) -> None:
        for _ in range(CONNECTIONS):
            sock = socket.create_connection(("127.0.0.1", self.load.port), PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = _Line(sock)
            self.lines[sock.fileno()] = line
            self.poll.register(sock.fileno(), select.EPOLLIN)
            self.free.append(line)

    def send(self, since: float) -> None:
        self.sent += 1
        line = self.free.pop()
        line.event_id, line.since = f"{self.load.prefix}-{self.sent}", since
        try:
            line.sock.sendall(request(self.load, line.event_id, f"{10_000_000 + self.sent}"))
        except OSError:
            self.lose(line)

    def hear(self, wait: float) -> list[tuple[_Line, str]]:
        """The lines that were answered within `wait`, each with the status."""
        answered = []
        for number, _ in self.poll.poll(max(wait, 0)):
            line = self.lines[number]
            try:
                part = line.sock.recv(65536)
            except OSError:
                part = b""
            if not part:
                self.lose(line)
                continue
            line.got += part
            if status := _status(line.got):
                line.got.clear()
                self.free.append(line)
                answered.append((line, status))
        return answered

    def lose(self, line: _Line) -> None:
        self.broken += 1
        self.poll.unregister(line.sock.fileno())
        del self.lines[line.sock.fileno()]
        line.sock.close()


def _status(answer: bytearray) -> str:
    """The status of an answer that is complete; empty while some of it is missing."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return ""
    head = bytes(answer[:end]).lower()
    place = head.find(b"content-length:")
    length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
    return head[9:12].decode() if len(answer) >= end + 4 + length else ""


def _drive(run: _Run, keep: Any) -> float:
    """Send and hear until the time is over; the seconds that were measured."""
    load = run.load
    run.connect()
    began = time.perf_counter()
    counted_from, ends = began + load.warm_up, began + load.warm_up + load.seconds
    planned = began
    while run.lines:
        now = time.perf_counter()
        if now >= ends:
            break
        if load.rate:
            while run.free and planned <= now:
                run.send(planned)
                planned += 1 / load.rate
            wait = planned - now if run.free else ends - now
        else:
            while run.free:
                run.send(time.perf_counter())
            wait = ends - now
        for line, status in run.hear(wait):
            heard = time.perf_counter()
            if keep and status.startswith("2"):
                keep.write(f"{line.event_id}\n")
            if line.since >= counted_from:
                run.statuses[status] += 1
                run.took.append((heard - line.since) * 1000)
    return time.perf_counter() - counted_from


def main() -> None:
    """The load as the first argument describes it; prints the result."""
    load = Load(**json.loads(sys.argv[1]))
    run = _Run(load)
    with Path(load.acknowledged or os.devnull).open("a", buffering=1) as keep:
        seconds = _drive(run, keep)
    took = run.took or [float("nan")]
    result = Result(
        statuses=dict(run.statuses),
        per_second=len(run.took) / seconds,
        p50=percentile(took, 0.5),
        p99=percentile(took, 0.99),
        longest=max(took),
        broken=run.broken,
    )
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
