"""The stand-ins' clock: the present as an aware time, as epoch milliseconds and as text."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def now_ms() -> int:
    """The present as epoch milliseconds, the form of every time in Walmart's JSON bodies."""
    return int(now().timestamp() * 1000)


def iso(moment: datetime) -> str:
    """The time as ISO 8601 in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_ms(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
