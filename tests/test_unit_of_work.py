"""The one place that commits: all or nothing, then the bells, and many writers side by side."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from tests.driving import drain_in, drain_out, side_by_side
from tests.house import House
from tests.mother import Mother
from webapp import accounts, queue
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import AccountRow, db
from webapp.neighbours import call_both
from webapp.queue import Bell
from webapp.unit_of_work import unit_of_work

TIMES = 60


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def jobs(bell: Bell) -> int:
    """The jobs that wait for a worker."""
    waiting = queue.client().llen(f"rq:queue:{bell.value}")
    assert isinstance(waiting, int)
    return waiting


def rename(house: House, name: str) -> None:
    with unit_of_work() as work:
        work.execute(update(AccountRow).values(name=name))
        work.ring(Bell.OUTBOUND)


def name_of(house: House) -> str:
    with house.app.app_context():
        return db.session.get_one(AccountRow, house.account_id).name


def test_units_of_work_do_not_nest(house: House) -> None:
    with house.app.app_context():
        with unit_of_work(), pytest.raises(RuntimeError, match="nest"), unit_of_work():
            pass
        rename(house, "still works")
    assert name_of(house) == "still works"


def test_a_bell_rings_after_the_commit_and_not_before(any_house: House) -> None:
    house = any_house
    with house.app.app_context():
        with unit_of_work() as work:
            work.execute(update(AccountRow).values(name="new"))
            work.ring(Bell.OUTBOUND)
            work.ring(Bell.OUTBOUND)
            assert jobs(Bell.OUTBOUND) == 0
        assert (name_of(house), jobs(Bell.OUTBOUND), jobs(Bell.INBOUND)) == ("new", 1, 0)


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_what_breaks_off_leaves_nothing_and_rings_nothing(house: House, kind: type[BaseException]) -> None:
    def begin() -> None:
        with unit_of_work() as work:
            work.execute(update(AccountRow).values(name="half done"))
            work.ring(Bell.OUTBOUND)
            raise kind

    with house.app.app_context(), pytest.raises(kind):
        begin()
    assert (name_of(house), jobs(Bell.OUTBOUND)) == ("Seller", 0)
    with house.app.app_context():
        rename(house, "whole")
    assert name_of(house) == "whole"


def test_a_commit_that_fails_rings_nothing(house: House) -> None:
    def move_to_nowhere() -> None:
        with unit_of_work() as work:
            work.execute(text("pragma defer_foreign_keys = on"))
            work.execute(update(AccountRow).values(store_id=999))
            work.ring(Bell.OUTBOUND)

    with house.app.app_context(), pytest.raises(IntegrityError):
        move_to_nowhere()
    assert jobs(Bell.OUTBOUND) == 0


def test_a_redis_that_is_away_breaks_no_commit(house: House) -> None:
    queue.use("unix:///nowhere/redis.sock")
    with house.app.app_context():
        rename(house, "committed")
    assert name_of(house) == "committed"


def test_eight_threads_that_read_and_then_write_lose_no_update(house: House) -> None:
    def count(_: int) -> None:
        for _ in range(10):
            with unit_of_work() as work:
                row = work.session.get_one(AccountRow, house.account_id, populate_existing=True)
                row.seller_id = str(int(row.seller_id or 0) + 1)

    side_by_side(house, count)
    with house.app.app_context():
        assert db.session.get_one(AccountRow, house.account_id).seller_id == "80"


def test_processes_that_write_at_once_wait_for_each_other(house: House, tmp_path: Path, mother: Mother) -> None:
    said, words = tmp_path / "said", ("tests.counting_writer", str(TIMES))
    writers = [mother.start(words, house.environment(), said) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0], said.read_text()
    with house.app.app_context():
        assert db.session.get_one(AccountRow, house.account_id).seller_id == str(3 * TIMES)


def test_the_flag_keeps_rings_from_piling_up_jobs(house: House) -> None:
    for _ in range(50):
        queue.ring(Bell.INBOUND)
    assert jobs(Bell.INBOUND) == 1
    queue.clear(Bell.INBOUND)
    queue.ring(Bell.INBOUND)
    assert jobs(Bell.INBOUND) == 2


def test_rings_wake_the_drain_that_waits_once_whether_or_not_the_flag_stands(house: House) -> None:
    for rings in (1, 2, 2):
        for _ in range(rings):
            queue.ring(Bell.INBOUND)
        assert queue.wait(Bell.INBOUND, 0.01)
        assert not queue.wait(Bell.INBOUND, 0.01)
    assert jobs(Bell.INBOUND) == 1


def test_what_lies_in_redis_names_a_job_and_nothing_of_an_order(house: House) -> None:
    po = house.place()
    store = redis.Redis.from_url(house.app.extensions["orderbridge_settings"].redis_url)
    keys = list(store.scan_iter("*"))
    everything = b" ".join([*keys, *(store.dump(key) or b"" for key in keys)])
    assert any(b"rq:job" in key for key in keys)
    assert po.encode() not in everything


def test_a_neighbour_is_never_called_inside_a_unit_of_work(house: House) -> None:
    with house.app.app_context():
        both = call_both(accounts.by_id(house.account_id), lambda _: None)
        with unit_of_work(), pytest.raises(RuntimeError, match="inside a unit of work"):
            both.magento.find_orders(increment_ids=("1",))
    assert house.magento.ledger.calls() == []


def test_no_transaction_stays_open_while_a_neighbour_is_waited_for(postgres_house: House) -> None:
    """Each call takes 0.3 s; whatever is open and idle for a third of that was left open."""
    house = postgres_house
    for side in (house.walmart, house.magento):
        side.fault("delay", seconds=0.3)
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    po = house.place()
    left_open: set[str] = set()

    def work_it_off() -> None:
        for drain in (drain_in, drain_out) * 2:
            drain(house)

    idle = text(
        "select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and state = 'idle in transaction' and now() - state_change > interval '100 ms'"
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work_it_off)
        with house.app.app_context():
            while not running.done():
                left_open.update(db.session.execute(idle).scalars())
                db.session.rollback()
                time.sleep(0.05)
        running.result()
    assert house.effects("order_create") == [f"WM-{po}"]
    assert left_open == set()
