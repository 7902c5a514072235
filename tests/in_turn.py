"""A house whose work is done in one thread, by a clock that stands still unless it is told to move: one piece after the
other, in the order in which they fell due. What happens is then decided by the test's dice alone, on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

import sandbox.clock
from jobs import inbound, outbound
from jobs.drain import drain
from tests.house import House
from webapp import clock
from webapp.models import db

TAKES = timedelta(milliseconds=100)
"""What a piece of work takes by the clock of both neighbours and of the house."""


@contextmanager
def one_clock() -> Iterator[None]:
    """The house and its neighbours share one clock, which stands still."""
    clock.stand()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox.clock, "now", clock.now)
        yield
    clock.reset()


def work(house: House, at_most: int = 2_000) -> None:
    """Take what is due, from both queues in turn, until nothing is."""
    for _ in range(at_most):
        with house.app.app_context():
            pieces = inbound.SOURCE.take(1, Counter()) or outbound.SOURCE.take(1, Counter())
            db.session.remove()
        if not pieces:
            return
        for piece in pieces:
            with house.app.app_context():
                piece.run()
                db.session.remove()
            clock.move(TAKES)
    raise AssertionError(f"still due after {at_most} pieces of work")


def side_by_side(house: House, threads: int, rounds: int = 60) -> None:
    """The same with the drains of the workers, many pieces at once."""
    for _ in range(rounds):
        with house.app.app_context():
            done = [drain(source, threads, linger=0.0) for source in (inbound.SOURCE, outbound.SOURCE)]
            db.session.remove()
        if not any(done):
            return
        clock.move(TAKES)
    raise AssertionError(f"still due after {rounds} rounds")
