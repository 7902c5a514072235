"""Real processes, killed while orders flow: after the restart everything is there, and each effect once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select, update

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.driving import attempts_of, drain_in
from tests.house import House, build, new_database, order_event
from tests.mother import Child, Mother
from tests.servers import Valkey
from webapp import clock, deaths, queue
from webapp.models import CommandRow, EventRow, SyncRow, db
from webapp.queue import Bell
from webapp.unit_of_work import unit_of_work

ORDERS = 12
SERVICES = {
    "web": ("jobs.web",),
    "inbound": ("jobs.worker", "inbound"),
    "outbound": ("jobs.worker", "outbound"),
    "scheduler": ("jobs.scheduler",),
}


class Product:
    """The four processes of the product, started and killed by their own ids."""

    def __init__(self, house: House, folder: Path, mother: Mother) -> None:
        self._mother = mother
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._env = {
            **house.environment(),
            "HOST": "127.0.0.1",
            "PORT": str(self._port),
            # Whatever is forked ends with the process that forked it.
            "ORDERBRIDGE_SUPERVISED": "1",
        }
        self._running: dict[str, Child] = {}

    def start(self, *names: str) -> None:
        for name in names:
            self._running[name] = self._mother.start(SERVICES[name], self._env, self._folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """As power fails: the process and whatever it forked, at once."""
        process = self._running.pop(name)
        for pid in [*children(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)

    def log(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in self._folder.glob("*.log"))

    def close(self) -> None:
        for name in list(self._running):
            self.kill(name)


def children(pid: int) -> list[int]:
    """The processes below this one, the lowest first."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [*children(int(child)), int(child)]
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sender(threading.Thread):
    """Walmart's side: orders come, and each webhook is sent until it is answered 2xx."""

    def __init__(self, house: House, url: str) -> None:
        super().__init__()
        self._house = house
        self._url = url + house.webhook_path
        self.pos: list[str] = []
        self.answered: list[str] = []
        self.refused = 0

    def run(self) -> None:
        for number in range(ORDERS):
            po = self._house.walmart.place_order()
            self.pos.append(po)
            event_id = f"event-{number}"
            body = json.dumps(order_event(po, event_id=event_id)).encode()
            while not self._send(body):
                self.refused += 1
                time.sleep(0.1)
            self.answered.append(event_id)

    def _send(self, body: bytes) -> bool:
        try:
            return requests.post(self._url, data=body, timeout=5).ok
        except requests.RequestException:
            return False


@pytest.fixture(params=["sqlite", "postgres"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, walmart: WalmartSandbox, magento: MagentoSandbox
) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("postgres"), migrated=True)
    with Valkey(tmp_path / "vk") as bell, build(tmp_path, url, bell.url, walmart, magento) as built:
        built.extra["bell"] = bell
        yield built


