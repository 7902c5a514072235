"""The fork that is made before its job: it gets its job once, and never outlives what made it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.spare import Spare
from webapp.settings import CHECKOUT

DIES_WITH_A_SPARE = """
import os, sys, time
from jobs.spare import Spare
spare = Spare(lambda: None, lambda: None)
print(spare.pid, flush=True)
time.sleep(60)
"""


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_it_is_prepared_first_and_then_works_with_what_it_is_sent(tmp_path: Path) -> None:
    prepared, worked = tmp_path / "prepared", tmp_path / "worked"

    def work(*words: str) -> None:
        worked.write_text(" ".join(words))

    spare = Spare(prepared.touch, work)
    assert until(lambda: spare.is_ready)
    assert prepared.exists()
    assert not worked.exists()
    assert spare.send("job", "execution")
    assert os.waitpid(spare.pid, 0)[1] == 0
    assert worked.read_text() == "job execution"


def test_it_is_not_ready_before_it_is_prepared() -> None:
    spare = Spare(lambda: time.sleep(60), lambda: None)
    assert not spare.is_ready
    spare.end()


def test_one_that_has_died_takes_no_job() -> None:
    spare = Spare(lambda: None, lambda: None)
    os.kill(spare.pid, signal.SIGKILL)
    assert until(lambda: is_gone(spare.pid))
    assert not spare.send("job")


def test_one_that_cannot_be_prepared_dies_without_working(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError

    spare = Spare(fail, lambda: (tmp_path / "worked").touch())
    assert until(lambda: is_gone(spare.pid))
    assert not spare.send("job")
    assert not list(tmp_path.iterdir())


def test_it_is_ended_when_it_is_not_needed() -> None:
    spare = Spare(lambda: None, lambda: None)
    spare.end()
    assert is_gone(spare.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_when_the_process_that_made_it_ends(number: signal.Signals) -> None:
    words = [sys.executable, "-c", DIES_WITH_A_SPARE]
    with subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
    assert until(lambda: is_gone(pid))
