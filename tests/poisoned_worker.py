"""`tests.poisoned_worker outbound`, forked by `tests.mother`: the product's worker, whose fork `POISONED` takes down.

First by a crash in C, then by a kill as the kernel does it when memory is out, then by a hang that only the end of the
job's time ends; after that it does no harm any more.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from functools import partial
from pathlib import Path

from jobs import outbound, worker
from jobs.drain import drain
from webapp import handlers, queue
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
            case 3:
                time.sleep(3600)
    return HARMLESS(claim, task, trial)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    vars(handlers)["perform"] = perform
    vars(queue)["JOB_TIMEOUT"] = 3
    vars(outbound)["drain"] = partial(drain, lifetime=1.0)
    worker.main()
