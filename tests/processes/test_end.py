"""How the server ends: on request, by force, by accident, and never leaving a process behind."""

import os
import signal
import time

import pytest

from tests.processes.conftest import Serve
from tests.processes.running import Running, wait_for

CHILDREN = {
    "web": "web",
    "worker": "worker-inbound",
    "sandbox": "sandbox",
    "the watch over Valkey": "/bin/sh",
    "Valkey": "unixsocket:redis.sock",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_when_asked(serve: Serve, number: signal.Signals) -> None:
    server = serve(FAKES="worker-inbound=forks")
    server.ready()
    server.signal(number)
    assert server.ends(5) == 0
    assert not server.processes()
    assert "did not end" not in server.said


def test_a_stop_during_the_start_ends_everything(serve: Serve) -> None:
    server = serve(FAKES="prepare=sleeps")
    wait_for(lambda: any("prepare" in line for line in server.processes().values()), 10, lambda: server.said)
    server.signal(signal.SIGINT)
    assert server.ends(5) == 0
    assert not server.processes()


def test_a_second_interrupt_kills_at_once(serve: Serve) -> None:
    server = serve(FAKES="worker-inbound=stubborn")
    server.ready()
    wait_for(lambda: sum("worker-inbound" in line for line in server.processes().values()) == 2, 20)
    server.signal(signal.SIGINT)
    server.until("Stopping")
    server.signal(signal.SIGINT)
    assert server.ends(2) == 130
    assert not server.processes()


def test_what_does_not_end_is_killed_with_all_it_forked(serve: Serve) -> None:
    server = serve(FAKES="worker-inbound=stubborn", ENDS_WITHIN="0.5")
    server.ready()
    wait_for(lambda: sum("worker-inbound" in line for line in server.processes().values()) == 2, 20)
    assert server.stop() == 0
    assert "worker-inbound did not end" in server.said
    assert not server.processes()


def settled(server: Running) -> dict[int, str]:
    """Its processes once each has its name: right after its start one may still be on the way to it."""
    found: list[dict[int, str]] = [{}]

    def stays() -> bool:
        found.append(server.processes())
        time.sleep(0.2)
        return found[-1] == found[-2]

    wait_for(stays, 20)
    return found[-1]


@pytest.mark.parametrize("word", CHILDREN.values(), ids=list(CHILDREN))
def test_a_killed_child_is_started_again_within_a_second(serve: Serve, word: str) -> None:
    server = serve()
    server.ready()
    before = settled(server)
    waits: list[float] = []
    while not waits or (min(waits) >= 1 and len(waits) < 3):  # a busy machine may hold up one, and not all three
        os.kill(server.pid(word), signal.SIGKILL)
        began = time.monotonic()
        wait_for(lambda: server.said.count("; restarted") > len(waits), 30, lambda: server.said)
        waits.append(time.monotonic() - began)
        wait_for(lambda: sorted(server.processes().values()) == sorted(before.values()), 20)
    assert "ended unexpectedly" in server.said
    assert min(waits) < 1
    assert server.stop() == 0
    assert not server.processes()


def test_nothing_outlives_a_killed_server_and_the_next_one_starts(serve: Serve) -> None:
    server = serve(FAKES="worker-inbound=forks")
    server.ready()
    before = set(server.processes())
    os.kill(server.process.pid, signal.SIGKILL)
    again = serve(port=server.port)
    wait_for(lambda: not before & set(server.processes()), 5)
    again.ready()
    assert again.stop() == 0


def test_nothing_outlives_a_server_killed_while_starting(serve: Serve) -> None:
    server = serve(FAKES="prepare=sleeps")
    wait_for(lambda: any("prepare" in line for line in server.processes().values()), 10, lambda: server.said)
    os.kill(server.process.pid, signal.SIGKILL)
    wait_for(lambda: not server.processes(), 5, lambda: str(server.processes()))


def test_a_child_that_keeps_dying_ends_everything_and_is_named(serve: Serve) -> None:
    server = serve(FAKES="scheduler=dies")
    assert server.ends() == 1
    assert server.said.count("scheduler ended unexpectedly (exit code 1); restarted") == 4
    assert "scheduler ended 5 times within 30 seconds" in server.said
    assert str(server.data / "logs" / "scheduler.log") in server.said
    assert "the shelf has fallen down" in server.said
    assert not server.processes()
