"""`python -m jobs.worker inbound|outbound`: RQ's forking worker, with the application loaded once before it forks."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import uuid
from functools import partial
from typing import Any

from flask import Flask
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import inbound, outbound
from jobs.drain import stop_soon
from jobs.rehearsal import Rehearsals, rehearse
from jobs.spare import Spare
from webapp import queue
from webapp.app import create_app
from webapp.parent_watch import end_with_parent
from webapp.queue import Bell
from webapp.settings import from_environment

log = logging.getLogger(__name__)

JOBS = {Bell.INBOUND: inbound, Bell.OUTBOUND: outbound}
LONGEST_WAIT_FOR_REDIS = 5.0


class DrainWorker(Worker):
    """Serves one queue. Each job runs in a fork of this process, inside an application context."""

    max_connection_wait_time = LONGEST_WAIT_FOR_REDIS

    app: Flask
    bell: Bell
    rehearsals: Rehearsals
    spare: Spare | None = None

    def work(self, *words: Any, **named: Any) -> bool:
        """Serve until told to stop, with a fork always ready for the next job."""
        self._make_spare()
        try:
            return bool(super().work(*words, **named))
        finally:
            if self.spare and not self.is_horse:
                self.spare.end()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Give the job to the fork that waits for one; where none does yet, fork now."""
        spare, execution = self.spare, self.execution
        if spare is None or execution is None or not spare.is_ready:
            super().fork_work_horse(job, queue)
            return
        self.spare = None
        if not spare.send(job.id, execution.id):
            super().fork_work_horse(job, queue)
            return
        self._horse_pid = spare.pid
        self.procline(f"Forked {spare.pid} before")  # type: ignore[no-untyped-call]

    def _make_spare(self) -> None:
        if self.spare is not None:
            return
        try:
            self.spare = Spare(partial(self.rehearsals.warm_up, self.app), self._become_horse)
        except OSError:
            log.warning("no fork could be made ahead", exc_info=True)

    def _become_horse(self, job_id: str, execution_id: str) -> None:
        """In the fork that waited: what RQ's own fork finds in memory is fetched."""
        job = Job.fetch(job_id, connection=self.connection, serializer=self.serializer)
        self.execution = Execution.fetch(execution_id, job_id, connection=self.connection)
        self.main_work_horse(job, self.queues[0])

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """In the fork: one context around the job."""
        with self.app.app_context():
            return bool(super().perform_job(job, queue, execution))

    def setup_work_horse_signals(self) -> None:
        """In the fork: a stop lets the drain finish what it holds and take nothing more."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, lambda *_: stop_soon())

    def handle_warm_shutdown_request(self) -> None:
        """In the parent, on its own SIGTERM: pass it on to the fork at work."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self.horse_pid:
            self.kill_horse(sig=signal.SIGTERM)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """In the parent: whatever became of the fork, the next ring must start a new one."""
        try:
            super().execute_job(job, queue)
        finally:
            _reset(self.bell)
        self._make_spare()


def _reset(bell: Bell) -> None:
    queue.clear(bell)


def main() -> None:
    """The worker process; ends after the job at hand on SIGTERM, at once on the second."""
    parser = argparse.ArgumentParser(prog="python -m jobs.worker", description=__doc__)
    parser.add_argument("bell", choices=[bell.value for bell in Bell], help="the one queue to serve")
    bell = Bell(parser.parse_args().bell)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
        end_with_parent()
    settings = from_environment()
    app = create_app(settings)
    rehearse(app)
    connection = queue.patient_client()
    queue.clear(bell)
    worker = DrainWorker(
        [Queue(bell.value, connection=connection, serializer=JSONSerializer)],
        name=f"{bell.value}-{uuid.uuid4().hex}",
        connection=connection,
        serializer=JSONSerializer,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.app, worker.bell, worker.rehearsals = app, bell, Rehearsals(settings)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
