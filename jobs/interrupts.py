"""Signals as something to wait for: the end of a child wakes, a request to stop interrupts."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody asked to stop."""


class Interrupts:
    """Turns the first request to stop, and each later Ctrl-C, into `Interrupted` at the next `rest`."""

    def __init__(self) -> None:
        self._asked = False
        self._pending = False
        self._wakes, self._rings = os.pipe()
        os.set_blocking(self._wakes, False)
        os.set_blocking(self._rings, False)

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Catch the signals in here, and put back what was before."""
        # A hangup that is ignored already was asked to be, by nohup.
        wanted = [number for number in STOP if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN)]
        handlers = {number: signal.signal(number, self._note) for number in (*wanted, signal.SIGCHLD)}
        waker = signal.set_wakeup_fd(self._rings, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(waker)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def rest(self, seconds: float) -> None:
        """Sleep for so long, or until a signal comes. Raises Interrupted for a request to stop, once for each."""
        if select.select([self._wakes], [], [], seconds)[0]:
            os.read(self._wakes, 4096)
        if self._pending:
            self._pending = False
            raise Interrupted

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGINT or (number in STOP and not self._asked):
            self._pending = True
        self._asked = self._asked or number in STOP
