"""One drain: many orders side by side, nobody starved, and never a ring lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs import drain as drain_module
from jobs import inbound, outbound
from jobs.drain import drain
from tests.driving import drain_in, drain_out, events_of, second_account
from tests.house import House
from tests.polling import ask_all, silence
from webapp import clock, queue
from webapp.domain.policy import AcknowledgeWhen
from webapp.domain.poll_kinds import NAMES
from webapp.models import EventRow, OrderRow, db
from webapp.queue import Bell
from webapp.sweep import seconds_to_next, sweep


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def acknowledges_only(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)


def next_job(bell: Bell) -> bool:
    """Take the next job away, as RQ's worker does."""
    return queue.client().lpop(f"rq:queue:{bell.value}") is not None


class Worker:
    """An inbound worker without the fork: a job from the queue, then its drain, for as long as there are jobs."""

    def __init__(self, house: House) -> None:
        self._app = house.app
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.drains = 0

    def __enter__(self) -> Worker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._ended.is_set():
            if not next_job(Bell.INBOUND):
                self._ended.wait(0.005)
                continue
            with self._app.app_context():
                drain(inbound.SOURCE, threads=4, linger=0.0)
                db.session.remove()
            self.drains += 1


def waiting_events(house: House) -> int:
    with house.app.app_context():
        open_states = EventRow.state.in_(("received", "waiting"))
        return db.session.execute(select(func.count()).where(open_states)).scalar_one()


def stored_orders(house: House) -> list[str]:
    with house.app.app_context():
        return list(db.session.execute(select(OrderRow.po)).scalars())


def drain_until(house: House, holds: Callable[[], bool]) -> None:
    """Short drains of what came in, one after the other."""
    for _ in range(20):
        with house.app.app_context():
            drain(inbound.SOURCE, threads=8, lifetime=0.5, linger=0.0)
        if holds():
            return
    raise AssertionError("not in twenty drains")


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def test_a_ring_during_a_drain_is_never_lost(house: House) -> None:
    """No scheduler rings here: whatever is stored must be found by the drain at hand or start the next one."""
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, create_orders=False, acknowledge_guard=False)
    pos = [house.walmart.place_order() for _ in range(4)]
    drain_in(house)
    while next_job(Bell.INBOUND):
        pass
    queue.clear(Bell.INBOUND)
    with Worker(house) as worker:
        for number in range(32):
            house.post_webhook(pos[number % 4], event_id=f"event-{number}")
            if number % 2:
                # The next one comes while the drain at hand takes its last look, or just after.
                assert wait_until(lambda: waiting_events(house) == 0)
        assert wait_until(lambda: waiting_events(house) == 0)
    assert worker.drains > 1


def test_a_redis_that_was_away_keeps_no_other_one_from_being_rung(house: House, tmp_path: Path, valkey: str) -> None:
    """After a failure the bell keeps still for a second; that is about the Redis that failed."""
    queue.use(f"unix://{tmp_path / 'nobody-is-here'}")
    queue.ring(Bell.INBOUND)
    queue.use(valkey)
    queue.ring(Bell.INBOUND)
    assert next_job(Bell.INBOUND)


def test_a_drain_leaves_nothing_behind_and_no_flag_set(house: House) -> None:
    house.place()
    drain_in(house)
    with house.app.app_context():
        assert seconds_to_next(Bell.INBOUND) != 0.0
        assert seconds_to_next(Bell.OUTBOUND) == 0.0
    assert not queue.client().exists(Bell.INBOUND.flag)


def test_a_drain_whose_time_is_up_rings_for_the_rest(house: House) -> None:
    acknowledges_only(house)
    house.place()
    house.drain()  # Walmart's answer says how full its bucket is, so that the others may go at once
    for _ in range(6):
        house.place()
    drain_in(house)
    while next_job(Bell.OUTBOUND):
        pass
    house.walmart.settings(latency=0.2)
    with house.app.app_context():
        drain(outbound.SOURCE, threads=1, lifetime=0.1, linger=0.0)
    assert 1 < len(house.effects("acknowledge")) < 7
    assert next_job(Bell.OUTBOUND)
    house.drain()
    assert len(house.effects("acknowledge")) == 7


def test_a_drain_stands_by_for_the_next_ring_and_ends_when_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_module, "_stopping", threading.Event())
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, create_orders=False, acknowledge_guard=False)
    queue.ring(Bell.INBOUND)
    assert next_job(Bell.INBOUND)

    def stand() -> None:
        with house.app.app_context():
            drain(inbound.SOURCE, threads=4)
            db.session.remove()

    with ThreadPoolExecutor(1) as pool:
        standing = pool.submit(stand)
        for _ in range(2):
            house.place()
            assert wait_until(lambda: waiting_events(house) == 0)
        assert not next_job(Bell.INBOUND)
        queue.client().flushdb()  # as after a Redis that forgot everything
        house.place()
        assert wait_until(lambda: waiting_events(house) == 0)
        assert not standing.done()
        drain_module.stop_soon()
        standing.result()
    queue.ring(Bell.INBOUND)
    assert next_job(Bell.INBOUND), "the next ring starts the next one"


