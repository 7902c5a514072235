"""Applications are made by the thousand here, and most of that time goes into functions that write addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]

_compile: Callable[[Rule, bool], Build] = Rule._compile_builder


def _when_needed(rule: Rule, append_unknown: bool = True) -> Build:
    made: Build | None = None

    def build(self: Rule, *words: Any, **named: Any) -> tuple[str, str]:
        nonlocal made
        made = made or _compile(rule, append_unknown)
        return made(self, *words, **named)

    return build


def install() -> None:
    """From now on a route's two functions that write its address are compiled when they are used first."""
    setattr(Rule, "_compile_builder", _when_needed)  # noqa: B010
