"""The one clock outside the rules, so that tests may move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """The present, aware and in UTC."""
    return datetime.now(UTC) + _offset


def move(by: timedelta) -> None:
    """Tests only: let time pass without waiting. Moves add up; a negative one goes back."""
    global _offset  # noqa: PLW0603
    _offset += by


def reset() -> None:
    """Tests only: the clock tells the real time again."""
    global _offset  # noqa: PLW0603
    _offset = timedelta(0)
