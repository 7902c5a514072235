"""The small parts that a start alone does not show."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import data_folder, forks, house, ports
from jobs.house import Options
from jobs.refusal import CannotStart
from tests.processes.running import CHECKOUT, free_port
from webapp import queue

ALONE = """
import json, os, pathlib, sys
from jobs import forks
forks.preload(sys.argv[1:])
held = [os.readlink(f) for f in pathlib.Path("/proc/self/fd").iterdir() if f.exists()]
print(json.dumps([len(os.listdir("/proc/self/task")), [each for each in held if each.startswith("socket:")]]))
"""


def _options(tmp_path: Path, **environ: str) -> Options:
    return Options.read(tmp_path, 8000, environ, sandbox=True)


def test_what_is_loaded_before_the_forks_starts_no_thread_and_opens_no_connection(tmp_path: Path) -> None:
    built = house.build(_options(tmp_path))
    modules = sorted({command.argv[0] for command in (built.prepare, *built.services)})
    assert modules == ["flask.cli", "jobs.scheduler", "jobs.web", "jobs.worker"]
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, *modules], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ran.stdout) == [1, []]


def test_no_client_of_redis_looks_up_its_own_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would in each process, and what that touches of what all share would be copied (2 MB)."""
    looked_up: list[str] = []
    monkeypatch.setattr("importlib.metadata.version", looked_up.append)
    for url in ("unix:///nowhere/redis.sock", f"unix:///{'long/' * 30}redis.sock", "redis://nowhere"):
        assert queue.connect(url).connection_pool.make_connection()
    assert looked_up == []


def test_an_application_that_cannot_be_loaded_is_said() -> None:
    with pytest.raises(CannotStart, match="could not be loaded: No module named 'jobs.nowhere'"):
        forks.preload(["jobs.nowhere"])


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"HOST": "::"}, "http://[::1]:8000"),
        ({"PUBLIC_URL": "https://orders.example.com/"}, "https://orders.example.com"),
    ],
)
def test_the_address_is_one_that_a_person_can_open(tmp_path: Path, environ: dict[str, str], address: str) -> None:
    assert _options(tmp_path, **environ).address == address


def test_an_outside_redis_and_no_sandbox_leave_both_out(tmp_path: Path) -> None:
    built = house.build(Options.read(tmp_path, 8000, {"REDIS_URL": "redis://h/0"}, sandbox=False))
    assert (built.redis, built.sandbox) == (None, None)
    assert built.prepare.env["REDIS_URL"] == "redis://h/0"


def test_a_log_that_has_grown_too_large_begins_anew_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "LARGEST_LOG", 10)
    writer = data_folder.open_log(tmp_path / "web.log")
    os.write(writer, b"a long line\n")
    data_folder.cut_logs(tmp_path)
    os.write(writer, b"next\n")
    os.close(writer)
    assert (tmp_path / "web.log").read_text() == "next\n"
    assert (tmp_path / "web.log.1").read_text() == "a long line\n"


def test_a_held_port_is_shared_with_our_web_server_only() -> None:
    port = free_port()
    with ports.held("127.0.0.1", port), socket.socket() as ours, socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind(("127.0.0.1", port))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"port": "x"}', '{"port": 65535}'])
def test_a_damaged_note_of_the_ports_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "sandbox.json").write_text(text)
    port = ports.pair(tmp_path / "sandbox.json")
    assert json.loads((tmp_path / "sandbox.json").read_text()) == {"port": port}
