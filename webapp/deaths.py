"""Work whose worker fell silent in the middle: counted, and after so many in a row left to a person."""

from __future__ import annotations

import random
from datetime import timedelta

from sqlalchemy import select

from webapp import clock
from webapp.domain.commands import CommandState
from webapp.models import AttemptRow, CommandRow
from webapp.unit_of_work import Work

DIED = "died"
MOST = 5
APART = timedelta(seconds=20)
"""Commands and reads that one death after another took down are tried again at random within so much time, more with
each: so the one that does it is alone before long, and the others go. A first death is nearly always an accident, and
costs none."""
SENTENCE = "The worker that was at it ended in the middle; it is tried again."
TOO_OFTEN = (
    f"A worker of Orderbridge ended {MOST} times in the middle of this: it was killed, ran out of memory, or hung. The "
    "server's log has the details. Nothing else is held up; try again once that is mended."
)
READING = (
    f"A worker of Orderbridge ended {MOST} times in the middle of reading this order: it was killed, ran out of "
    "memory, or hung. The server's log has the details. Nothing else is held up; the order is read again once a day, "
    "when something new comes in about it, and at once by Refresh or Replay."
)
POLL_TOO_OFTEN = (
    f"A worker of Orderbridge ended {MOST} times in the middle of this poll: it was killed, ran out of memory, or "
    "hung. The server's log has the details. Nothing else is held up, and the poll is tried again by itself."
)


def apart(died: int) -> timedelta:
    """How long to leave it alone, after so many in a row."""
    return APART * max(died - 1, 0) * random.random()


def lives_on(work: Work, row: CommandRow) -> bool:
    """Keep that this command was left running by a worker that is gone. True where it is tried again now; else it rests
    for a while, or, since what takes its worker down each time must not do so for ever, waits for a person."""
    died = _note(work, row)
    if died >= MOST:
        row.state, row.ended_at, row.reason = CommandState.PARKED, clock.now(), TOO_OFTEN
        return False
    rests = apart(died)
    if rests:
        row.state, row.reason, row.next_attempt_at = CommandState.QUEUED, SENTENCE, clock.now() + rests
        row.is_in_line = False
    return not rests


def _note(work: Work, row: CommandRow) -> int:
    """How many workers in a row ended in the middle of it by now."""
    work.add(
        AttemptRow(
            sync_id=row.sync_id,
            command_id=row.id,
            number=row.tries + 1,
            started_at=clock.now(),
            duration_ms=0,
            outcome=DIED,
            sentence=SENTENCE,
        )
    )
    work.flush()
    last = select(AttemptRow.outcome).where(AttemptRow.command_id == row.id).order_by(AttemptRow.id.desc()).limit(MOST)
    outcomes = work.execute(last).scalars().all()
    return next((at for at, outcome in enumerate(outcomes) if outcome != DIED), len(outcomes))
