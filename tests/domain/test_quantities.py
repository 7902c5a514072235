"""Units on both sides: what the shop's documents mean, what each side lacks, whatever happened in which order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import NOW, a_line
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, Line
from webapp.domain.quantities import (
    Differences,
    Floor,
    WalmartUnits,
    at_walmart,
    compare,
    groups,
    has_gone_backwards,
    in_shop,
    standings,
)
from webapp.domain.shop import (
    Behind,
    Credited,
    ItemUnits,
    ShopCreditmemo,
    ShopItem,
    ShopOrder,
    ShopShipment,
    Units,
)


def a_shipment(number: int, quantity: int, minute: int, item: int = 1) -> ShopShipment:
    at = NOW + timedelta(minutes=minute)
    return ShopShipment(number, f"S{number}", 12, at, (ItemUnits(item, quantity),))


def a_memo(number: int, quantity: int, minute: int, item: int = 1) -> ShopCreditmemo:
    return ShopCreditmemo(number, f"C{number}", 12, NOW + timedelta(minutes=minute), (Credited(item, quantity),))


def an_item(ordered: int, *, shipped: int = 0, refunded: int = 0, canceled: int = 0) -> ShopItem:
    return ShopItem(
        1, "MUG", Decimal(ordered), Decimal(ordered), Decimal(shipped), Decimal(refunded), Decimal(canceled)
    )


def counted(ordered: int, *documents: ShopShipment | ShopCreditmemo, canceled: int = 0) -> tuple[int, ...]:
    """Open, shipped, refunded, cancelled, surplus."""
    shipments = [one for one in documents if isinstance(one, ShopShipment)]
    memos = [one for one in documents if isinstance(one, ShopCreditmemo)]
    found = in_shop(an_item(ordered, canceled=canceled), shipments, memos)
    assert found.open + found.shipped + found.refunded + found.cancelled == ordered
    return found.open, found.shipped, found.refunded, found.cancelled, found.surplus


@pytest.mark.parametrize(
    ("ordered", "documents", "meaning"),
    [
        (2, (), (2, 0, 0, 0, 0)),
        (2, (a_shipment(1, 1, 0), a_memo(1, 1, 1)), (0, 1, 0, 1, 0)),
        (2, (a_memo(1, 1, 0), a_shipment(1, 1, 1)), (0, 1, 0, 1, 0)),
        (2, (a_shipment(1, 2, 0), a_memo(1, 1, 1)), (0, 1, 1, 0, 0)),
        (3, (a_shipment(1, 1, 0), a_memo(1, 3, 1)), (0, 0, 1, 2, 0)),
        (1, (a_shipment(1, 1, 0), a_memo(1, 1, 0)), (0, 0, 1, 0, 0)),
        (2, (a_memo(1, 1, 0), a_shipment(1, 1, 1), a_shipment(2, 1, 2)), (0, 1, 0, 1, 1)),
        (1, (a_memo(1, 1, 0), a_shipment(1, 1, 1)), (0, 0, 0, 1, 1)),
        (3, (a_shipment(1, 1, 0), a_shipment(2, 1, 5), a_memo(1, 1, 9), a_memo(2, 1, 10)), (0, 1, 1, 1, 0)),
        (2, (a_shipment(2, 1, 3, item=9), a_memo(1, 1, 1, item=9)), (2, 0, 0, 0, 0)),
    ],
)
def test_documents_are_taken_in_time_open_units_first(
    ordered: int, documents: tuple[ShopShipment | ShopCreditmemo, ...], meaning: tuple[int, ...]
) -> None:
    assert counted(ordered, *documents) == meaning
    assert counted(ordered, *reversed(documents)) == meaning


def test_cancelling_the_order_takes_what_is_open_and_never_what_has_shipped() -> None:
    assert counted(3, a_shipment(1, 1, 0), canceled=2) == (0, 1, 0, 2, 0)
    found = in_shop(an_item(1, canceled=1), [a_shipment(1, 1, 0)], [])
    assert (found.shipped, found.cancelled, found.late_cancel) == (1, 0, 1)


def test_totals_without_their_documents_count_and_are_marked() -> None:
    found = in_shop(an_item(3, shipped=2, refunded=1), [a_shipment(1, 1, 0)], [])
    assert (found.open, found.shipped, found.cancelled, found.unseen) == (0, 2, 1, True)
    assert not in_shop(an_item(3, shipped=1), [a_shipment(1, 1, 0)], []).unseen
    assert not in_shop(an_item(3), [a_shipment(1, 1, 0)], []).unseen, "documents may be read later than the totals"


def test_units_that_were_cancelled_before_the_shop_had_the_order_are_not_behind_it() -> None:
    line = a_line(1, (CANCELLED, 1), ("Shipped", 1), (ACKNOWLEDGED, 1))
    assert at_walmart(line, 2) == WalmartUnits("1", open=1, shipped=1, cancelled=0)
    assert at_walmart(line, 3) == WalmartUnits("1", open=1, shipped=1, cancelled=1)


def test_what_was_done_here_counts_before_it_can_be_seen() -> None:
    line = a_line(1, (ACKNOWLEDGED, 2))
    assert at_walmart(line, 2, [Floor("1", shipped=1), Floor("2", shipped=2)]).shipped == 1
    assert at_walmart(line, 2, [Floor("1", cancelled=2)]) == WalmartUnits("1", cancelled=2)


def test_lines_of_the_shop_that_share_a_walmart_line_are_one_group() -> None:
    apart = (Behind(1, "MUG", (Units("1", 1), Units("2", 1))), Behind(2, "TEA", (Units("3", 1),)))
    assert [group.lines for group in groups(apart)] == [("1", "2"), ("3",)]
    shared = (*apart, Behind(3, "MUG", (Units("2", 2), Units("4", 1))), Behind(4, "OWN", ()))
    found = {group.items: {one.line: one.quantity for one in group.units} for group in groups(shared)}
    assert found == {(2,): {"3": 1}, (1, 3): {"1": 1, "2": 3, "4": 1}}


@pytest.mark.parametrize(
    ("in_the_shop", "word", "wanted"),
    [
        ("open", ACKNOWLEDGED, Differences(waiting=1)),
        ("open", "Shipped", Differences(ship=1)),
        ("open", "Delivered", Differences(ship=1)),
        ("open", CANCELLED, Differences(give_up=1)),
        ("shipped", ACKNOWLEDGED, Differences(confirm=1)),
        ("shipped", "Shipped", Differences()),
        ("shipped", CANCELLED, Differences(clash=1)),
        ("refunded", ACKNOWLEDGED, Differences(confirm=1)),
        ("refunded", "Shipped", Differences()),
        ("refunded", CANCELLED, Differences(moot=1)),
        ("given up", ACKNOWLEDGED, Differences(cancel=1)),
        ("given up", "Shipped", Differences(late=1)),
        ("given up", CANCELLED, Differences()),
    ],
)
def test_one_unit_on_both_sides(in_the_shop: str, word: str, wanted: Differences) -> None:
    documents: dict[str, tuple[ShopShipment | ShopCreditmemo, ...]] = {
        "open": (),
        "shipped": (a_shipment(1, 1, 0),),
        "refunded": (a_shipment(1, 1, 0), a_memo(1, 1, 1)),
        "given up": (a_memo(1, 1, 1),),
    }
    assert differences(a_line(1, (word, 1)), ordered=1, documents=documents[in_the_shop]) == wanted


@pytest.mark.parametrize(
    ("units", "documents", "wanted"),
    [
        ([(ACKNOWLEDGED, 2)], (a_shipment(1, 1, 0), a_memo(1, 1, 1)), Differences(confirm=1, cancel=1)),
        ([("Shipped", 1), (CANCELLED, 1)], (a_shipment(1, 1, 0), a_memo(1, 1, 1)), Differences()),
        ([(CANCELLED, 1), (ACKNOWLEDGED, 1)], (a_shipment(1, 1, 0),), Differences(confirm=1, give_up=1)),
        ([(CANCELLED, 2)], (a_shipment(1, 1, 0),), Differences(clash=1, give_up=1)),
        ([("Shipped", 2)], (a_memo(1, 1, 0),), Differences(ship=1, late=1)),
        ([("Shipped", 1), (ACKNOWLEDGED, 1)], (a_memo(1, 1, 0),), Differences(cancel=1, ship=1)),
        ([(CANCELLED, 1), ("Shipped", 1)], (a_shipment(1, 2, 0), a_memo(1, 1, 1)), Differences(moot=1)),
        ([(ACKNOWLEDGED, 3)], (a_shipment(1, 1, 0),), Differences(confirm=1, waiting=2)),
    ],
)
def test_several_units_like_is_set_against_like(
    units: list[tuple[str, int]], documents: tuple[ShopShipment | ShopCreditmemo, ...], wanted: Differences
) -> None:
    ordered = sum(amount for _, amount in units)
    assert differences(a_line(1, *units), ordered=ordered, documents=documents) == wanted
    one_by_one = [a_line(n, (word, 1)) for n, word in enumerate(w for w, amount in units for _ in range(amount))]
    assert differences(*one_by_one, ordered=ordered, documents=documents) == wanted


def differences(
    *lines: Line, ordered: int, documents: tuple[ShopShipment | ShopCreditmemo, ...], canceled: int = 0
) -> Differences:
    shop = ShopOrder(
        12,
        "WM-1",
        "1",
        1,
        "processing",
        "processing",
        Decimal(10),
        (an_item(ordered, canceled=canceled),),
        shipments=tuple(one for one in documents if isinstance(one, ShopShipment)),
        creditmemos=tuple(one for one in documents if isinstance(one, ShopCreditmemo)),
    )
    behind = (Behind(1, "MUG", tuple(Units(line.number, line.quantity) for line in lines)),)
    (standing,) = standings(lines, shop, behind, ())
    return standing.differences


@given(
    open_=st.integers(0, 4),
    shipped=st.integers(0, 4),
    cancelled=st.integers(0, 4),
    history=st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=5),
)
def test_no_difference_asks_for_more_than_either_side_has(
    open_: int, shipped: int, cancelled: int, history: list[tuple[bool, int]]
) -> None:
    ordered = open_ + shipped + cancelled
    documents = [
        a_shipment(n, quantity, n) if ships else a_memo(n, quantity, n) for n, (ships, quantity) in enumerate(history)
    ]
    shipments = [one for one in documents if isinstance(one, ShopShipment)]
    memos = [one for one in documents if isinstance(one, ShopCreditmemo)]
    shop = in_shop(an_item(ordered), shipments, memos)
    found = compare([shop], [WalmartUnits("1", open_, 0, shipped, cancelled)])
    assert found.confirm + found.cancel + found.waiting <= open_
    assert found.ship + found.give_up + found.waiting <= shop.open
    assert found.confirm <= shop.shipped + shop.refunded
    assert found.cancel + found.late <= shop.cancelled
    assert found.ship + found.late <= shipped
    assert found.give_up + found.clash <= cancelled
    assert min(vars_of(found)) >= 0
    assert not (found.confirm and found.ship)
    assert not (found.cancel and found.give_up)


def vars_of(found: Differences) -> list[int]:
    return [found.confirm, found.cancel, found.ship, found.give_up, found.clash, found.late, found.waiting]


def test_a_shop_that_seems_to_go_backwards_is_noticed() -> None:
    before = ShopOrder(12, "WM-1", "1", 1, "new", "new", Decimal(1), (an_item(2, shipped=1),))
    assert has_gone_backwards(before, ShopOrder(12, "WM-1", "1", 1, "new", "new", Decimal(1), (an_item(2),)))
    assert has_gone_backwards(before, ShopOrder(12, "WM-1", "1", 1, "new", "new", Decimal(1), ()))
    assert not has_gone_backwards(before, before)
