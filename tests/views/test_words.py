"""How times, money and ids are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from webapp import clock
from webapp.domain import amounts
from webapp.views import words


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    at = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.mark.parametrize(
    ("hours", "zone", "said"),
    [
        (-1, "UTC", "Today 11:00"),
        (-13, "UTC", "Yesterday 23:00"),
        (26, "UTC", "Tomorrow 14:00"),
        (-72, "UTC", "5 Mar 12:00"),
        (-24 * 100, "UTC", "28 Nov 2025 12:00"),
        (-1.5, "America/Los_Angeles", "Today 03:30"),
        (-2.5, "America/Los_Angeles", "Today 01:30"),
        (0, "Asia/Kathmandu", "Today 17:45"),
        (24 * 238 - 10.5, "America/Los_Angeles", "31 Oct 18:30"),
        (24 * 238 - 3.5, "America/Los_Angeles", "1 Nov 01:30"),
        (24 * 238 - 2.5, "America/Los_Angeles", "1 Nov 01:30"),
        (24 * 238 - 1.5, "America/Los_Angeles", "1 Nov 02:30"),
        (24 * 20 + 12.5, "Europe/Berlin", "29 Mar 01:30"),
        (24 * 20 + 13.5, "Europe/Berlin", "29 Mar 03:30"),
        (24 * 28, "Australia/Lord_Howe", "5 Apr 22:30"),
        (0, "Pacific/Kiritimati", "Today 02:00"),
        (0, "Nowhere/Never", "Today 12:00"),
    ],
)
def test_a_time_is_said_in_the_store_s_zone(noon: datetime, hours: float, zone: str, said: str) -> None:
    text = words.moment(noon + timedelta(hours=hours), zone)
    assert f">{said}</time>" in text
    assert 'datetime="20' in text
    assert ' UTC"' in text


@pytest.mark.parametrize(
    ("left", "tone", "distance"),
    [
        (timedelta(days=3), "calm", "in 3 d"),
        (timedelta(hours=24), "calm", "in 24 h"),
        (timedelta(hours=23, minutes=59), "soon", "in 23 h"),
        (timedelta(minutes=4), "soon", "in 4 min"),
        (timedelta(seconds=-1), "late", "1 s late"),
        (timedelta(days=-2), "late", "2 d late"),
    ],
)
def test_a_deadline_presses_more_the_nearer_it_is(noon: datetime, left: timedelta, tone: str, distance: str) -> None:
    found = words.deadline(noon + left, "UTC", is_open=True)
    assert (found.tone, found.distance) == (tone, distance)
    assert words.deadline(noon + left, "UTC", is_open=False).tone == "past"
    assert str(words.deadline(None, "UTC", is_open=True).at) == "—"


@pytest.mark.parametrize(
    ("now", "due", "said", "tone", "distance"),
    [
        ("2026-03-07T20:00:00", "2026-03-08T20:00:00", "Tomorrow 13:00", "calm", "in 24 h"),
        ("2026-03-07T20:00:01", "2026-03-08T20:00:00", "Tomorrow 13:00", "soon", "in 23 h"),
        ("2026-03-08T09:59:59", "2026-03-08T10:00:00", "Today 03:00", "soon", "in 1 s"),
        ("2026-03-08T10:00:01", "2026-03-08T10:00:00", "Today 03:00", "late", "1 s late"),
        ("2026-11-01T06:30:00", "2026-11-01T08:30:00", "Tomorrow 01:30", "soon", "in 2 h"),
        ("2026-11-01T06:30:00", "2026-11-01T09:30:00", "Tomorrow 01:30", "soon", "in 3 h"),
        ("2026-11-01T10:00:00", "2026-11-01T08:30:00", "Today 01:30", "late", "1 h late"),
        ("2026-11-01T08:00:00", "2026-11-02T08:00:00", "Tomorrow 00:00", "calm", "in 24 h"),
    ],
)
def test_a_deadline_counts_true_hours_where_the_store_changes_its_clocks(
    monkeypatch: pytest.MonkeyPatch, now: str, due: str, said: str, tone: str, distance: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    found = words.deadline(datetime.fromisoformat(due).replace(tzinfo=UTC), "America/Los_Angeles", is_open=True)
    assert f">{said}</time>" in found.at
    assert (found.tone, found.distance) == (tone, distance)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("48.17", "USD", "$48.17"),
        ("1234567.5", "USD", "$1,234,567.50"),
        ("500", "JPY", "¥500"),
        ("-3.1", "USD", "-$3.10"),
        ("1.5", "KWD", "KWD 1.500"),
        ("-1.5", "KWD", "-KWD 1.500"),
        ("-1200", "JPY", "-¥1,200"),
        ("0.005", "KWD", "KWD 0.005"),
        ("19.9", "CAD", "CA$19.90"),
        ("1234567890.12", "MXN", "MX$1,234,567,890.12"),
    ],
)
def test_money_has_its_currency_s_minor_units(amount: str, currency: str, said: str) -> None:
    assert words.money(Decimal(amount), currency).replace("\xa0", " ") == said


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("2802123876439", ["2802", "1238", "76439"]),
        ("28021238", ["2802", "1238"]),
        ("2802123876", ["2802", "1238", "76"]),
    ],
)
def test_a_long_id_is_grouped_for_the_eye_and_one_word_when_copied(number: str, groups: list[str]) -> None:
    assert words.grouped(number) == "".join(f"<i>{part}</i>" for part in groups)


def test_other_ids_are_left_alone() -> None:
    assert words.grouped("WM-<b>") == "WM-&lt;b&gt;"
    assert words.grouped("12345") == "12345"


@pytest.mark.parametrize("currency", ["USD", "CAD", "MXN", "CLP"])
@pytest.mark.parametrize("amount", ["0", "4.5", "-1200", "1234567.89"])
def test_a_kept_sentence_tells_money_as_the_pages_do(currency: str, amount: str) -> None:
    assert amounts.money(Decimal(amount), currency) == words.money(Decimal(amount), currency)
