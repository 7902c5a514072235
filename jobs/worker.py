"""`python -m jobs.worker inbound|outbound`: RQ's forking worker, with the application loaded once before it forks."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
import uuid

from flask import Flask
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from jobs import inbound, outbound
from jobs.drain import stop_soon
from jobs.rehearsal import make_ready, warm_up
from webapp import queue as bells
from webapp.app import application
from webapp.models import db
from webapp.parent_watch import end_with_parent
from webapp.queue import Bell
from webapp.sweep import seconds_to_next

log = logging.getLogger(__name__)

JOBS = {Bell.INBOUND: inbound, Bell.OUTBOUND: outbound}
LONGEST_WAIT_FOR_REDIS = 5.0
LASTS = 1.0
"""A drain stands by for longer than this, unless it cannot work."""


class DrainWorker(Worker):
    """Serves one queue. Each job runs in a fork of this process, inside an application context."""

    max_connection_wait_time = LONGEST_WAIT_FOR_REDIS

    app: Flask
    bell: Bell

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """In the fork: one context around the job. While nothing waits for it, it gets ready for what will come."""
        with self.app.app_context():
            self._warm_up()
            return bool(super().perform_job(job, queue, execution))

    def _warm_up(self) -> None:
        try:
            if seconds_to_next(self.bell) != 0.0:
                warm_up(self.app)
        except (SQLAlchemyError, OSError) as error:
            log.warning("a drain begins without a rehearsal: %s", error)
        finally:
            db.session.remove()

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
        """In the parent: whatever became of the fork, the next ring must start a new one; and one always stands by."""
        began = time.monotonic()
        try:
            super().execute_job(job, queue)
        finally:
            bells.clear(self.bell)
        # One that ended at once is in trouble, and so would be the next: the scheduler rings when there is work.
        if not self._stop_requested and time.monotonic() - began > LASTS:
            bells.stand_by(self.bell)


def main() -> None:
    """The worker process; ends after the job at hand on SIGTERM, at once on the second."""
    parser = argparse.ArgumentParser(prog="python -m jobs.worker", description=__doc__)
    parser.add_argument("bell", choices=[bell.value for bell in Bell], help="the one queue to serve")
    bell = Bell(parser.parse_args().bell)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
        end_with_parent()
    app = application()
    make_ready(app)
    connection = bells.patient_client()
    bells.clear(bell)
    worker = DrainWorker(
        [Queue(bell.value, connection=connection, serializer=JSONSerializer)],
        name=f"{bell.value}-{uuid.uuid4().hex}",
        connection=connection,
        serializer=JSONSerializer,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.app, worker.bell = app, bell
    bells.stand_by(bell)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