def test_one_drain_is_made_to_stand_by_and_no_second_one(house: House) -> None:
    queue.stand_by(Bell.OUTBOUND)
    queue.clear(Bell.OUTBOUND)
    queue.stand_by(Bell.OUTBOUND)
    assert next_job(Bell.OUTBOUND)
    assert not next_job(Bell.OUTBOUND)


def test_two_drains_at_once_do_each_thing_once(any_house: House) -> None:
    house = any_house
    pos = [house.place() for _ in range(6)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            list(pool.map(lambda one: one(house), [drain_in, drain_in, drain_out, drain_out]))
    house.drain()
    house.pass_time(seconds=30)
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    assert sorted(house.effects("order_create")) == sorted(f"WM-{po}" for po in pos)


def test_orders_run_side_by_side(house: House) -> None:
    acknowledges_only(house)
    for _ in range(8):
        house.place()
    drain_in(house)
    house.walmart.settings(latency=0.25)
    began = time.monotonic()
    drain_out(house)
    assert len(house.effects("acknowledge")) == 8
    assert time.monotonic() - began < 8 * 2 * 0.25


def test_a_hundred_orders_of_one_account_do_not_keep_another_waiting(house: House) -> None:
    acknowledges_only(house)
    for number in range(100):
        house.post_webhook(f"{number:013d}")
    house.walmart.settings(latency=0.5)
    with second_account(house) as other:
        acknowledges_only(other)
        po = other.walmart.place_order()
        assert other.post_webhook(po) == 200

        def is_read() -> bool:
            return any(one.source == "walmart" and one.state == "handled" for one in events_of(other, po))

        drain_until(house, is_read)
        assert waiting_events(house) > 50


def test_a_backlog_of_orders_never_keeps_a_poll_waiting(house: House) -> None:
    acknowledges_only(house)
    found = house.walmart.place_order()
    ask_all(house)
    silence(house, *(NAMES - {"orders"}))
    for number in range(150):
        house.post_webhook(f"{number:013d}")
    house.walmart.settings(latency=0.5)
    drain_until(house, lambda: stored_orders(house) == [found])
    assert waiting_events(house) > 50


def test_a_job_that_is_lost_with_its_host_is_missed_for_seconds_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "FLAG_SECONDS", 1)
    house.place()
    assert next_job(Bell.INBOUND), "a worker on another host took it, and is gone"
    with house.app.app_context():
        assert wait_until(lambda: Bell.INBOUND in sweep() and next_job(Bell.INBOUND), 5)


def test_as_long_as_a_drain_lives_nobody_starts_a_second_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FLAG_SECONDS", 1)
    monkeypatch.setattr(drain_module, "HOLD_EVERY", 0.2)
    house.walmart.fault("delay", path="/v3/orders", seconds=3)
    house.place()
    queue.keep(Bell.INBOUND)
    assert next_job(Bell.INBOUND)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(drain_in, house)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            queue.ring(Bell.INBOUND)
            assert not next_job(Bell.INBOUND)
            time.sleep(0.05)
        running.result()
    assert not queue.client().exists(Bell.INBOUND.flag)


def test_one_account_that_hangs_leaves_threads_for_the_other(house: House) -> None:
    acknowledges_only(house)
    with second_account(house) as other:
        acknowledges_only(other)
        for _ in range(12):
            house.place()
        pos = [other.place() for _ in range(3)]
        drain_in(house)
        house.walmart.fault("delay", path="/v3/orders/", seconds=4)
        began = time.monotonic()
        with house.app.app_context():
            drain(outbound.SOURCE, threads=8, lifetime=3.0, linger=0.0)
        assert time.monotonic() - began < 20
        assert sorted(other.effects("acknowledge")) == sorted(pos)
        house.walmart.clear_faults()


def test_an_event_of_the_future_wakes_nobody_before_its_time(house: House) -> None:
    po = house.place(lines=[{"sku": "NOT-THERE", "quantity": 1}])
    house.drain()
    with house.app.app_context():
        left = seconds_to_next(Bell.INBOUND)
        assert left is not None
        assert 60 < left <= 24 * 3600
        assert sweep() == []
        clock.move(timedelta(hours=3))
        assert Bell.INBOUND in sweep()
    house.drain()
    assert house.effects("acknowledge") == [po]
