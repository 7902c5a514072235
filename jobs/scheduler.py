"""Each second: ring for what is due, and end old webhook secrets; beside it, tell whoever is not looking what is wrong.

Several may run; a ring too many is nothing. Alerts go out from here and not from a worker: that the workers or Redis
are gone is one of the things they tell.
"""

from __future__ import annotations

import logging
import os
import signal
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp import account_changes, alert_channels, alerts, erasing
from webapp.app import application
from webapp.models import db
from webapp.parent_watch import end_with_parent
from webapp.sweep import sweep

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
ERASE_EVERY = 60
"""Looks between two sweeps of what has had its time; one that is not done yet goes on at the next look."""

ALERT_EVERY = 30.0


def tell(app: Flask, stopped: threading.Event) -> None:
    """Look for what is wrong and tell it, until told to stop; no error ends it."""
    while not stopped.wait(ALERT_EVERY):
        with app.app_context():
            try:
                alerts.look()
                alert_channels.tell()
            except SQLAlchemyError as error:
                log.warning("alerts failed, trying again: %s", error)
            except Exception:
                log.exception("an error in Orderbridge itself; alerts go on")
            finally:
                db.session.remove()


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
    app = application()
    threading.Thread(target=tell, args=(app, stopped), name="alerts", daemon=True).start()
    run(app, stopped)


if __name__ == "__main__":
    main()
