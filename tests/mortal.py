"""A process that loads the application once and then, for each line it reads, forks workers that die by kill -9.

A line is a list of deaths, `{"way": "in" or "out", "account_id", "po", "point", "clock": seconds ahead}`. Each worker
does what is due for one order and dies at its point: the n-th time that it stands before a commit or a call to a
neighbour. That is also right after the one before it, since between two of them nothing is left behind anywhere.
Once a few workers were done before their point came there are no more points, and the other orders are left alone. The
answer is one line, how many died. Nothing of this is in the product: the points are put before its calls and commits
from here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from jobs.rehearsal import rehearse
from webapp import claims, clock, handlers, neighbours, orders, outbox
from webapp.app import create_app
from webapp.connectors.http import Answer, Call, Caller
from webapp.models import db

AT_ONCE = 3
ENOUGH = 3
"""So many that live prove that there are no more points; their number differs a little from order to order."""


class Death:
    """Counts the points that are reached, and strikes at one of them."""

    def __init__(self, point: int) -> None:
        self._left = point

    def reach(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def put_points(death: Death) -> None:
    """Before every call and every commit of this process."""

    class Mortal(Caller):
        def _exchange(self, call: Call) -> Answer:
            death.reach()
            return super()._exchange(call)

    vars(neighbours)["Caller"] = Mortal
    event.listen(Session, "before_commit", death.reach)


def work(app: Flask, death: dict[str, Any]) -> None:
    """What a worker does with an order that is due."""
    clock.move(timedelta(seconds=death["clock"]))
    put_points(Death(death["point"]))
    with app.app_context():
        claim = claims.take_one(death["account_id"], death["po"])
        if claim is None:
            raise RuntimeError(f"{death['po']} is held by somebody")
        if death["way"] == "in":
            orders.sync(claim)
        else:
            outbox.run(claim, handlers.perform)
        db.session.remove()


def forked(app: Flask, death: dict[str, Any]) -> int:
    """A worker in a process of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work(app, death)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def kill(app: Flask, deaths: list[dict[str, Any]]) -> int:
    """How many died. Raises RuntimeError where a worker ended otherwise, or where points are left at the end."""
    waiting, running, died, survived = list(deaths), dict[int, str](), 0, 0
    while running or (waiting and survived < ENOUGH):
        while waiting and len(running) < AT_ONCE and survived < ENOUGH:
            death = waiting.pop(0)
            running[forked(app, death)] = death["po"]
        pid, status = os.wait()
        po, code = running.pop(pid), os.waitstatus_to_exitcode(status)
        if code not in {0, -signal.SIGKILL}:
            raise RuntimeError(f"The worker of {po} ended with {code}.")
        died, survived = died + (code != 0), survived + (code == 0)
    if survived < ENOUGH:
        raise RuntimeError(f"There are more points than {len(deaths)}.")
    return died


def main() -> None:
    """Until the input ends."""
    app = create_app()
    rehearse(app)
    for line in sys.stdin:
        print(kill(app, json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
