"""`python -m tests.poisoned_worker outbound`: the product's worker, whose fork the order `POISONED` takes down.

First by a crash in C, then by a kill as the kernel does it when memory is out; after that it does no harm any more.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from jobs import worker
from webapp import handlers
from webapp.claims import Claim
from webapp.outbox import Outcome, Task, Trial

POISONED = os.environ["POISONED"]
TRIES = Path(os.environ["DATA_DIR"]) / "tries"
HARMLESS = handlers.perform


def perform(claim: Claim, task: Task, trial: Trial) -> Outcome:
    """Carry a command out, or die of it."""
    if claim.po == POISONED:
        with TRIES.open("a+") as tries:
            tries.write(".")
        match TRIES.stat().st_size:
            case 1:
                ctypes.string_at(0)
            case 2:
                os.kill(os.getpid(), signal.SIGKILL)
    return HARMLESS(claim, task, trial)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    vars(handlers)["perform"] = perform
    worker.main()
