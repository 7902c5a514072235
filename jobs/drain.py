"""One drain: many orders side by side on a thread pool, for at most 50 seconds, and no ring is ever lost."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from flask import Flask, current_app

from webapp import queue
from webapp.claims import Claim, Holder
from webapp.models import db
from webapp.queue import Bell
from webapp.sweep import seconds_to_next

T = TypeVar("T")

log = logging.getLogger(__name__)

LIFETIME = 50.0
LOOK_AT_LEAST_EVERY = 1.0
LOOK_AT_MOST_EVERY = 0.05
UNDISTURBED = 0.03
"""So long what was begun is left alone, unless something rings: another look would take the processor from it."""
HOLD_EVERY = 4.0
NOTICE_A_STOP_WITHIN = 0.5


_stopping = threading.Event()


def stop_soon() -> None:
    """Let every drain of this process finish the pieces it holds and begin no more; called by a signal."""
    _stopping.set()


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of claimed work: an order's turn, or a poll."""

    run: Callable[[], None]
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a drain's work comes from: `take` claims at most so many pieces, given who holds how many already."""

    bell: Bell
    take: Callable[[int, Counter[Holder]], list[Piece]]


@dataclass(slots=True)
class _Crew:
    """The threads at work, and the one signal that says: look again."""

    app: Flask
    source: Source
    threads: int
    pool: ThreadPoolExecutor
    awake: threading.Event = field(default_factory=threading.Event)
    running: dict[Future[None], Piece] = field(default_factory=dict)
    done: int = 0

    def begin(self) -> int:
        """Start what is due, as far as threads are free; returns how many pieces were started."""
        self._forget_finished()
        free = self.threads - len(self.running)
        if free < 1:
            return 0
        held = Counter(holder for piece in self.running.values() for holder in piece.holders)
        pieces = _look(self.app, lambda: self.source.take(free, held))
        for piece in pieces:
            future = self.pool.submit(run, self.app, piece)
            self.running[future] = piece
            future.add_done_callback(lambda _: self.awake.set())
        self.done += len(pieces)
        return len(pieces)

    def pause(self, at_most: float) -> None:
        """Wait for a ring, a free thread or the next due piece."""
        seconds = None
        if len(self.running) < self.threads:
            seconds = _look(self.app, lambda: seconds_to_next(self.source.bell))
        wanted = LOOK_AT_LEAST_EVERY if seconds is None else max(seconds, LOOK_AT_MOST_EVERY)
        self.awake.wait(max(min(wanted, at_most, LOOK_AT_LEAST_EVERY), 0.001))

    def stand_by(self, at_most: float) -> None:
        """While nothing is at work: wait for a ring or the next due piece, which one look at the database tells."""
        seconds = _look(self.app, lambda: seconds_to_next(self.source.bell))
        wanted = at_most if seconds is None else min(seconds, at_most)
        until = time.monotonic() + max(wanted, LOOK_AT_MOST_EVERY)
        while not _stopping.is_set() and (left := until - time.monotonic()) > 0:
            if self.awake.wait(min(left, NOTICE_A_STOP_WITHIN)):
                return

    def _forget_finished(self) -> None:
        for future in [future for future in self.running if future.done()]:
            error = future.exception()
            if error is not None:
                log.error("a piece of work failed outside its own handling", exc_info=error)
            del self.running[future]


def drain(source: Source, threads: int, lifetime: float = LIFETIME, linger: float = LIFETIME) -> int:
    """Work off what is due, and stand by for the next ring; returns how many pieces were worked on. Needs an
    application context.

    It ends when its lifetime is over, or after it had nothing to do for `linger` seconds. A drain that stands by has
    an order in hand a few milliseconds after the ring; till then it looks at the database only when something is due.
    The flag is cleared before the last look, so a ring either finds this drain still looking or starts the next one.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    over = threading.Event()
    with ThreadPoolExecutor(threads, thread_name_prefix=source.bell.value) as pool:
        crew = _Crew(app, source, threads, pool)
        threading.Thread(target=_listen, args=(source.bell, crew.awake, over), daemon=True).start()
        try:
            _work(crew, time.monotonic() + lifetime, linger)
        finally:
            over.set()
    if seconds_to_next(source.bell) == 0.0:
        queue.ring(source.bell)
    return crew.done


def _work(crew: _Crew, ends_at: float, linger: float) -> None:
    quiet_since = time.monotonic()
    while time.monotonic() < ends_at and not _stopping.is_set():
        crew.awake.clear()
        if crew.begin():
            quiet_since = time.monotonic()
            crew.awake.wait(UNDISTURBED)
            continue
        if crew.running:
            quiet_since = time.monotonic()
            crew.pause(ends_at - time.monotonic())
        elif time.monotonic() - quiet_since < linger:
            crew.stand_by(min(quiet_since + linger, ends_at) - time.monotonic())
        else:
            queue.clear(crew.source.bell)
            if not crew.begin():
                return
            queue.keep(crew.source.bell)
    queue.clear(crew.source.bell)


def _listen(bell: Bell, awake: threading.Event, over: threading.Event) -> None:
    """Hear the rings, and hold the flag up as long as the drain lives."""
    held_at = -HOLD_EVERY
    while not over.is_set():
        if time.monotonic() - held_at >= HOLD_EVERY:
            queue.hold(bell)
            held_at = time.monotonic()
        if queue.wait(bell, 0.5):
            awake.set()


def run(app: Flask, piece: Piece) -> None:
    """Do one piece, in an application context of its own, and with it a database session of its own."""
    with app.app_context():
        try:
            piece.run()
        finally:
            db.session.remove()


def _look(app: Flask, what: Callable[[], T]) -> T:
    with app.app_context():
        return what()


def claimed(claims: list[Claim], work: Callable[[Claim], None]) -> list[Piece]:
    """Held orders as pieces of work."""
    return [Piece(run=partial(work, claim), holders=claim.holders) for claim in claims]
