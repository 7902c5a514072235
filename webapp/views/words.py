"""How times, money and deadlines are said: in the store's zone, in words, exact on demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import format_currency
from markupsafe import Markup

from webapp import clock

SOON = timedelta(hours=24)
URGENT = timedelta(hours=1)
_STEPS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A date to keep: the day in words, and how near it is, in words and as a tone (`late`, `soon`, `calm`)."""

    at: Markup
    distance: str = ""
    tone: str = "calm"


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The time zone of this name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(at: datetime | None, zone_name: str = "UTC", *, seconds: bool = False, focus: bool = False) -> Markup:
    """`Today 09:41` as a `<time>`, exact UTC in its title; with `focus` keys reach it, and it shows there too."""
    if at is None:
        return Markup("—")
    return _moment(at, clock.now().astimezone(zone(zone_name)).date(), zone_name, seconds, focus)


@lru_cache(maxsize=4096)
def _moment(at: datetime, today: date, zone_name: str, seconds: bool, focus: bool) -> Markup:
    """A page says a hundred of them, and most of them again and again."""
    local = at.astimezone(zone(zone_name))
    words = (
        f"{_day_of(local.date(), today)} {local:%H:%M:%S}"
        if seconds
        else f"{_day_of(local.date(), today)} {local:%H:%M}"
    )
    return _time(at, words, focus=focus)


def exact(at: datetime) -> Markup:
    """`2026-11-27 21:04:11 UTC` as a `<time>`, for whom no pointer shows titles."""
    return _time(at, _exact(at))


def day(at: datetime, zone_name: str) -> str:
    """`Today`, `Yesterday`, `12 Nov`."""
    return _day_of(at.astimezone(zone(zone_name)).date(), clock.now().astimezone(zone(zone_name)).date())


def clock_time(at: datetime, zone_name: str, *, focus: bool = False) -> Markup:
    """`09:41:06` as a `<time>`."""
    return _time(at, f"{at.astimezone(zone(zone_name)):%H:%M:%S}", focus=focus)


def ago(at: datetime | None) -> Markup:
    """`40 s ago` as a `<time>`."""
    return _time(at, f"{span(clock.now() - at)} ago") if at else Markup("—")


def span(length: timedelta) -> str:
    """The length in its largest unit: `26 h`, `3 d`, `40 s`. Days count from two on."""
    length = abs(length)
    for unit, name in _STEPS:
        if length >= unit * (2 if name == "d" else 1):
            return f"{length // unit} {name}"
    return "0 s"


def countdown(length: timedelta) -> str:
    """The length to the minute, for what is due within hours: `1 h 20 min`."""
    minutes = int(abs(length) / timedelta(minutes=1))
    if minutes < 1 or minutes >= 48 * 60:
        return span(length)
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def due(at: datetime | None, zone_name: str) -> Deadline | None:
    """A deadline of hours that presses from the start: `due in 1 h 20 min`, and then how late it is."""
    if at is None:
        return None
    left = at - clock.now()
    said = moment(at, zone_name, focus=True)
    if left < timedelta(0):
        return Deadline(said, f"{countdown(left)} late", "late")
    return Deadline(said, f"due in {countdown(left)}", "late" if left < URGENT else "soon")


def duration(milliseconds: int) -> str:
    """`184 ms`, `2.4 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def deadline(at: datetime | None, zone_name: str, *, is_open: bool, focus: bool = False) -> Deadline:
    """How a date is to be kept; nothing presses any more once the order is finished."""
    if at is None:
        return Deadline(Markup("—"))
    said = moment(at, zone_name, focus=focus)
    if not is_open:
        return Deadline(said, "", "past")
    left = at - clock.now()
    if left < timedelta(0):
        return Deadline(said, f"{span(left)} late", "late")
    return Deadline(said, f"in {span(left)}", "soon" if left < SOON else "calm")


def percent(part: Decimal, whole: Decimal) -> str:
    """`8.88 %`; empty where there is nothing of it."""
    return f"{part / whole * 100:.2f}".rstrip("0").rstrip(".") + " %" if part and whole else ""


@lru_cache(maxsize=4096)
def money(amount: Decimal, currency: str) -> str:
    """`$48.17`, with the minor units of its currency."""
    said = format_currency(amount, currency, locale="en_US")
    return said.replace(currency, f"{currency}\xa0") if said.lstrip("-").startswith(currency) else said


def grouped(number: str) -> Markup:
    """A long id in groups that an eye can hold; copied, it is still one word."""
    if not number.isdecimal() or len(number) < 8:
        return Markup("{}").format(number)
    cut = [number[i : i + 4] for i in range(0, len(number), 4)]
    if len(cut) > 1 and len(cut[-1]) == 1:
        cut[-2:] = [cut[-2] + cut[-1]]
    return Markup("".join(f"<i>{part}</i>" for part in cut))


@lru_cache(maxsize=1024)
def _day_of(local: date, now: date) -> str:
    apart = (local - now).days
    if apart in (-1, 0, 1):
        return {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}[apart]
    year = f" {local.year}" if local.year != now.year else ""
    return f"{local.day} {local:%b}{year}"


def _time(at: datetime, words: str, *, focus: bool = False) -> Markup:
    exact, tab = at.astimezone(UTC), ' tabindex="0"' if focus else ""
    # Nothing in it comes from outside, and a page has a hundred of them: escaping would cost ten times as much.
    title = _exact(exact)
    return Markup(f'<time datetime="{exact:%Y-%m-%dT%H:%M:%SZ}" title="{title}"{tab}>{words}</time>')


def _exact(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
