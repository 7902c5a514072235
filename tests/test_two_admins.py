"""Several admins save the same form in the same moment, on PostgreSQL: one does, and the others are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tests.house import new_database, settings_for
from tests.rows import a_store, an_account
from webapp import account_changes, accounts, store_changes
from webapp.app import create_app
from webapp.models import db
from webapp.unit_of_work import unit_of_work


def test_of_admins_who_save_at_once_one_does(tmp_path: Path, postgres: str, valkey: str) -> None:
    app = create_app(settings_for(tmp_path, new_database(postgres, migrated=True), valkey))
    with app.app_context():
        with unit_of_work() as work:
            # Not the account's own store: to rename that one changes what the account's form shows.
            ids = an_account(work, a_store(work)).id, a_store(work, name="Another").id
        of_account = account_changes.version(account_changes.told(accounts.by_id(ids[0])))
        of_store = account_changes.version(store_changes.told(accounts.store_by_id(ids[1])))
    found: list[str] = []
    gate = threading.Barrier(6)

    def save(act: Callable[[str], object], name: str) -> None:
        with app.app_context():
            gate.wait()
            try:
                act(name)
                found.append(f"{name[0]} saved")
            except account_changes.Stale:
                found.append(f"{name[0]} told")

    def account(name: str) -> None:
        account_changes.change(ids[0], account_changes.Change(name=name, seen_of_account=of_account), name)

    def shop(name: str) -> None:
        store_changes.change(ids[1], store_changes.StoreChange(name=name, seen=of_store), name)

    threads = [
        threading.Thread(target=save, args=(act, f"{kind}{n}"))
        for n in range(3)
        for kind, act in (("A", account), ("S", shop))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["A saved", "A told", "A told", "S saved", "S told", "S told"]
    with app.app_context():
        db.engine.dispose()
