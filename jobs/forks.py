"""Our own services as forks of the supervisor: the application is loaded once, and its memory shared by all of them."""

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import BinaryIO

from jobs import garbage
from jobs.commands import Command
from jobs.refusal import CannotStart

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

FORKING = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Streams:
    """The descriptors that become standard input, output and error."""

    stdin: int
    stdout: int
    stderr: int


class Fork:
    """A fork with the surface of `subprocess.Popen` that is needed here."""

    def __init__(self, process: ForkProcess, stdin: BinaryIO | None, stdout: BinaryIO | None) -> None:
        self._process = process
        assert process.pid
        self.pid: int = process.pid
        self.stdin = stdin
        self.stdout = stdout

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
    try:
        with garbage.left_alone():
            for module in modules:
                importlib.import_module(module)
    except ImportError as error:
        raise CannotStart(
            f"The application could not be loaded: {error}.\n"
            f"Remove {sys.prefix} and start again; if that does not help, the checkout is incomplete."
        ) from error


def share(module: str, env: Mapping[str, str]) -> None:
    """Call `share` of a module, which finds here what our services will find in their environment."""
    before = dict(os.environ)
    os.environ.update(env)
    try:
        importlib.import_module(module).share()
    finally:
        os.environ.clear()
        os.environ.update(before)


def start(command: Command, env: dict[str, str], log: int, kept: tuple[int, ...], *, talks: bool) -> Fork:
    """Fork, and call `main` of the command's module. Of what is open here, only `kept` stays open in it."""
    if not talks:
        with open(os.devnull) as nothing:
            return Fork(_fork(command, env, Streams(nothing.fileno(), log, log), kept), None, None)
    theirs, tell = os.pipe()
    listen, answer = os.pipe()
    try:
        process = _fork(command, env, Streams(theirs, answer, log), kept)
    finally:
        os.close(theirs)
        os.close(answer)
    return Fork(process, os.fdopen(tell, "wb"), os.fdopen(listen, "rb"))


def _fork(command: Command, env: dict[str, str], streams: Streams, kept: tuple[int, ...]) -> ForkProcess:
    # A signal between the fork and the new handlers would be noted by the supervisor's, and lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    try:
        process = FORKING.Process(target=_become, args=(command, env, streams, kept, before), name=command.name)
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _become(
    command: Command, env: dict[str, str], streams: Streams, kept: tuple[int, ...], mask: set[signal.Signals]
) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in CAUGHT:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _redirect(streams)
    _close_all_but(kept)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(env)
    _name(command.name)
    sys.argv = list(command.argv)
    sys.exit(importlib.import_module(command.argv[0]).main())


def _redirect(streams: Streams) -> None:
    os.dup2(streams.stdin, 0)
    os.dup2(streams.stdout, 1)
    os.dup2(streams.stderr, 2)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
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
