"""How the engine behaves on each database: SQLite in WAL mode with honest transactions, PostgreSQL by its defaults."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event

from webapp.models import db

WRITES = "orderbridge_writes"
"""Execution option of a connection whose transaction writes: SQLite takes its write lock at once."""


def attach(app: Flask) -> None:
    """Bind the database to the application and set each new connection up. A forked child gets fresh connections."""
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


def engine_options(url: str) -> dict[str, Any]:
    """Pool and driver options: enough connections for every thread, none kept broken."""
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 44, "pool_pre_ping": not url.startswith("sqlite")}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 15, "check_same_thread": False}
    else:
        options["connect_args"] = {"connect_timeout": 5, "options": "-c timezone=utc"}
    return options


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # None turns off the driver's own guessing of transactions; BEGIN is then ours to say, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_sqlite(engine: Engine | None = None) -> bool:
    """Whether the bound database is SQLite. Needs an application context."""
    return (engine or db.engine).dialect.name == "sqlite"
