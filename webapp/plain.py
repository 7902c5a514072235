"""The domain's own types, read back from the plain values in which they were stored; from any thread."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_lock = threading.Lock()
_known: set[Any] = set()


def read(kept: Any, kind: type[T]) -> T:
    """`kept` as one of `kind`. Raises msgspec.ValidationError where it is none.

    msgspec 0.22 gathers what it has to know of a dataclass when it first meets it, and two threads that meet one at the
    same moment end the process (signal 11). So each kind is met once under a lock.
    """
    if kind not in _known:
        with _lock:
            msgspec.json.Decoder(kind)
            _known.add(kind)
    return msgspec.convert(kept, kind)
