"""The inbound queue's one job: route what came in, read orders on both sides, poll."""

from __future__ import annotations

from collections import Counter
from functools import partial

from jobs.drain import Piece, Source, claimed, drain
from webapp import claims, inbox, orders, polls
from webapp.claims import Holder
from webapp.queue import Bell
from webapp.settings import current

POLLS = Holder("poll", 0)
"""All polls together: a backlog of reads never keeps them waiting, nor they the reads."""


def run() -> int:
    """Work off everything that is due on the way in. May run twice at once: each row is claimed in the database."""
    return drain(SOURCE, current().drain_threads)


def _take(free: int, held: Counter[Holder]) -> list[Piece]:
    """What came in is routed; then a poll, as long as polls hold less than their share, and reads with the rest."""
    if inbox.has_new():
        inbox.route()
    threads = current().drain_threads
    polled = _poll() if held[POLLS] < max(threads // 4, 1) else []
    reads = claims.take(claims.due_reads, at_most=free - len(polled), held=held, threads=threads)
    return [*polled, *claimed(reads, orders.sync)]


def _poll() -> list[Piece]:
    turn = polls.take()
    return [Piece(run=partial(polls.run, turn), holders=(*turn.holders, POLLS))] if turn else []


SOURCE = Source(Bell.INBOUND, _take)
