"""`python -m jobs.worker inbound|outbound`: RQ's forking worker, with the application loaded once before it forks."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import uuid

from flask import Flask
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import inbound, outbound
from jobs.drain import stop_soon
from jobs.rehearsal import rehearse
from webapp import queue
from webapp.app import create_app
from webapp.parent_watch import end_with_parent
from webapp.queue import Bell

JOBS = {Bell.INBOUND: inbound, Bell.OUTBOUND: outbound}
LONGEST_WAIT_FOR_REDIS = 5.0


class DrainWorker(Worker):
    """Serves one queue. Each job runs in a fork of this process, inside an application context."""

    max_connection_wait_time = LONGEST_WAIT_FOR_REDIS

    app: Flask
    bell: Bell

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
    app = create_app()
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
    worker.app, worker.bell = app, bell
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
