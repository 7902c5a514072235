"""The migrations lead to exactly the tables that the models describe, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import CheckConstraint, inspect, select, text, update
from sqlalchemy.engine import Connection

from tests.house import new_database, settings_for
from tests.rows import a_store, an_account, an_order
from webapp import accounts, bulk, bulk_progress, clock, schema
from webapp.app import create_app
from webapp.models import AccountRow, BulkItemRow, BulkJobRow, OrderRow, db, is_of_finding
from webapp.models.orders import FACET
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index ix_orders_lead"
)

BEFORE_THE_SWITCH = "0026"
"""The revision before stock of WFS orders was managed by a switch."""
BEFORE_REFRESHES_ENDED = "0028"
"""The revision before the end of a refresh was written down."""
BEFORE_STROKES_WENT = "0030"
"""The revision before letters with a stroke were found without it."""


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, valkey: str) -> Iterator[Flask]:
    """An application whose empty database went through every migration."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.db'}"
    else:
        url = new_database(request.getfixturevalue("postgres"))
    app = create_app(settings_for(tmp_path, url, valkey))
    schema.attach(app)
    with app.app_context():
        schema.upgrade()
        yield app
        db.engine.dispose()


def differences(connection: Connection) -> list[Any]:
    def is_modelled(_thing: Any, name: str | None, *_rest: Any) -> bool:
        return not is_of_finding(name)

    opts = {"compare_type": True, "compare_server_default": True, "include_object": is_modelled}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, db.metadata))


def test_the_migrated_tables_are_the_models(migrated: Flask) -> None:
    with db.engine.connect() as connection:
        assert differences(connection) == []


def test_the_check_constraints_are_there_too(migrated: Flask) -> None:
    found = inspect(db.engine)
    for table in db.metadata.sorted_tables:
        wanted = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint) and c.name}
        assert {str(each["name"]) for each in found.get_check_constraints(table.name)} >= wanted


def test_the_facet_is_computed_as_the_model_says(migrated: Flask) -> None:
    if db.engine.dialect.name == "sqlite":  # the other database keeps the rule in words of its own
        made = db.session.execute(text("select sql from sqlite_master where name = 'orders'")).scalar_one()
        assert FACET in made


def test_a_source_that_was_named_for_wfs_orders_still_ships_them(migrated: Flask) -> None:
    """Before there was a switch, naming the source was the switch."""
    kept: list[dict[str, Any]] = [
        {"wfs_shipment_source": "walmart", "invoice": False},
        {"invoice": False},
        {"wfs_shipment_source": "off", "wfs_manage_stock": False},
    ]
    with unit_of_work() as work:
        store = a_store(work)
        keys = [an_account(work, store, f"Account {n}", settings=settings).key for n, settings in enumerate(kept)]
    flask_migrate.downgrade(revision=BEFORE_THE_SWITCH)
    with unit_of_work() as work:
        for key, settings in zip(keys, kept, strict=True):
            work.execute(update(AccountRow).where(AccountRow.key == key).values(settings=settings))
    schema.upgrade()
    db.session.remove()
    policies = [one.policy for key in keys if (one := accounts.by_key(key))]
    db.session.remove()
    assert [(one.wfs_source, one.invoice) for one in policies] == [("walmart", False), ("", False), ("", True)]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("refresh", "It is read again now.", "It was read again."),
        ("refresh", "Read on both sides now.", "It was read again."),
        ("refresh", "Read at Walmart; Magento has none.", "Read at Walmart; Magento has none."),
        ("resend", "It is read again now.", "It is read again now."),
    ],
)
def test_refreshes_of_old_do_not_say_for_ever_that_they_go_on(
    migrated: Flask, action: str, before: str, after: str
) -> None:
    with unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), "2802100000001")
        job = BulkJobRow(key="k", action=action, by="a@b.c", state="done", asked_at=clock.now())
        work.add(job)
        work.flush()
        work.add(BulkItemRow(job_id=job.id, order_id=order.id, state="done", sentence=before))
    flask_migrate.downgrade(revision=BEFORE_REFRESHES_ENDED)
    schema.upgrade()
    db.session.remove()
    found = bulk.find("k")
    assert found is not None
    [shown], _ = bulk_progress.items(found, bulk_progress.DONE, 0, 9)
    db.session.remove()
    assert shown.sentence == after


def test_buyers_stored_with_a_stroke_are_found_without_it(migrated: Flask) -> None:
    with unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), "2802100000001")
        order.find_buyer, order.find_items = " łukasz ægir", " mug"
    flask_migrate.downgrade(revision=BEFORE_STROKES_WENT)
    schema.upgrade()
    db.session.remove()
    stored = db.session.execute(select(OrderRow.find_buyer, OrderRow.find_items)).one()
    db.session.remove()
    assert tuple(stored) == (" lukasz aegir", " mug")


def test_partial_indexes_keep_their_condition(migrated: Flask) -> None:
    found = inspect(db.engine)
    for table in db.metadata.sorted_tables:
        there = {index["name"]: index for index in found.get_indexes(table.name)}
        for index in table.indexes:
            options = index.dialect_options[db.engine.dialect.name]
            has_condition = options.get("where") is not None
            stored = there[str(index.name)].get("dialect_options", {})
            assert (f"{db.engine.dialect.name}_where" in stored) is has_condition, index.name


def test_migrating_again_changes_nothing(migrated: Flask) -> None:
    schema.upgrade()
    with db.engine.connect() as connection:
        assert differences(connection) == []


def test_the_databases_own_indexes_outlive_the_migrations(migrated: Flask) -> None:
    """No model knows them, so a migration that builds a table anew would leave them behind in silence."""
    lists = {"sqlite": "select name from sqlite_master", "postgresql": "select indexname from pg_indexes"}
    with db.engine.connect() as connection:
        names = set(connection.execute(text(lists[connection.dialect.name])).scalars())
    finding = "orders_fts" if db.engine.dialect.name == "sqlite" else "ix_orders_find"
    assert {"ix_orders_lead", finding} <= names
