"""The one clock outside the rules, so that tests may move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)
_stands_at: datetime | None = None


def now() -> datetime:
    """The present, aware and in UTC."""
    return (_stands_at or datetime.now(UTC)) + _offset


def stand() -> None:
    """Tests only: time stands still from here on, but for what `move` adds."""
    global _stands_at  # noqa: PLW0603
    _stands_at = _stands_at or datetime.now(UTC)


def move(by: timedelta) -> None:
    """Tests only: let time pass without waiting. Moves add up; a negative one goes back."""
    global _offset  # noqa: PLW0603
    _offset += by


def reset() -> None:
    """Tests only: the clock tells the real time again."""
    global _offset, _stands_at  # noqa: PLW0603
    _offset, _stands_at = timedelta(0), None
