"""A worker of its own that dies, as by kill -9, right after a call was answered: `drain_and_die METHOD PATH`."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Any

from jobs import outbound
from jobs.drain import drain
from webapp import neighbours
from webapp.app import create_app
from webapp.connectors.http import Answer, Call, Caller, Judge


class Mortal(Caller):
    """Sends calls, until it has sent the one it dies of."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)

    def send(self, call: Call, judge: Judge) -> Answer:
        answer = super().send(call, judge)
        method, path = sys.argv[1:]
        if call.method == method and re.search(path, call.url):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def main() -> None:
    vars(neighbours)["Caller"] = Mortal
    with create_app().app_context():
        drain(outbound.SOURCE, threads=2, linger=0.0)
