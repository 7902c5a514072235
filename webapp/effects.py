"""A call that acts goes out at most once: after any doubt the other side is read, and what is found is adopted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, update

from webapp import claims, clock
from webapp.connectors.http import ConnectorError
from webapp.domain.commands import Side
from webapp.models import CommandRow
from webapp.scene import Scene
from webapp.unit_of_work import unit_of_work

T = TypeVar("T")

SENT, ABSENT = "sent_at", "absent_at"
LOOK_AGAIN = timedelta(seconds=10)
QUICK_LOOKS = timedelta(seconds=60)
"""So long after a lost answer the schedule of tries looks often enough by itself."""


@dataclass(slots=True)
class Effect:
    """What is kept of one command's call: what was sent, when, and what was noted about it."""

    scene: Scene
    kept: dict[str, Any]

    @property
    def was_sent(self) -> bool:
        """It may have reached the other side."""
        return bool(self.kept.get(SENT))

    def send(self, payload: dict[str, Any], call: Callable[[], T]) -> T:
        """Keep `payload`, then make the call. One that surely did not act leaves no doubt behind."""
        sent = [*self.kept.get(SENT, []), clock.now().isoformat()]
        self.kept = {**payload, SENT: sent, ABSENT: None}
        self._keep(first_sent_at=func.coalesce(CommandRow.first_sent_at, clock.now()))
        try:
            return call()
        except ConnectorError as error:
            if not error.doubtful:
                self.kept = {**self.kept, SENT: sent[:-1]}
                self.note()
            raise

    def note(self, **more: Any) -> None:
        """Keep something more about what was sent."""
        self.kept = {**self.kept, **more}
        self._keep(**({} if self.was_sent else {"first_sent_at": None}))

    def prove_absent(self, settles: timedelta, side: Side, what: str) -> None:
        """Return once two reads, both at least `settles` after the send, have not shown it; else raise ConnectorError.

        The caller has just read the other side, and `what` was not there.
        """
        age = clock.now() - datetime.fromisoformat(self.kept[SENT][-1])
        if age < settles:
            wait = settles - age if age > QUICK_LOOKS else None
            raise ConnectorError(f"{what} is not there yet; looking again.", side=side, retry_after=wait)
        if not self.kept.get(ABSENT):
            self.note(**{ABSENT: clock.now().isoformat()})
            raise ConnectorError(f"{what} is still not there; looking once more.", side=side, retry_after=LOOK_AGAIN)

    def _keep(self, **values: Any) -> None:
        with unit_of_work() as work:
            claims.check(work, self.scene.claim)
            mine = update(CommandRow).where(CommandRow.id == self.scene.task.id)
            work.execute(mine.values(frozen=self.kept, **values))


def effect_of(scene: Scene) -> Effect:
    """What an earlier try left behind."""
    return Effect(scene, dict(scene.task.frozen or {}))
