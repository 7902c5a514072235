"""The outbound queue's one job: carry out the commands that are due."""

from __future__ import annotations

from collections import Counter

from jobs.drain import Piece, Source, claimed, drain
from webapp import claims, handlers, line, outbox
from webapp.claims import Claim, Holder
from webapp.queue import Bell
from webapp.settings import current


def run() -> int:
    """Carry out every command that is due. May run twice at once: each order is claimed in the database."""
    return drain(SOURCE, current().drain_threads)


def _take(free: int, held: Counter[Holder]) -> list[Piece]:
    line.arrange()
    taken = claims.take(claims.due_commands, at_most=free, held=held, threads=current().drain_threads)
    return claimed(taken, _carry_out)


def _carry_out(claim: Claim) -> None:
    outbox.run(claim, handlers.perform)


SOURCE = Source(Bell.OUTBOUND, _take)
