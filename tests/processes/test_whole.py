"""The product as `script/server` starts it: the real processes, the sandbox, and orders that arrive."""

import html
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import long_list
from tests.processes.running import CHECKOUT, REAL, Running, ended_afterwards, free_port, processes_of, wait_for
from webapp.views.order_export import MOST_AT_ONCE

Whole = Iterator[Running]


@pytest.fixture
def server(tmp_path: Path) -> Whole:
    # With spaces, and longer than a socket's path may be.
    data = tmp_path / "my data" / ("long " * 20).strip()
    with ended_afterwards(Running(REAL, tmp_path, data, free_port())) as running:
        running.ready()
        yield running


def _get(server: Running, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
        return answer.status, answer.read().decode()


def _orders(server: Running) -> list[dict[str, object]]:
    """As the command line lists them, which finds everything by DATA_DIR alone."""
    listed = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "orders", "list", "--json"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(server.data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[dict[str, object]] = json.loads(listed.stdout)
    return found


def _stored(server: Running, which: str = "true") -> bool:
    """Whether there is such an order: asking the command line means starting it each time."""
    with closing(sqlite3.connect(server.data / "orderbridge.db", timeout=60)) as database:
        return database.execute(f"select 1 from orders where {which}").fetchone() is not None


def test_it_starts_signs_in_takes_orders_writes_a_long_file_and_stops(server: Running) -> None:
    assert json.loads(_get(server, "/health/ready")[1])["status"] == "ok"
    link = re.search(r"Sign in once with this link: ((http://127.0.0.1:\d+)/sign-in/\S+)", server.said)
    assert link
    wait_for(lambda: _stored(server, "magento_order_id is not null"), 30, lambda: server.said)
    assert any(order["magento_order_id"] for order in _orders(server))
    pos = long_list.copy_first_order(server.data, MOST_AT_ONCE + 1)
    listed, rows = long_list.file_of(link[2], link[1], {"sold_to": long_list.BEFORE, "sort": "sold"})
    assert re.findall(r'data-po="(\d+)"', listed) == pos[:50]
    assert [row["Walmart PO #"] for row in rows] == pos
    assert rows[0]["Buyer"] == f"'{long_list.HOSTILE}"
    assert rows[1]["Buyer"] in html.unescape(listed)
    assert server.stop() == 0
    assert not server.processes()
    assert "unexpectedly" not in server.said
    assert "did not end" not in server.said


def test_a_web_server_whose_inner_process_is_killed_is_there_again(server: Running) -> None:
    inner = max(pid for pid, line in server.processes().items() if line.startswith("web "))
    os.kill(inner, signal.SIGKILL)
    server.until("web ended unexpectedly", 3)
    wait_for(lambda: _is_live(server), 10)
    (outer,) = {pid for pid, line in server.processes().items() if line.startswith("web ")} - _inner(server)
    os.kill(outer, signal.SIGKILL)
    server.until("web ended unexpectedly (signal 9)", 3)
    wait_for(lambda: _is_live(server), 10)
    assert server.stop() == 0
    assert not server.processes()


def _inner(server: Running) -> set[int]:
    """The web processes that another web process has started."""
    web = {pid for pid, line in server.processes().items() if line.startswith("web ")}
    parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in web}
    return {pid for pid, parent in parents.items() if parent in web}


def _is_live(server: Running) -> bool:
    try:
        return _get(server, "/health/live")[0] == 200
    except OSError:
        return False


def test_nothing_outlives_a_killed_server_and_the_next_one_goes_on(server: Running, tmp_path: Path) -> None:
    wait_for(lambda: _stored(server), 30)
    before = {order["po"] for order in _orders(server)}
    assert before
    os.kill(server.process.pid, signal.SIGKILL)
    wait_for(lambda: not processes_of(server.data), 5, lambda: str(processes_of(server.data)))
    with ended_afterwards(Running(REAL, tmp_path, server.data, server.port)) as again:
        again.ready()
        assert before <= {order["po"] for order in _orders(again)}
        assert again.stop() == 0
        assert not again.processes()


def test_compiled_beforehand_and_without_docstrings_it_works_all_the_same(tmp_path: Path) -> None:
    """As the script starts it; what the tests start otherwise has docstrings and asserts."""
    compiled = tmp_path / "compiled"
    light = {"PYTHONOPTIMIZE": "2", "PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    env = {"PATH": os.environ["PATH"], **light}
    subprocess.run([sys.executable, "-m", "jobs.compiled"], cwd=CHECKOUT, env=env, timeout=120, check=True)
    beforehand = set(compiled.rglob("*.pyc"))
    with ended_afterwards(Running(REAL, tmp_path, tmp_path / "data", free_port(), **light)) as server:
        server.ready()
        wait_for(lambda: _stored(server, "magento_order_id is not null"), 30, lambda: server.said)
        assert server.stop() == 0
    left = sorted(str(path) for path in set(compiled.rglob("*.pyc")) - beforehand)
    assert len(left) < 10, left
