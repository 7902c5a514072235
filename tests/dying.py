"""A fleet of orders whose workers die, each at another point of the same work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.driving import LEASE_IS_OVER, drain_out
from tests.house import House
from webapp import clock
from webapp.domain.commands import CommandState
from webapp.settings import CHECKOUT

SETTLES = timedelta(minutes=4)
OPEN = {CommandState.QUEUED, CommandState.RUNNING}


class Reaper:
    """Has workers die at their points; see `tests.mortal`."""

    def __init__(self, house: House, process: subprocess.Popen[str]) -> None:
        self._house = house
        self._process = process

    def kill(self, way: str, pos: Sequence[str]) -> int:
        """The worker of the n-th order dies at its n-th point, and its lease ends; how many points there were."""
        ahead = (clock.now() - datetime.now(UTC)).total_seconds()
        deaths = [
            {"way": way, "account_id": self._house.account_id, "po": po, "point": number, "clock": ahead}
            for number, po in enumerate(pos, 1)
        ]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(deaths), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "see the process's own words above"
        clock.move(LEASE_IS_OVER)
        return int(answer)


@contextmanager
def reaper(house: House) -> Iterator[Reaper]:
    """The process that forks what dies, ready."""
    settings = house.app.extensions["orderbridge_settings"]
    env = {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
    }
    command = [sys.executable, "-m", "tests.mortal"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Reaper(house, process)


def finish(house: House, pos: Sequence[str]) -> None:
    """Carry out what was issued, and nothing new: doubts settle, then it is tried again."""
    for _ in range(8):
        drain_out(house)
        if not any(row.state in OPEN for po in pos for row in house.commands(po)):
            return
        clock.move(SETTLES)
    raise AssertionError([f"{row.kind}: {row.state} {row.reason}" for po in pos for row in house.commands(po)])
