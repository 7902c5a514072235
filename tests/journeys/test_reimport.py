"""Some days are read again: rules for what is asked, progress, calling off, a worker that dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.house import House
from tests.polling import days_ago, only_mirror, set_zone, stored, turns
from webapp import accounts, clock, polls, reimport, scans
from webapp.accounts import Account, Refused
from webapp.connectors import walmart as connector
from webapp.domain.scan import Scan
from webapp.models import ReimportRow, db
from webapp.order_pages import Tally
from webapp.reimport import Progress, State
from webapp.settings import CHECKOUT
from webapp.unit_of_work import Work

NODES = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The house on each database."""
    found: House = request.getfixturevalue(request.param)
    return found


def today(offset: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


@contextmanager
def account(house: House) -> Iterator[Account]:
    with house.app.app_context():
        yield accounts.by_id(house.account_id)
        db.session.remove()


def start(house: House, since: int = -30, until: int = 0) -> int:
    with account(house) as mine:
        return reimport.start(mine, reimport.chosen(mine, today(since), today(until)), by="ann@example.com")


def standing(house: House, number: int) -> Progress:
    with house.app.app_context():
        found = reimport.progress(number)
        db.session.remove()
    assert found is not None
    return found


def one_turn(house: House, number: int) -> bool:
    with house.app.app_context():
        turn = polls.take_of(reimport.name_of(number))
        if turn:
            polls.run(turn)
        db.session.remove()
    return turn is not None


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        (today(-1), today(-2), "From is later than To"),
        (today(-1), today(2), "lies in the future"),
        (today(2), today(3), "lies in the future"),
        (today(-190), today(-5), "more than 180 days"),
        (today(-300), today(-290), "last 180 days only"),
        ("yesterday", today(), "From is “yesterday”"),
        (today(), "", "To is empty"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(house: House, since: str, until: str, sentence: str) -> None:
    with account(house) as mine, pytest.raises(Refused, match=sentence):
        reimport.chosen(mine, since, until)


@pytest.mark.parametrize(("since", "until"), [(0, 0), (-180, 0), (-3, -3), (-10, -1)])
def test_whole_days_up_to_180_are_taken(house: House, since: int, until: int) -> None:
    with account(house) as mine:
        chosen = reimport.chosen(mine, today(since), today(until))
    assert chosen.since == datetime.fromisoformat(today(since)).replace(tzinfo=UTC)
    assert chosen.until == min(chosen.since + timedelta(days=until - since + 1), chosen.until)
    assert chosen.until <= datetime.now(UTC)


def test_a_day_is_meant_in_the_shops_time_zone(house: House) -> None:
    set_zone(house, "America/New_York")
    with account(house) as mine:
        chosen = reimport.chosen(mine, today(-5), today(-5))
    assert chosen.since.hour in (4, 5)
    assert chosen.until - chosen.since in {timedelta(hours=hours) for hours in (23, 24, 25)}


def test_orders_from_before_the_first_day_come_in_and_get_no_magento_order(any_house: House) -> None:
    house = any_house
    pos = [house.walmart.place_order(order_date=days_ago(age), ship_node=node) for node in NODES for age in (3, 12, 29)]
    outside = house.walmart.place_order(order_date=days_ago(40))
    house.drain()
    assert stored(house) == {}
    number = start(house)
    house.drain()
    done = standing(house, number)
    assert (done.state, done.orders, done.new, done.total, done.percent) == (State.DONE, 9, 9, 9, 100)
    assert done.sentence == "Done: 9 orders read, 9 of them new, 0 changed."
    assert set(stored(house)) == set(pos)
    assert outside not in stored(house)
    assert house.effects("order_create") == []
    again = start(house)
    before = turns(house)
    house.drain()
    assert standing(house, again).new == 0
    assert turns(house) == before


def test_one_runs_at_a_time(any_house: House) -> None:
    house = any_house
    number = start(house)
    with pytest.raises(Refused, match="is running"):
        start(house)
    house.drain()
    assert standing(house, number).state is State.DONE
    start(house)


def test_calling_off_takes_effect_between_two_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    monkeypatch.setattr(connector, "MOST_ORDERS", 2)
    monkeypatch.setattr(polls, "TURN_SECONDS", 0.0)
    for age in range(8):
        house.walmart.place_order(order_date=days_ago(5 + age / 100))
    number = start(house, since=-6)
    for _ in range(2):
        assert one_turn(house, number)
    with house.app.app_context():
        assert reimport.cancel(number)
    ended = standing(house, number)
    assert ended.state is State.CANCELED
    assert "What was read stays" in ended.sentence
    house.drain()
    assert standing(house, number).pages == ended.pages
    with house.app.app_context():
        assert not reimport.cancel(number)


def test_calling_off_while_a_page_is_read_ends_after_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    monkeypatch.setattr(connector, "MOST_ORDERS", 2)
    for age in range(8):
        house.walmart.place_order(order_date=days_ago(5 + age / 100))
    number = start(house, since=-6)
    real = reimport.record

    def record_and_cancel(work: Work, number: int, scan: Scan, tally: Tally) -> None:
        real(work, number, scan, tally)
        work.session.get_one(ReimportRow, number).wants_cancel = True

    monkeypatch.setattr(reimport, "record", record_and_cancel)
    house.drain()
    ended = standing(house, number)
    assert (ended.state, ended.pages, len(stored(house))) == (State.CANCELED, 1, 2)


def test_trouble_is_told_and_it_goes_on_by_itself(house: House) -> None:
    only_mirror(house)
    po = house.walmart.place_order(order_date=days_ago(5))
    house.walmart.fault("status", method="GET", path="/v3/orders$", status=503)
    number = start(house)
    house.drain()
    waiting = standing(house, number)
    assert waiting.state is State.RUNNING
    assert "It goes on by itself. Walmart answered 503" in waiting.sentence
    house.walmart.clear_faults()
    house.pass_time(minutes=10)
    assert standing(house, number).state is State.DONE
    assert set(stored(house)) == {po}


def test_windows_that_hold_too_much_are_cut(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    monkeypatch.setattr(connector, "MOST_ORDERS", 3)
    monkeypatch.setattr(scans, "MOST_FOUND", 5)
    pos = {house.walmart.place_order(order_date=days_ago(10 + place / 50)) for place in range(20)}
    number = start(house)
    house.drain()
    assert set(stored(house)) == pos
    done = standing(house, number)
    assert (done.new, done.total) == (20, 20)


def test_after_kill_9_it_goes_on_where_it_stood(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    only_mirror(house)
    pos = {house.walmart.place_order(order_date=days_ago(1.5 + age)) for age in range(28)}
    house.walmart.settings(latency=0.05)
    number = start(house, since=-60)
    worker = _worker(house.app, number)
    try:
        until = time.monotonic() + 20
        while standing(house, number).orders < 5 and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    killed = standing(house, number)
    assert killed.state is State.RUNNING
    assert 5 <= killed.orders < 28
    house.walmart.settings(latency=0)
    assert not one_turn(house, number)
    clock.move(polls.LEASE + timedelta(seconds=1))
    house.drain()
    done = standing(house, number)
    assert (done.state, done.percent) == (State.DONE, 100)
    assert set(stored(house)) == pos
    assert {fence for fence, _ in turns(house).values()} <= {1, 2}


def _worker(app: Flask, number: int) -> subprocess.Popen[bytes]:
    settings = app.extensions["orderbridge_settings"]
    code = (
        "from webapp.app import create_app; from webapp import polls, reimport\n"
        f"with create_app().app_context(): polls.run(polls.take_of(reimport.name_of({number})))"
    )
    env = {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
    }
    return subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, env=env)


def test_the_command_line_reads_on_its_own(house: House) -> None:
    po = house.walmart.place_order(order_date=days_ago(5))
    runner = house.app.test_cli_runner()
    given = ["reimport", "Seller", "--from", today(-9), "--to", today(), "--json"]
    told = json.loads(runner.invoke(args=given).stdout)
    assert (told["state"], told["new"], told["percent"]) == ("done", 1, 100)
    assert set(stored(house)) == {po}
    refused = runner.invoke(args=["reimport", "Seller", "--from", today(), "--to", today(-1)])
    assert refused.exit_code == 1
    assert "From is later than To" in refused.stderr
