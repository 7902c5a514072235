"""Webhooks that arrive together are stored together, and each gets its own answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from tests.house import SECRET, House, order_event
from webapp import accounts, clock, intake, vault
from webapp.accounts import Sender
from webapp.database import is_sqlite
from webapp.intake import SenderChanged
from webapp.models import AccountRow, EventRow, db
from webapp.unit_of_work import unit_of_work

LOCK = {True: "select 1", False: "lock table events in exclusive mode"}
"""What makes others wait: on SQLite the unit of work itself."""


@pytest.fixture(params=["house", pytest.param("postgres_house", marks=pytest.mark.postgres)])
def home(request: pytest.FixtureRequest) -> House:
    built: House = request.getfixturevalue(request.param)
    return built


def values_of(sender: Sender, delivery: str | None, **more: Any) -> dict[str, Any]:
    return {
        "source": "walmart",
        "account_id": sender.id,
        "store_id": None,
        "delivery_key": delivery,
        "type": "PO_CREATED",
        "happened_at": None,
        "po": "1",
        "headers": {},
        "body": b"{}",
        "received_at": clock.now(),
        "state": "received",
        "reason": "",
        "duplicates": 0,
        **more,
    }


def sender_of(home: House) -> Sender:
    with home.app.app_context():
        found = accounts.sender("walmart", home.account_key)
        db.session.remove()
    assert found is not None
    return found


def rows(home: House) -> list[EventRow]:
    with home.app.app_context():
        found = list(db.session.execute(select(EventRow).order_by(EventRow.id)).scalars())
        db.session.remove()
        return found


def together(home: House, stores: list[tuple[Sender, dict[str, Any]]]) -> list[bool | Exception]:
    """What became of each row when all of them wait while the database is being written to."""
    outcomes: list[bool | Exception | None] = [None] * len(stores)

    def run(place: int) -> None:
        with home.app.app_context():
            try:
                outcomes[place] = intake.store(*stores[place])
            except (SQLAlchemyError, SenderChanged, ValueError) as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(stores))]
    with home.app.app_context(), unit_of_work() as work:
        work.execute(text(LOCK[is_sqlite()]))
        for thread in threads:
            thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join(20)
    assert None not in outcomes
    return [outcome for outcome in outcomes if outcome is not None]


def transactions(home: House, do: Callable[[], object]) -> int:
    """How many transactions end in a commit while it is done."""
    seen: list[object] = []

    def count(connection: object) -> None:
        seen.append(connection)

    with home.app.app_context():
        engine = db.engine
    event.listen(engine, "commit", count)
    try:
        do()
    finally:
        event.remove(engine, "commit", count)
    return len(seen)


def test_those_that_wait_share_a_transaction(home: House) -> None:
    sender = sender_of(home)
    wanted = [(sender, values_of(sender, f"d{n}")) for n in range(12)]
    outcomes: list[bool | Exception] = []
    commits = transactions(home, lambda: outcomes.extend(together(home, wanted)))
    assert outcomes == [True] * 12
    assert sorted(str(row.delivery_key) for row in rows(home)) == sorted(f"d{n}" for n in range(12))
    assert commits <= 3


def test_a_duplicate_is_told_from_the_first_and_counted_within_one_batch(home: House) -> None:
    sender = sender_of(home)
    outcomes = together(home, [(sender, values_of(sender, "same")) for _ in range(6)])
    assert sorted(str(outcome) for outcome in outcomes) == ["False"] * 5 + ["True"]
    (row,) = rows(home)
    assert row.duplicates == 5


def test_the_same_id_with_another_body_is_kept_and_has_no_effect(home: House) -> None:
    sender = sender_of(home)
    wanted = [(sender, values_of(sender, "same")), (sender, values_of(sender, "same", body=b'{"other": 1}'))]
    together(home, wanted)
    first, other = rows(home)
    assert (first.state, first.duplicates) == ("received", 1)
    assert (other.state, other.reason, other.delivery_key) == ("ignored", intake.CONFLICT, None)


def test_a_row_that_cannot_be_stored_spoils_no_other(home: House) -> None:
    sender = sender_of(home)
    poison = values_of(sender, "poison", received_at=clock.now().replace(tzinfo=None))
    wanted = [(sender, values_of(sender, f"d{n}")) for n in range(5)]
    outcomes = together(home, [*wanted[:2], (sender, poison), *wanted[2:]])
    assert [outcome for outcome in outcomes if outcome is True] == [True] * 5
    assert isinstance(outcomes[2], SQLAlchemyError | ValueError)
    assert len(rows(home)) == 5


def test_a_sender_that_has_changed_spoils_no_other_and_is_looked_up_again(home: House) -> None:
    sender = sender_of(home)
    former = replace(sender, sealed=b"what was stored before")
    outcomes = together(home, [(sender, values_of(sender, "good")), (former, values_of(sender, "bad"))])
    assert outcomes[0] is True
    assert isinstance(outcomes[1], SenderChanged)
    assert [row.delivery_key for row in rows(home)] == ["good"]


def test_a_changed_secret_bites_at_once_in_a_process_that_remembers_the_old_one(home: House) -> None:
    assert home.post_webhook("1") == 200
    with home.app.app_context(), unit_of_work() as work:
        row = work.session.get_one(AccountRow, home.account_id)
        row.webhook_auth = vault.seal({"mode": "none", "secrets": ["new"]})
    assert home.post_webhook("2") == 401
    assert home.post(order_event("3"), home.webhook_path.replace(SECRET, "new")) == 200
    assert [row.po for row in rows(home)] == ["1", "3"]


def test_a_removed_account_is_refused_at_once_in_a_process_that_remembers_it(home: House) -> None:
    assert home.post_webhook("1") == 200
    with home.app.app_context(), unit_of_work() as work:
        work.execute(delete(AccountRow))
    assert home.post_webhook("2") == 401


def test_a_database_that_is_away_is_said_to_all_who_wait(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_of(home)

    def away(*_: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(intake, "unchanged", away)
        outcomes = together(home, [(sender, values_of(sender, f"d{n}")) for n in range(4)])
        assert [type(outcome) for outcome in outcomes] == [OperationalError] * 4
        assert home.post_webhook("1") == 503
    assert home.post_webhook("1") == 200


def test_a_leader_that_breaks_off_leaves_nobody_waiting(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_of(home)

    def broken(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patched:
        patched.setattr(intake, "_write_all", broken)
        with home.app.app_context(), pytest.raises(RuntimeError):
            intake.store(sender, values_of(sender, "d1"))
    assert together(home, [(sender, values_of(sender, "d2"))]) == [True]


def test_the_sender_remembered_is_not_asked_for_again(home: House) -> None:
    assert home.post_webhook("1") == 200
    with home.app.app_context():
        known = next(accounts.senders("walmart", home.account_key))
        assert next(accounts.senders("walmart", home.account_key)) is known
