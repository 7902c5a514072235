"""The one status of an order, from every way its units can stand."""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement

import pytest

from tests.domain.factories import a_line, an_order
from webapp.domain.order import Line, OrderStatus, counts_in_words, has_gone_backwards, is_open

SHIPPED = {"Shipped", "Delivered", "Refund"}
WORDS = ("Created", "Acknowledged", "Shipped", "Delivered", "Refund", "Cancelled", "OnHoldBySomebody")
HANDFULS = [units for size in (1, 2, 3) for units in combinations_with_replacement(WORDS, size)]


def as_lines(units: tuple[str, ...]) -> tuple[Line, ...]:
    return tuple(a_line(number, (word, 1)) for number, word in enumerate(units, 1))


@pytest.mark.parametrize(
    ("units", "status"),
    [
        ([("Created", 1)], "Created"),
        ([("Acknowledged", 1)], "Unshipped"),
        ([("Shipped", 1)], "Shipped"),
        ([("Delivered", 1)], "Shipped"),
        ([("Refund", 1)], "Shipped"),
        ([("Shipped", 1), ("Delivered", 1), ("Refund", 1)], "Shipped"),
        ([("Cancelled", 1)], "Canceled"),
        ([("Created", 1), ("Acknowledged", 2)], "Created"),
        ([("Created", 1), ("Cancelled", 1)], "Created"),
        ([("Acknowledged", 1), ("Cancelled", 1)], "Unshipped"),
        ([("Shipped", 1), ("Cancelled", 1)], "Partially Shipped"),
        ([("Shipped", 1), ("Acknowledged", 4)], "Partially Shipped"),
        ([("Shipped", 1), ("Created", 1)], "Partially Shipped"),
        ([("Refund", 1), ("Cancelled", 2)], "Partially Shipped"),
        ([("Delivered", 1), ("OnHoldBySomebody", 1)], "Partially Shipped"),
        ([("OnHoldBySomebody", 1)], "Unshipped"),
        ([("OnHoldBySomebody", 1), ("Created", 1)], "Created"),
        ([("OnHoldBySomebody", 1), ("Cancelled", 1)], "Unshipped"),
        ([("Created", 0), ("Shipped", 2)], "Shipped"),
    ],
)
def test_a_line_of_several_units_folds_into_the_word_a_merchant_knows(
    units: list[tuple[str, int]], status: str
) -> None:
    assert an_order(a_line(1, *units)).status == status


@pytest.mark.parametrize("units", HANDFULS, ids=" + ".join)
def test_every_handful_of_units_follows_the_five_rules(units: tuple[str, ...]) -> None:
    shipped = sum(word in SHIPPED for word in units)
    expected = {
        "Canceled": all(word == "Cancelled" for word in units),
        "Shipped": shipped == len(units),
        "Partially Shipped": 0 < shipped < len(units),
        "Created": shipped == 0 and "Created" in units,
        "Unshipped": shipped == 0 and "Created" not in units and any(word != "Cancelled" for word in units),
    }
    assert [word for word, holds in expected.items() if holds] == [an_order(*as_lines(units)).status]


@pytest.mark.parametrize("units", [units for units in HANDFULS if len(units) > 1], ids=" + ".join)
def test_it_does_not_matter_how_units_are_dealt_over_lines(units: tuple[str, ...]) -> None:
    one_line = an_order(a_line(1, *Counter(units).items()))
    one_each = an_order(*as_lines(units))
    two_lines = an_order(a_line(1, (units[0], 1)), a_line(2, *((word, 1) for word in units[1:])))
    assert one_line.status == one_each.status == two_lines.status
    assert one_line.counts() == one_each.counts() == two_lines.counts()
    assert is_open(one_line.counts()) == any(word != "Cancelled" and word not in SHIPPED for word in units)


def test_an_order_without_any_unit_is_created_and_not_shipped_or_canceled() -> None:
    assert an_order(a_line(1, ("Shipped", 0))).status is OrderStatus.CREATED


def test_a_word_that_walmart_invents_is_kept_counted_and_named() -> None:
    order = an_order(a_line(1, ("Teleported", 2), ("Shipped", 1)), a_line(2, ("Acknowledged", 1)))
    assert order.unknown_statuses == ("Teleported",)
    assert counts_in_words(order.counts()) == "1 shipped · 1 to ship · 2 Teleported"


def test_the_exact_counts_stand_beside_the_status() -> None:
    order = an_order(a_line(1, ("Refund", 1), ("Delivered", 1)), a_line(2, ("Created", 3), ("Cancelled", 2)))
    assert counts_in_words(order.counts()) == "2 shipped · 3 to acknowledge · 2 canceled"


@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_says_in_a_sentence_what_it_means_and_has_an_address(status: OrderStatus) -> None:
    assert status.meaning.endswith(".")
    assert status.slug == str(status).lower().replace(" ", "-")


@pytest.mark.parametrize(
    ("before", "after", "backwards"),
    [
        ([("Created", 1)], [("Acknowledged", 1)], False),
        ([("Acknowledged", 1)], [("Created", 1)], True),
        ([("Acknowledged", 2)], [("Acknowledged", 1), ("Shipped", 1)], False),
        ([("Acknowledged", 1), ("Shipped", 1)], [("Acknowledged", 2)], True),
        ([("Shipped", 1)], [("Delivered", 1)], False),
        ([("Shipped", 1)], [("Refund", 1)], False),
        ([("Acknowledged", 1)], [("Cancelled", 1)], False),
        ([("Cancelled", 1)], [("Acknowledged", 1)], True),
        ([("Shipped", 1)], [("Acknowledged", 1)], True),
    ],
)
def test_a_unit_that_moves_back_is_noticed(
    before: list[tuple[str, int]], after: list[tuple[str, int]], backwards: bool
) -> None:
    assert has_gone_backwards([a_line(1, *before)], [a_line(1, *after)]) is backwards


def test_a_line_that_disappears_is_noticed_and_one_that_is_added_is_not_held_against_the_order() -> None:
    assert has_gone_backwards([a_line(1), a_line(2)], [a_line(1)])
    assert not has_gone_backwards([a_line(1)], [a_line(1), a_line(2)])


@pytest.mark.parametrize(
    ("units", "wants"), [([("Acknowledged", 1)], True), ([("Shipped", 1)], False), ([("Cancelled", 1)], False)]
)
def test_a_buyers_wish_to_cancel_counts_while_the_line_is_open(units: list[tuple[str, int]], wants: bool) -> None:
    assert an_order(a_line(1, *units, intent_to_cancel="true")).wants_to_cancel is wants
