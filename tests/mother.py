"""`python -m tests.mother`: forks processes as the supervisor does, and says what became of them, a line each time.

A Python of its own would load the application each time anew, which takes longer than most of what it is started for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import forks
from jobs.commands import Command
from jobs.forks import Fork
from webapp.settings import CHECKOUT

LOADED = ("jobs.web", "jobs.worker", "jobs.scheduler")


class Mother:
    """The other end: what a test asks of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **wish: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, argv: tuple[str, ...], env: dict[str, str], log: Path) -> Child:
        """Call `main` of the module that `argv` begins with in a process of its own, with nothing but this `env`."""
        return Child(self, self.ask(argv=argv, env=env, log=str(log)))


@dataclass(frozen=True)
class Child:
    """A process that was forked."""

    mother: Mother
    pid: int

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended: the signal's number below zero, where it was killed."""
        until = time.monotonic() + seconds
        while (code := self.mother.ask(pid=self.pid)) is None:
            assert time.monotonic() < until, f"{self.pid} does not end"
            time.sleep(0.02)
        assert isinstance(code, int)
        return code


@contextmanager
def waiting() -> Iterator[Mother]:
    """One that is ready to fork as long as this lasts."""
    command = [sys.executable, "-m", "tests.mother"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=CHECKOUT, text=True, **pipes) as process:
        yield Mother(process)


def main() -> None:
    forks.preload(LOADED)
    born: dict[int, Fork] = {}
    for line in sys.stdin:
        wish = json.loads(line)
        if "pid" in wish:
            said = born[wish["pid"]].poll()
        else:
            child = _fork(tuple(wish["argv"]), wish["env"], wish["log"])
            said, born[child.pid] = child.pid, child
        print(json.dumps(said), flush=True)


def _fork(argv: tuple[str, ...], env: dict[str, str], log: str) -> Fork:
    with open(log, "ab") as told:
        return forks.start(Command(argv[-1], argv, CHECKOUT, forked=True), env, told.fileno(), (), talks=False)


if __name__ == "__main__":
    main()
