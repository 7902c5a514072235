"""What every measurement stands on: a folder of its own, real processes in it, and an end to all of them by pid."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask
from rq import Worker

from jobs import embedded_redis
from webapp import accounts, queue, schema
from webapp.accounts import NewAccount, NewStore
from webapp.app import create_app
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import Policy
from webapp.models import AccountRow, db
from webapp.settings import CHECKOUT, Settings, from_environment
from webapp.unit_of_work import unit_of_work

STARTS_WITHIN = 60.0
ENDS_WITHIN = 10.0
SECRET = "bench-secret"
SIGNATURE = "X-Walmart-Signature"


@dataclass(frozen=True, slots=True)
class StandIns:
    """The two neighbours' addresses and credentials, as the sandbox printed them."""

    walmart: dict[str, str]
    magento: dict[str, Any]


@dataclass(slots=True)
class Stage:
    """A data folder with its environment, and everything that was started for it."""

    folder: Path
    env: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    account: str = ""

    @property
    def settings(self) -> Settings:
        return from_environment(self.env)

    def python(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        """Start `python -m …` with this stage's environment; what it says goes to a log in the folder."""
        return self.start((sys.executable, "-m", *words), **env)

    def start(self, argv: tuple[str, ...], **env: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{len(self.processes):02d}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                cwd=CHECKOUT if argv[0] == sys.executable else self.folder,
                env={**os.environ, **self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def log_of(self, process: subprocess.Popen[bytes]) -> str:
        return (self.folder / f"{self.processes.index(process):02d}.log").read_text(errors="replace")

    def web(self, processes: int = 1) -> int:
        """Start the web server; its port once it answers."""
        port = free_port()
        self.python("jobs.web", PORT=str(port), WEB_PROCESSES=str(processes))
        wait_until(lambda: is_live(port), "the web server")
        return port

    def workers(self) -> None:
        """Start both workers and the scheduler, and wait until the workers serve their queues."""
        for words in (("jobs.worker", "inbound"), ("jobs.worker", "outbound"), ("jobs.scheduler",)):
            self.python(*words)
        valkey = queue.connect(self.env["REDIS_URL"])
        wait_until(lambda: Worker.count(valkey) == 2, "the workers")

    def sandbox(self) -> StandIns:
        """Start both stand-ins, their state in memory."""
        process = self.python("sandbox", "both")
        wait_until(lambda: self.log_of(process).count("\n") >= 2, "the stand-ins")
        banners = [json.loads(line) for line in self.log_of(process).splitlines()[:2]]
        return StandIns(walmart=banners[0], magento=banners[1])

    def end(self) -> None:
        """End everything that was started here, the last first."""
        for process in reversed(self.processes):
            stop(process)


@contextmanager
def stage(database_url: str = "") -> Iterator[Stage]:
    """A migrated database (SQLite where none is given) and a Valkey, in a folder that is taken away at the end."""
    with tempfile.TemporaryDirectory(prefix="orderbridge-bench-", ignore_cleanup_errors=True) as name:
        built = Stage(Path(name), _environment(Path(name)))
        try:
            built.env["DATABASE_URL"] = database_url
            built.start(embedded_redis.command())
            wait_until(lambda: (built.folder / embedded_redis.SOCKET).exists(), "Valkey")
            _migrate(built.settings)
            yield built
        finally:
            built.end()


def connect(played: Stage, stand_ins: StandIns | None, policy: Policy | None = None) -> str:
    """Add a store and an account whose webhooks are signed, tied to the stand-ins, if any; the account's key."""
    app = create_app(played.settings)
    magento = stand_ins.magento if stand_ins else {"url": "http://127.0.0.1:9", "token": "none"}
    walmart = stand_ins.walmart if stand_ins else {"url": "http://127.0.0.1:9", "client_id": "-", "client_secret": "-"}
    with app.app_context():
        with unit_of_work() as work:
            accounts.add_store(work, NewStore("Shop", magento["url"], magento["token"]))
            row = accounts.add_account(
                work,
                NewAccount(
                    name="Seller",
                    store="Shop",
                    client_id=walmart["client_id"],
                    client_secret=walmart["client_secret"],
                    api_url=walmart["url"],
                    policy=replace(policy or Policy(), number_prefix="WM-"),
                    webhook_auth=WebhookAuth(mode="hmac", header_name=SIGNATURE, secrets=(SECRET,)),
                ),
            )
        forget(app)
    played.account = row.key
    return row.key


def set_policy(settings: Settings, **changes: Any) -> None:
    """Change the one account's settings."""
    app = create_app(settings)
    with app.app_context():
        with unit_of_work() as work:
            row = work.session.query(AccountRow).one()
            policy = accounts.policy_from_json(row.settings, number_prefix=row.number_prefix)
            row.settings = accounts.policy_to_json(replace(policy, **changes))
        forget(app)


def forget(app: Flask) -> None:
    """Let go of the database. Needs the app's context."""
    db.session.remove()
    db.engine.dispose()


def ask(url: str, body: Any = None) -> Any:
    """GET, or POST where there is a body; the answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL to it and to what it forked."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL at once to the whole group that this process leads."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_live(port: int, path: str = "/health/live") -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            return int(answer.status) < 300
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, seconds: float = STARTS_WITHIN) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not there after {seconds:.0f} s")
        time.sleep(0.01)


def memory_of(pids: list[int]) -> dict[int, float]:
    """The proportional set size of each process in MB; shared pages count once over all of them."""
    found = {}
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found[pid] = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return found


def family_of(pid: int) -> list[int]:
    """The process and everything that descends from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def _environment(folder: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": f"unix://{folder / embedded_redis.SOCKET}",
        "SECRET_KEY": "bench",
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": "",
        "HOST": "127.0.0.1",
        "ORDERBRIDGE_SUPERVISED": "1",
        "PYTHONPATH": str(CHECKOUT),
    }


def _migrate(settings: Settings) -> None:
    app = create_app(settings)
    schema.attach(app)
    with app.app_context():
        schema.upgrade()
        forget(app)
