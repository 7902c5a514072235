"""The next fork, made before its job comes: what a drain needs is loaded and at hand, and it waits at a pipe.

A fork that begins with its job spends more time on copying the pages that it touches, and on its first connection,
than on an order. Here that is done while nothing waits for it.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

log = logging.getLogger(__name__)


class Spare:
    """One forked child that waits for its job. It ends by itself when this process does."""

    def __init__(self, prepare: Callable[[], None], work: Callable[..., None]) -> None:
        """In the child `prepare` runs now, and `work` with the words that it is sent, if ever."""
        listen, self._tell = os.pipe()
        self._answers, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            os.close(self._answers)
            _wait(listen, answer, prepare, work)
        os.close(listen)
        os.close(answer)

    @property
    def is_ready(self) -> bool:
        """It has prepared itself, or has died of it."""
        return bool(select.select([self._answers], [], [], 0)[0])

    def send(self, *words: str) -> bool:
        """Let it work with these words. False where it has died meanwhile."""
        is_there = os.waitpid(self.pid, os.WNOHANG) == (0, 0)
        if is_there:
            try:
                os.write(self._tell, json.dumps(words).encode() + b"\n")
            except BrokenPipeError:
                is_there = False
        self._close()
        return is_there

    def end(self) -> None:
        """It is not needed any more."""
        self._close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _close(self) -> None:
        os.close(self._tell)
        os.close(self._answers)


def _wait(listen: int, answer: int, prepare: Callable[[], None], work: Callable[..., None]) -> NoReturn:
    """In the child: nothing that goes wrong here may go on as a second worker."""
    try:
        os.setpgrp()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        prepare()
        os.close(answer)
        words = _words(listen)
        if words:
            work(*words)
    finally:
        if sys.exc_info()[0]:
            log.error("the fork made ahead could not work", exc_info=True)
        os._exit(0)


def _words(listen: int) -> list[str]:
    """What it is sent; nothing when the other end is closed."""
    with os.fdopen(listen, "rb") as pipe:
        line = pipe.readline()
    return [str(word) for word in json.loads(line)] if line.endswith(b"\n") else []
