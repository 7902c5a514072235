"""Child processes: started in sessions of their own, watched, restarted, and ended with all they forked."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from jobs import forks
from jobs.commands import Command
from jobs.data_folder import last_lines, open_log
from jobs.forks import Fork
from webapp.parent_watch import LIFELINE, describe

TOO_MANY = 5
WITHIN = 30.0


class GaveUp(Exception):
    """A child ends again and again; the message names it and shows the end of its log."""


@dataclass(slots=True)
class Child:
    """A command that runs, and how often it has ended before."""

    command: Command
    log: Path
    process: subprocess.Popen[bytes] | Fork
    log_starts_at: int = 0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=TOO_MANY))

    @property
    def name(self) -> str:
        return self.command.name


@dataclass(frozen=True, slots=True)
class Nest:
    """What every child is given: a folder for its log, the lock it holds while it lives, and the lifeline.

    The lifeline is a pipe that only this process can write to, so a child sees our end as the end of the file.
    """

    logs: Path
    lock: int
    lifeline: int


def start(command: Command, nest: Nest, *, talks: bool = False) -> Child:
    """Start the command; what it says goes to its log. One that talks has pipes for its input and output instead."""
    log = nest.logs / f"{command.name}.log"
    written_to = open_log(log)
    try:
        starts_at = os.fstat(written_to).st_size
        process = (_fork if command.forked else _execute)(command, nest, written_to, talks)
    finally:
        os.close(written_to)
    return Child(command, log, process, starts_at)


def _fork(command: Command, nest: Nest, log: int, talks: bool) -> Fork:
    return forks.start(command, _environment(command, nest), log, (nest.lock, nest.lifeline), talks=talks)


def _execute(command: Command, nest: Nest, log: int, talks: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        cwd=command.folder,
        env=_environment(command, nest),
        stdin=subprocess.PIPE if talks else nest.lifeline,
        stdout=subprocess.PIPE if talks else log,
        stderr=log,
        start_new_session=True,
        pass_fds=(nest.lock, nest.lifeline),
    )


def _environment(command: Command, nest: Nest) -> dict[str, str]:
    return {**os.environ, **command.env, LIFELINE: describe(nest.lifeline)}


def restart_the_dead(children: list[Child], nest: Nest, say: Callable[[str], None]) -> None:
    """Start each child again that has ended. Raises GaveUp for one that ends too often."""
    for place, child in enumerate(children):
        if child.process.poll() is None:
            continue
        kill([child])
        child.deaths.append(time.monotonic())
        if len(child.deaths) == TOO_MANY and child.deaths[-1] - child.deaths[0] <= WITHIN:
            raise GaveUp(_too_often(child))
        children[place] = start(child.command, nest)
        children[place].deaths = child.deaths
        say(f"{child.name} ended unexpectedly ({how_it_ended(child)}); restarted")


def how_it_ended(child: Child) -> str:
    code = child.process.returncode or 0
    if code > 128:  # a shell's way to say it
        code = 128 - code
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def ask_to_end(children: Iterable[Child]) -> None:
    """SIGTERM to each, in order; only to the process itself, which ends its own children as it sees fit."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)


def are_gone(children: Iterable[Child]) -> bool:
    return all(child.process.poll() is not None for child in children)


def kill(children: Iterable[Child]) -> None:
    """SIGKILL to each and to everything in its process group, and reap it."""
    for child in children:
        # The group outlives its leader as long as anything in it runs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        for pipe in (child.process.stdin, child.process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _too_often(child: Child) -> str:
    return (
        f"{child.name} ended {TOO_MANY} times within {WITHIN:.0f} seconds (the last time with {how_it_ended(child)}), "
        f"so everything was stopped.\nIts log is {child.log}; the last lines:\n{last_lines(child.log)}"
    )
