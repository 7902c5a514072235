"""Ends this process, and whatever it forks, when the process that started it is gone."""

import os
import signal
import threading
import time

LOOK_EVERY = 0.5
GRACE = 3.0

_armed = threading.Event()


def end_with_parent() -> None:
    """Watch the parent from now on; when it is gone, end as by SIGTERM, and after 3 seconds without ceremony.

    Children that are forked later watch this process in turn. The supervisor's number, where the environment
    gives it, is watched too: the parent may have died before this was called.
    """
    if _armed.is_set():
        return
    _armed.set()
    os.register_at_fork(after_in_child=_watch)
    _watch()


def _watch() -> None:
    supervisor = int(os.environ.get("ORDERBRIDGE_SUPERVISOR", "0"))
    threading.Thread(target=_wait_and_end, args=(os.getppid(), supervisor), name="parent-watch", daemon=True).start()


def _wait_and_end(parent: int, supervisor: int) -> None:
    while os.getppid() == parent and _is_there(supervisor):
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _is_there(process: int) -> bool:
    if not process:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
