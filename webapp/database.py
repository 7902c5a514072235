"""How the engine behaves on each database: SQLite in WAL mode with honest transactions, PostgreSQL by its defaults."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from webapp.models import db

WRITES = "orderbridge_writes"
"""Execution option of a connection whose transaction writes: SQLite takes its write lock at once."""

USED_AT = "orderbridge_used_at"
RESTED = 1.0
"""After so many seconds a PostgreSQL connection is tried before it is used again."""


def attach(app: Flask) -> None:
    """Bind the database to the application and set each new connection up. A forked child gets fresh connections."""
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_ping_rested, engine))
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


def engine_options(url: str) -> dict[str, Any]:
    """Pool and driver options: enough connections for every thread, none kept broken.

    The connection used last is used next, as each has a cache of its own, up to 3 MB of it on SQLite. A statement that
    is kept compiled takes 40 kB.
    """
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 44, "pool_use_lifo": True, "query_cache_size": 150}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 15, "check_same_thread": False}
    else:
        options["connect_args"] = {"connect_timeout": 5, "options": "-c timezone=utc"}
    return options


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[USED_AT] = time.monotonic()


def _ping_rested(engine: Engine, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that has rested may be broken: try it. One just in use is not worth the round trips."""
    if time.monotonic() - record.info.get(USED_AT, time.monotonic()) < RESTED:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


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
