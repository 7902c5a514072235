"""Our own services as forks of the supervisor: the application is loaded once, and its memory shared by all of them."""

import gc
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from multiprocessing.context import ForkProcess
from pathlib import Path

from jobs.commands import Command

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

_fork = multiprocessing.get_context("fork")


class Fork:
    """A fork with the surface of `subprocess.Popen` that is needed here."""

    stdin = None
    stdout = None

    def __init__(self, process: ForkProcess) -> None:
        self._process = process
        assert process.pid
        self.pid: int = process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> None:
        self._process.join()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def preload(modules: Iterable[str]) -> None:
    """Load the modules whose `main` will be forked; nothing loaded here may start a thread or open a connection."""
    for module in modules:
        importlib.import_module(module)
    # What is there now is garbage to nobody: the collector of a fork must not touch, and so copy, those pages.
    gc.collect()
    gc.freeze()


def start(command: Command, env: dict[str, str], output: int, kept: tuple[int, ...]) -> Fork:
    """Fork, and call `main` of the command's module. Only standard input and `kept` stay open in it."""
    # A signal between the fork and the new handlers would be noted by the supervisor's, and lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    try:
        process = _fork.Process(target=_become, args=(command, env, output, kept, before), name=command.name)
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return Fork(process)


def _become(
    command: Command, env: dict[str, str], output: int, kept: tuple[int, ...], mask: set[signal.Signals]
) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in CAUGHT:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _redirect(output)
    _close_all_but(kept)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(env)
    _name(command.name)
    sys.argv = list(command.argv)
    sys.exit(importlib.import_module(command.argv[0]).main())


def _redirect(output: int) -> None:
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115


def _close_all_but(kept: tuple[int, ...]) -> None:
    """Above all the supervisor's end of the lifeline, its lock and its port."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def _name(name: str) -> None:
    """What `ps -o comm` and `top` show, as all forks have the supervisor's command line."""
    comm = Path("/proc/self/comm")
    if comm.exists():
        comm.write_text(name[:15])
