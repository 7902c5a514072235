"""Work whose worker fell silent in the middle: counted, and after so many in a row left to a person."""

from __future__ import annotations

from sqlalchemy import select

from webapp import clock
from webapp.models import AttemptRow, CommandRow
from webapp.unit_of_work import Work

DIED = "died"
MOST = 5
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


def note(work: Work, row: CommandRow) -> bool:
    """Keep that this command was left running by a worker that is gone. True where that has happened too often by now:
    what takes its worker down each time must not do so for ever."""
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
    return len(outcomes) == MOST and set(outcomes) == {DIED}
