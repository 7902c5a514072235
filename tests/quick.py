"""Applications are made by the thousand here: what each would make anew for itself, they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]

_compile: Callable[[Rule, bool], Build] = Rule._compile_builder
_dialects: dict[str, DefaultDialect] = {}
_statements: dict[str, Any] = {}


def _when_needed(rule: Rule, append_unknown: bool = True) -> Build:
    made: Build | None = None

    def build(self: Rule, *words: Any, **named: Any) -> tuple[str, str]:
        nonlocal made
        made = made or _compile(rule, append_unknown)
        return made(self, *words, **named)

    return build


class _Templates(BytecodeCache):
    """Compiled templates by the digest of their source."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        found = self._compiled.get(bucket.key + bucket.checksum)
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_templates = _Templates()


def install() -> None:
    """From now on a route's two functions that write its address are compiled when they are used first."""
    setattr(Rule, "_compile_builder", _when_needed)  # noqa: B010


def prepare(app: Flask, engine: Engine) -> None:
    """Share compiled templates and statements with the applications before; on SQLite do not wait for the disk.

    No test takes the power away: what a killed process had written is there without waiting, too.
    """
    app.jinja_env.bytecode_cache = _templates
    name = engine.dialect.name
    engine.dialect = _dialects.setdefault(name, engine.dialect)  # type: ignore[arg-type]
    engine._compiled_cache = _statements.setdefault(name, engine._compiled_cache)
    if name == "sqlite":
        event.listen(engine, "connect", _do_not_wait)


def _do_not_wait(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()