def test_kills_leave_every_order_taken_and_made_exactly_once(house: House, tmp_path: Path, mother: Mother) -> None:
    bell: Valkey = house.extra["bell"]
    house.walmart.settings(latency=0.03)
    product = Product(house, tmp_path, mother)
    sender = Sender(house, product.url)
    product.start(*SERVICES)
    try:
        wait_until(lambda: answers(product.url), product)
        sender.start()
        wait_until(lambda: len(house.effects("acknowledge")) >= 2, product)
        product.kill("outbound")
        product.start("outbound")
        wait_until(lambda: len(house.effects("order_create")) >= 5, product)
        bell.stop(signal.SIGKILL)
        wait_until(lambda: len(sender.answered) >= 7, product)
        bell.start()
        product.kill("inbound")
        product.kill("web")
        product.start("web", "inbound")
        sender.join(30)
        a_minute_passes(house)
        # As long as the leases of whatever dies later.
        wait_until(lambda: is_quiet(house, sender.pos), product, 120)
        assert Counter(house.effects("acknowledge")) == Counter(sender.pos)
        assert Counter(house.effects("order_create")) == Counter(f"WM-{po}" for po in sender.pos)
        assert stored(house) == sorted(sender.answered)
    finally:
        product.close()
        sender.join(10)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_what_crashes_a_worker_holds_up_no_other_order_and_is_done_once(
    house: House, tmp_path: Path, mother: Mother, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash in C, a kill for want of memory, a hang: the fork is gone, and the worker makes the next one."""
    poisoned, other = (house.place() for _ in range(2))
    drain_in(house)
    monkeypatch.setenv("POISONED", poisoned)
    monkeypatch.setitem(SERVICES, "poisoned", ("tests.poisoned_worker", "outbound"))
    monkeypatch.setattr(queue, "JOB_TIMEOUT", 3)
    product = Product(house, tmp_path, mother)
    product.start("poisoned")
    try:
        wait_until(lambda: rings(house) and tried(tmp_path) == 1, product)
        a_minute_passes(house)
        wait_until(lambda: rings(house) and tried(tmp_path) == 2, product)
        a_minute_passes(house)
        wait_until(lambda: rings(house) and rests_are_over(house, other), product)
        wait_until(lambda: rings(house) and house.effects("order_create") == [f"WM-{other}"], product)
        for tries in (3, 4):
            wait_until(lambda: rings(house) and rests_are_over(house, poisoned), product)
            wait_until(lambda: rings(house) and tried(tmp_path) >= tries, product)  # noqa: B023
            if tries == 3:
                a_minute_passes(house)
    finally:
        product.close()
    a_minute_passes(house)
    # What was on its way when a job's time or the worker ended is looked for twice before it is sent again.
    for _ in range(5):
        house.pass_time(minutes=3)
    assert outcomes(house, poisoned)[:3] == ["died", "died", "died"]
    assert "done" in outcomes(house, poisoned)
    assert Counter(house.effects("order_create")) == {f"WM-{poisoned}": 1, f"WM-{other}": 1}
    assert Counter(house.effects("acknowledge")) == {poisoned: 1, other: 1}


def tried(folder: Path) -> int:
    """How often a worker began with the poisoned order."""
    file = folder / "tries"
    return file.stat().st_size if file.exists() else 0


def outcomes(house: House, po: str) -> list[str]:
    """What became of each try of the order's commands."""
    return [one.outcome for one in attempts_of(house, po) if one.command_id]


def rests_are_over(house: House, po: str) -> bool:
    """What of the order rests since its worker died rests no more. False where nothing does yet."""
    resting = [row.id for row in house.commands(po) if row.state == "queued" and row.reason == deaths.SENTENCE]
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(CommandRow).where(CommandRow.id.in_(resting)).values(next_attempt_at=clock.now()))
    return bool(resting) or f"WM-{po}" in house.effects("order_create")


def rings(house: House) -> bool:
    """As the scheduler does for what is due."""
    with house.app.app_context():
        queue.ring(Bell.OUTBOUND)
    return True


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=2).ok
    except requests.RequestException:
        return False


def a_minute_passes(house: House) -> None:
    """The leases that the dead held are over; of the living some are cut short, which they must stand too."""
    with house.app.app_context():
        with unit_of_work() as work:
            held = update(SyncRow).where(SyncRow.claimed_until.is_not(None))
            work.execute(held.values(claimed_until=clock.now() - timedelta(seconds=1), look_again_at=clock.now()))
        db.session.remove()


def is_quiet(house: House, pos: list[str]) -> bool:
    """Each order is taken, made and invoiced, and nothing is under way."""
    with house.app.app_context():
        known = db.session.execute(select(SyncRow.po).where(SyncRow.claimed_until.is_(None))).scalars().all()
        db.session.remove()
    if not set(pos) <= set(known):
        return False
    states = {row.state for po in pos for row in house.commands(po)}
    return states == {"done"} and all(invoiced(house, po) for po in pos)


def invoiced(house: House, po: str) -> bool:
    return f"WM-{po}" in house.effects("order_create") and len(house.magento.invoices(f"WM-{po}")) == 1


def stored(house: House) -> list[str]:
    """The event ids that were stored, by what the bodies say."""
    with house.app.app_context():
        bodies = db.session.execute(select(EventRow.body).where(EventRow.source == "walmart")).scalars().all()
    return sorted(json.loads(body)["source"]["eventId"] for body in bodies)


def wait_until(holds: Callable[[], bool], product: Product, seconds: float = 45.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, product.log()
        time.sleep(0.05)
