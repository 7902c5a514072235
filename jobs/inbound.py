"""The inbound queue's one job: route what came in, read orders on both sides, poll."""

from __future__ import annotations

from collections import Counter
from functools import partial

from jobs.drain import Piece, Source, claimed, drain
from webapp import claims, inbox, orders, polls
from webapp.claims import Holder
from webapp.queue import Bell
from webapp.settings import current


def run() -> int:
    """Work off everything that is due on the way in. May run twice at once: each row is claimed in the database."""
    return drain(SOURCE, current().drain_threads)


def _take(free: int, held: Counter[Holder]) -> list[Piece]:
    if inbox.has_new():
        inbox.route()
    threads = current().drain_threads
    pieces = claimed(claims.take(claims.due_reads, at_most=free, held=held, threads=threads), orders.sync)
    turn = polls.take() if len(pieces) < free else None
    return pieces + ([Piece(run=partial(polls.run, turn), holders=turn.holders)] if turn else [])


SOURCE = Source(Bell.INBOUND, _take)
