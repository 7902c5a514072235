"""`python -m jobs.web`: the web server, one process with sixteen threads, on HOST and PORT."""

import multiprocessing
import os

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from jobs import garbage
from webapp.parent_watch import end_with_parent

THREADS = 16
"""As many webhooks can share a transaction; more threads would only get into each other's way."""
BACKLOG = 1024
ENDS_WITHIN = 5


def main() -> None:
    """Serve until SIGTERM. When its worker process dies this one ends too, and whoever started it starts it again."""
    if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
        end_with_parent()
    garbage.leave_what_is_there()
    # Newer Pythons would start the inner process from nothing, and it would load the application again.
    multiprocessing.set_start_method("fork", force=True)
    Server(
        "jobs.web_app:app",
        address=os.environ.get("HOST") or "127.0.0.1",
        port=int(os.environ.get("PORT") or 8000),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(os.environ.get("WEB_PROCESSES") or 1),
        blocking_threads=THREADS,
        backlog=BACKLOG,
        workers_kill_timeout=ENDS_WITHIN,
    ).serve()


if __name__ == "__main__":
    main()
