"""Each second: ring for what is due, and end old webhook secrets. Several may run; a ring too many is nothing."""

from __future__ import annotations

import logging
import os
import signal
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp import account_changes, erasing
from webapp.app import create_app
from webapp.models import db
from webapp.parent_watch import end_with_parent
from webapp.sweep import sweep

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
ERASE_EVERY = 60
"""Looks between two sweeps of what has had its time; one that is not done yet goes on at the next look."""


def run(app: Flask, stopped: threading.Event) -> None:
    """Sweep until told to stop; a database that is away is waited for, and no error ends it."""
    marks, looks, is_erasing = erasing.Marks(), 0, False
    while not stopped.wait(LOOK_EVERY):
        looks += 1
        with app.app_context():
            try:
                sweep()
                account_changes.retire_due()
                if is_erasing or looks % ERASE_EVERY == 0:
                    is_erasing = False
                    is_erasing = not erasing.sweep(marks)
            except SQLAlchemyError as error:
                log.warning("sweep failed, trying again: %s", error)
            except Exception:
                log.exception("an error in Orderbridge itself; the next look goes on")
            finally:
                db.session.remove()


def main() -> None:
    """The scheduler process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
        end_with_parent()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    run(create_app(), stopped)


if __name__ == "__main__":
    main()
