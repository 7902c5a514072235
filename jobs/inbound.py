"""The inbound queue's one job: route what came in, read orders on both sides, poll, do what was asked of many."""

from __future__ import annotations

from collections import Counter
from functools import partial

from jobs.drain import Piece, Source, claimed, drain
from webapp import bulk, claims, exports, inbox, orders, polls, sweep
from webapp.claims import Holder
from webapp.queue import Bell
from webapp.settings import current

POLLS = Holder("poll", 0)
"""All polls together: a backlog of reads never keeps them waiting, nor they the reads."""
ACTIONS = Holder("action", 0)
"""What a person asked of many orders: one at a time in each worker, whatever else is due."""


def run() -> int:
    """Work off everything that is due on the way in. May run twice at once: each row is claimed in the database."""
    return drain(SOURCE, current().drain_threads)


def _take(free: int, held: Counter[Holder]) -> list[Piece]:
    """What came in is routed; then a poll, while polls hold less than their share, an action, and reads."""
    due = sweep.inbound()
    if due.has_events:
        inbox.route()
    threads = current().drain_threads
    first: list[Piece] = []
    if due.is_poll_due and held[POLLS] < max(threads // 4, 1):
        first += _poll()
    if (due.has_action or due.has_file) and not held[ACTIONS]:
        first += _act()
    if not due.is_read_due:
        return first
    reads = claims.take(claims.due_reads, at_most=free - len(first), held=held, threads=threads)
    return [*first, *claimed(reads, orders.sync)]


def _poll() -> list[Piece]:
    turn = polls.take()
    return [Piece(run=partial(polls.run, turn), holders=(*turn.holders, POLLS))] if turn else []


def _act() -> list[Piece]:
    if turn := bulk.take():
        return [Piece(run=partial(bulk.run, turn), holders=(ACTIONS,))]
    if file := exports.take():
        return [Piece(run=partial(exports.run, file), holders=(ACTIONS,))]
    return []


SOURCE = Source(Bell.INBOUND, _take)
