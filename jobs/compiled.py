"""`python -m jobs.compiled`: has Python compile all that `script/server` loads, and ends.

The supervisor would compile it at its first start just as well, but slowly, and its forks would share the holes that
this leaves in its memory.
"""

import compileall
import contextlib
import sys
from pathlib import Path

from jobs import forks
from jobs.refusal import CannotStart

CHECKOUT = Path(__file__).resolve().parent.parent
OURS = ("jobs", "webapp", "sandbox", "migrations")
LOADED = (
    "jobs.supervisor",
    "jobs.rehearsal",
    "jobs.web",
    "jobs.worker",
    "jobs.scheduler",
    "sandbox.__main__",
    "webapp.schema",
    "flask.cli",
)
"""What is loaded brings along what it needs of the installed packages, which have much more."""


def main() -> int:
    """The exit code is 0 once all is compiled. What is wrong with the installation is for the start itself to tell."""
    for name in OURS:
        compileall.compile_dir(CHECKOUT / name, quiet=2)
    compileall.compile_file(CHECKOUT / "wsgi.py", quiet=2)
    with contextlib.suppress(CannotStart):
        forks.preload(LOADED)
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
