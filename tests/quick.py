"""Applications are made by the thousand here: what each would make anew for itself, they share."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

_compile = Rule.compile
_compiled: dict[Any, tuple[Any, ...]] = {}
_dialects: dict[str, DefaultDialect] = {}
_statements: dict[str, Any] = {}


def _compile_once(rule: Rule) -> None:
    """Nothing of what is made of a route's text is changed later, and the functions are told whose they are."""
    text = rule.rule, rule.subdomain, rule.host, repr(rule.defaults)
    key = (*text, rule.merge_slashes, rule.map.host_matching, *rule.map.converters.items())
    if key not in _compiled:
        _compile(rule)
        functions = rule._build.__func__, rule._build_unknown.__func__  # type: ignore[attr-defined]
        _compiled[key] = rule._parts, rule._trace, rule._converters, *functions
    rule._parts, rule._trace, rule._converters, build, build_unknown = _compiled[key]
    rule.arguments.update(rule._converters)
    rule._build, rule._build_unknown = build.__get__(rule), build_unknown.__get__(rule)


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
    """From now on a route that is written as one before is not compiled again."""
    setattr(Rule, "compile", _compile_once)  # noqa: B010


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
