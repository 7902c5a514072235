"""Deadlines by a clock that stands: what is at risk, late, about to be cancelled, and that it is said in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.domain.factories import a_line, an_order, seen
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, CREATED, SELLER_FULFILLED, Order
from webapp.domain.plan.acknowledging import acknowledge_due
from webapp.domain.plan.deadlines import cancels_at, ship_due, watch
from webapp.domain.policy import Policy

DUE = datetime(2026, 11, 10, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_RISK, LATE = "To be shipped by 2026-11-10 07:00 UTC.", "Late: it was to ship by 2026-11-10 07:00 UTC."


def waiting(*units: tuple[str, int], due: datetime = DUE, ship_node: str = SELLER_FULFILLED) -> Order:
    return an_order(a_line(1, *(units or ((ACKNOWLEDGED, 1),))), ship_by=due, ship_node=ship_node)


@pytest.mark.parametrize(
    ("market", "own", "after"),
    [
        ("us", None, 4 * DAY),
        ("ca", None, 7 * DAY),
        ("CA", None, 7 * DAY),
        ("mx", None, 4 * DAY),
        ("us", 2 * DAY, 2 * DAY),
        ("ca", 5 * DAY, 5 * DAY),
    ],
)
def test_walmart_cancels_so_long_after_the_ship_by_date(market: str, own: timedelta | None, after: timedelta) -> None:
    assert cancels_at(waiting(), Policy(auto_cancel_after=own), market) == DUE + after


@pytest.mark.parametrize(
    "order",
    [
        waiting(("Shipped", 1)),
        waiting(("Delivered", 1)),
        waiting((CANCELLED, 2)),
        waiting(("Shipped", 1), (CANCELLED, 1)),
        waiting(ship_node="WFSFulfilled"),
        waiting(ship_node="3PLFulfilled"),
        an_order(a_line(1, (ACKNOWLEDGED, 1))),
    ],
)
def test_what_the_seller_has_not_to_ship_has_no_deadline(order: Order) -> None:
    assert ship_due(order) is None
    assert cancels_at(order, Policy(), "us") is None
    found = watch(seen(order), Policy(), DUE + 10 * DAY)
    assert (found.attention, found.waiting_for, found.look_again_at) == (None, (), None)


@pytest.mark.parametrize(
    "units", [((CREATED, 1),), (("Shipped", 1), (ACKNOWLEDGED, 1)), ((CANCELLED, 1), (CREATED, 1))]
)
def test_one_open_unit_is_enough_for_a_deadline(units: tuple[tuple[str, int], ...]) -> None:
    assert ship_due(waiting(*units)) == DUE


@pytest.mark.parametrize(
    ("market", "now", "said", "warned", "next_look"),
    [
        ("us", DUE - 3 * DAY, (), False, DUE - DAY),
        ("us", DUE - 24 * HOUR - timedelta(seconds=1), (), False, DUE - DAY),
        ("us", DUE - 24 * HOUR, (AT_RISK,), False, DUE),
        ("us", DUE - timedelta(seconds=1), (AT_RISK,), False, DUE),
        ("us", DUE, (LATE,), False, DUE + 2 * DAY),
        ("us", DUE + 2 * DAY - timedelta(seconds=1), (LATE,), False, DUE + 2 * DAY),
        ("us", DUE + 2 * DAY, (LATE,), True, DUE + 4 * DAY),
        ("us", DUE + 4 * DAY, (LATE,), True, None),
        ("us", DUE + 30 * DAY, (LATE,), True, None),
        ("ca", DUE + 2 * DAY, (LATE,), False, DUE + 5 * DAY),
        ("ca", DUE + 5 * DAY, (LATE,), True, DUE + 7 * DAY),
    ],
)
def test_each_mark_comes_at_its_time_and_the_order_is_looked_at_then(
    market: str, now: datetime, said: tuple[str, ...], warned: bool, next_look: datetime | None
) -> None:
    found = watch(seen(waiting(), market=market), Policy(), now)
    assert found.waiting_for == said
    assert found.look_again_at == next_look
    ends = DUE + (7 if market == "ca" else 4) * DAY
    sentence = f"Walmart cancels what has not shipped on {ends:%Y-%m-%d} 07:00 UTC. Ship it, or cancel it yourself."
    assert found.attention == (sentence if warned else None)


@pytest.mark.parametrize("due", [datetime(2026, 10, 30, 7, 0, tzinfo=UTC), datetime(2026, 3, 6, 8, 0, tzinfo=UTC)])
def test_a_clock_that_is_put_forward_or_back_makes_no_warning_late(due: datetime) -> None:
    """Whether Walmart counts days or hours, an hour more or less, the warning is a day and more before."""
    order = waiting(due=due)
    ends = cancels_at(order, Policy(), "us")
    assert ends is not None
    assert ends - due == timedelta(hours=96)
    assert watch(seen(order), Policy(), ends - timedelta(hours=47)).attention


@pytest.mark.parametrize(
    ("order", "due"),
    [
        (an_order(a_line(1, (CREATED, 1))), timedelta(hours=4)),
        (an_order(a_line(1, (CREATED, 1)), a_line(2, (ACKNOWLEDGED, 1))), timedelta(hours=4)),
        (an_order(a_line(1, (ACKNOWLEDGED, 1))), None),
        (an_order(a_line(1, (CREATED, 1)), ship_node="WFSFulfilled"), None),
        (an_order(a_line(1, (CANCELLED, 1))), None),
    ],
)
def test_an_acknowledgement_is_due_four_hours_after_the_order(order: Order, due: timedelta | None) -> None:
    assert acknowledge_due(order) == (order.ordered_at + due if due else None)
