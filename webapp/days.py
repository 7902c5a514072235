"""What people type as a day or a time, in the shop's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def moment(typed: str, zone: tzinfo) -> datetime:
    """`2026-11-01` is the first moment of that day in the zone; a whole time stands as it is. Raises ValueError."""
    at = datetime.fromisoformat(typed.strip())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def end(typed: str, zone: tzinfo) -> datetime:
    """The same, but a day is meant to its end. Raises ValueError."""
    at = moment(typed, zone)
    return _after(at.astimezone(zone).date(), zone) if _is_day(typed) else at


def to_the_minute(typed: str, zone: tzinfo, is_last: bool) -> str:
    """The same for a browser’s field of a time, a day as its first or last minute; empty if it cannot be read."""
    try:
        at = moment(typed, zone).astimezone(zone)
    except (ValueError, OverflowError):
        return ""
    if _is_day(typed) and is_last:
        at = at.replace(hour=23, minute=59)
    return at.replace(tzinfo=None).isoformat(timespec="seconds" if at.second else "minutes")


def _after(day: date, zone: tzinfo) -> datetime:
    """The first moment of the next day, which need not be 24 hours later."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _is_day(typed: str) -> bool:
    try:
        date.fromisoformat(typed.strip())
    except ValueError:
        return False
    return True
