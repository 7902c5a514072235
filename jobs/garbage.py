"""What the garbage collector looks at: each request and each turn makes little of it, and what stays is much."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 64 * 1024
"""Bytes; more than glibc keeps ready, less than it asks the system for."""


@contextmanager
def left_alone() -> Iterator[None]:
    """While modules are loaded hardly anything is garbage: neither now nor later look through what they make.

    Now it takes a quarter of the time that loading takes, and later as much again to find half a megabyte.
    """
    gc.disable()
    try:
        yield
    finally:
        _leave()
        gc.enable()


def leave_what_is_there() -> None:
    """What was made by now is garbage to nobody: never look through it again, in this process and its forks.

    What a fork does not touch it need not copy either. Of what comes later, the statements that SQLAlchemy keeps
    compiled are most, and looking through those at Python's own pace makes one page in twenty wait 25 to 150 ms.
    """
    gc.collect()
    _put_in_order()
    _leave()


def _put_in_order() -> None:
    """glibc sorts what was freed at the next request for a large piece, and writes to all of it: better here, once,
    than in each fork, which would hold a copy of it from then on (4 MB after a rehearsal).
    """
    bytearray(LARGE)


def _leave() -> None:
    gc.freeze()
    gc.set_threshold(5000, 50, 50)
