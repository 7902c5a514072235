"""Ends this process, and whatever it forks, when the process that started it is gone."""

import os
import select
import signal
import threading
import time

LIFELINE = "ORDERBRIDGE_LIFELINE"
LOOK_EVERY = 0.5
GRACE = 3.0

_armed = threading.Event()


def end_with_parent() -> None:
    """Watch the parent from now on; when it is gone, end as by SIGTERM, and after 3 seconds without ceremony.

    Children that are forked later watch this process in turn. The lifeline is watched too: a pipe that only the
    supervisor holds open, so that its end is seen even if it came before this call.
    """
    if _armed.is_set():
        return
    _armed.set()
    os.register_at_fork(after_in_child=_watch)
    _watch()


def describe(descriptor: int) -> str:
    """The lifeline as it stands in the environment: its number, and its identity, as numbers are used again."""
    return f"{descriptor}:{os.fstat(descriptor).st_ino}"


def _watch() -> None:
    threading.Thread(target=_wait_and_end, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _wait_and_end(parent: int) -> None:
    lifeline = _inherited(os.environ.get(LIFELINE, ""))
    while os.getppid() == parent and not _is_cut(lifeline):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _inherited(described: str) -> int | None:
    """The lifeline's descriptor; None in a process that was not given it, such as one that was spawned."""
    number = described.partition(":")[0]
    try:
        return int(number) if number and describe(int(number)) == described else None
    except OSError:
        return None


def _is_cut(lifeline: int | None) -> bool:
    """Rest for a moment, or until the lifeline is cut."""
    if lifeline is None:
        time.sleep(LOOK_EVERY)
        return False
    return bool(select.select([lifeline], [], [], LOOK_EVERY)[0])
