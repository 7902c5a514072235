"""When somebody who is not looking is told, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.domain.alerts import MOST_TOLD, Cause, Kind, Known, is_to_be_raised, message

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "age", "told_ago", "told_number", "number", "is_raised"),
    [
        (Kind.FAILED, 0, None, 0, 3, True),
        (Kind.SERVER, 0, None, 0, 0, False),
        (Kind.SERVER, 4, None, 0, 0, False),
        (Kind.SERVER, 5, None, 0, 0, True),
        (Kind.LATE, 60, 60, 3, 3, False),
        (Kind.LATE, 60, 60, 3, 9, False),
        (Kind.LATE, 1500, 1440, 3, 4, True),
        (Kind.LATE, 1500, 1439, 3, 4, False),
        (Kind.LATE, 9000, 9000, 3, 3, False),
        (Kind.LATE, 9000, 9000, 3, 2, False),
        (Kind.ACKNOWLEDGE, 60, 1, 1, 2, True),
        (Kind.ACKNOWLEDGE, 60, 60, 1, 1, False),
        (Kind.CANCELLATION, 60, 1, 0, 1, True),
        (Kind.CANCELLATION, 60, 60, 2, 1, False),
    ],
)
def test_a_cause_is_told_once_and_again_where_it_has_grown_at_once_if_it_is_urgent(
    kind: Kind, age: int, told_ago: int | None, told_number: int, number: int, is_raised: bool
) -> None:
    told_at = None if told_ago is None else NOW - told_ago * MINUTE
    known = Known(NOW - age * MINUTE, told_at, told_number)
    assert is_to_be_raised(Cause("a", kind, "It is wrong.", number=number), known, NOW) is is_raised


def test_a_message_leads_to_the_page_behind_each_cause() -> None:
    causes = [
        Cause(
            "a",
            Kind.FAILED,
            "Create the Magento order failed for 3 orders.",
            "SKU … was not found.",
            "/outgoing?x=1",
            3,
        ),
        Cause("b", Kind.LATE, "1 order of North is late.", "", "/orders?tab=late", 1),
    ]
    told = message(causes, "https://bridge.example")
    assert told.subject == "Orderbridge: Create the Magento order failed for 3 orders, and 1 more"
    assert told.text.startswith(
        "Failed: Create the Magento order failed for 3 orders.\n  SKU … was not found.\n"
        "  https://bridge.example/outgoing?x=1\n\nLate: 1 order of North is late.\n"
    )
    assert "https://bridge.example/settings/alerts" in told.text


def test_a_flood_is_told_with_its_number() -> None:
    causes = [Cause(str(n), Kind.FAILED, f"Cause {n}.") for n in range(MOST_TOLD + 7)]
    told = message(causes, "https://bridge.example").text
    assert told.count("Failed: ") == MOST_TOLD
    assert "And 7 more: https://bridge.example/dashboard" in told
