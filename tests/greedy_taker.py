"""`tests.greedy_taker URL ACCOUNT SECONDS`, forked by `tests.mother`: takes from a bucket as often as it can, and
prints the times at which it was given something."""

from __future__ import annotations

import json
import sys
import time

from flask import Flask

from webapp import clock, database, limits
from webapp.domain.limits import Endpoint
from webapp.unit_of_work import unit_of_work


def main() -> None:
    url, account_id, seconds = sys.argv[1:]
    app = Flask("taker")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    database.attach(app)
    taken, until = [], time.time() + float(seconds)
    with app.app_context():
        of = limits.meter(int(account_id), Endpoint.ACKNOWLEDGE, "us", {"acknowledge": 1200})
        while time.time() < until:
            with unit_of_work() as work:
                if limits.take(work, of) is None:
                    taken.append(clock.now().timestamp())
            time.sleep(0.002)
    print(json.dumps(taken))
