"""Reads a neighbour's JSON as it really comes: nulls, empty objects, one object for a list, numbers as strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

# Before this, an epoch number in milliseconds would lie in 1973: such a number is meant in seconds.
FIRST_MILLISECONDS = 100_000_000_000

Object = Mapping[str, Any]


class Unreadable(ValueError):
    """A value that must be there is missing or has no sense; the text names the field."""


def document(body: bytes) -> Any:
    """The JSON value, numbers as Decimal or int straight from the text. Raises Unreadable."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the answer is not JSON") from error


def part(source: Object, *path: str) -> Object:
    """The object at the path; empty where it is missing, null or something else."""
    value: Any = source
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def many(source: Object, *path: str) -> tuple[Object, ...]:
    """The objects of the list at the path; a single object stands for a list of one."""
    value = part(source, *path[:-1]).get(path[-1])
    if isinstance(value, dict):
        return (value,) if value else ()
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def text(source: Object, key: str) -> str:
    """The value as a string, without blanks around it; empty where it is missing, null or not a plain value."""
    value = source.get(key)
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


def needed(source: Object, key: str) -> str:
    """The same, but it must be there. Raises Unreadable."""
    value = text(source, key)
    if not value:
        raise Unreadable(f"{key} is missing")
    return value


def amount(source: Object, key: str) -> Decimal | None:
    """A finite number, written as a number or a string; None where it is missing or null. Raises Unreadable."""
    value = source.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Unreadable(f"{key} is not a number")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise Unreadable(f"{key} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise Unreadable(f"{key} is not a usable number")
    return number


def whole(source: Object, key: str) -> int | None:
    """A whole number, `"1"`, `1` and `1.0` alike; None where it is missing. Raises Unreadable."""
    number = amount(source, key)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unreadable(f"{key} is not a whole number")
    return int(number)


def moment(source: Object, key: str) -> datetime | None:
    """An aware UTC time from epoch milliseconds or ISO 8601; None where it is missing or cannot be read."""
    value = text(source, key)
    return instant(value) if value else None


def instant(value: str) -> datetime | None:
    """The same for a bare string; a time without a zone is UTC."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return _iso(value)
    try:
        seconds = number / 1000 if abs(number) >= FIRST_MILLISECONDS else number
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError, InvalidOperation):
        return None


def http_time(value: str) -> datetime | None:
    """An aware time from an HTTP header such as `Date`; None where it is missing or cannot be read."""
    try:
        found = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _iso(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
