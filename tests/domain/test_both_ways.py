"""Whatever is done on either side, in any order: both sides end equal, or a sentence says why not; nothing twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.two_sides import Impossible, World, policy
from webapp.domain.commands import CommandState
from webapp.domain.order import ZERO
from webapp.domain.plan import Plan
from webapp.domain.refunds import total

STEPS = st.one_of(
    st.tuples(st.just("ship_in_shop"), st.integers(1, 3), st.sampled_from(["T1", "T2", "T3"])),
    st.tuples(st.just("credit_in_shop"), st.integers(1, 3)),
    st.tuples(st.just("cancel_in_shop")),
    st.tuples(st.just("ship_at_walmart"), st.sampled_from("123"), st.sampled_from(["W1", "W2"])),
    st.tuples(st.just("cancel_at_walmart"), st.sampled_from("123")),
    st.tuples(st.just("refund_at_walmart"), st.sampled_from("123")),
    st.tuples(st.just("refund_at_walmart"), st.sampled_from("123"), st.just(Decimal("3.00"))),
    st.tuples(st.just("look"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("rest")),
)


@settings(max_examples=300, deadline=None)
@given(
    sizes=st.sampled_from([[1], [1, 1], [2], [1, 1, 1], [2, 1], [3]]),
    steps=st.lists(STEPS, min_size=1, max_size=9),
    invoiced=st.booleans(),
    lenient=st.booleans(),
    shipping=st.booleans(),
    credits_back=st.booleans(),
)
def test_both_sides_end_equal_or_say_why_not(
    sizes: list[int],
    steps: list[tuple[object, ...]],
    invoiced: bool,
    lenient: bool,
    shipping: bool,
    credits_back: bool,
) -> None:
    world = World(
        sizes,
        policy=policy(create_credit_memos=credits_back, invoice=invoiced),
        shipping=shipping,
        invoiced=invoiced,
        lenient=lenient,
    )
    for name, *arguments in steps:
        with suppress(Impossible):
            getattr(world, str(name))(*arguments)
    found = world.rest()
    check(world, found)


def check(world: World, found: Plan) -> None:
    """Nobody is paid twice, nothing is shipped and cancelled, and what differs is said."""
    for line in world.walmart.values():
        assert line.open >= 0
        assert total(line.refunded) <= total(line.charged)
    assert world.shipped <= world.ordered
    assert world.refunded <= world.invoiced
    said = found.attention is not None
    units = Counter(
        walmart_shipped=sum(len(line.shipped) for line in world.walmart.values()),
        walmart_cancelled=sum(line.cancelled for line in world.walmart.values()),
        shop_shipped=world.shipped,
        shop_given_up=world.given_up,
    )
    equal = units["walmart_shipped"] == units["shop_shipped"] and units["walmart_cancelled"] == units["shop_given_up"]
    told_by_refund = units["walmart_shipped"] > units["shop_shipped"] and any_refunds(world)
    assert equal or said or told_by_refund or refunded_what_walmart_cancelled(world, units), (units, found)
    if not said:
        assert paid_back(world) <= sum((total(line.refunded) for line in world.walmart.values()), ZERO) + Decimal(
            "0.10"
        )


def any_refunds(world: World) -> bool:
    return any(line.refunds for line in world.walmart.values())


def refunded_what_walmart_cancelled(world: World, units: Counter[str]) -> bool:
    """Shipped in the shop and credited there, cancelled at Walmart: nobody paid, and nothing is left to do."""
    return units["shop_shipped"] > units["walmart_shipped"] and world.refunded > world.given_up - world.canceled


def paid_back(world: World) -> Decimal:
    """What the shop's memos say was paid back for units that had shipped at Walmart."""
    given_up = sum(line.cancelled for line in world.walmart.values())
    units = max(world.refunded + world.canceled - given_up, 0)
    shipped = sum(len(line.shipped) for line in world.walmart.values())
    return min(units, shipped) * Decimal("10.83")


@pytest.mark.parametrize("sizes", [[1, 1], [2]])
@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize("order", ["ship first", "credit first", "ship, rest, credit", "credit, rest, ship"])
def test_one_unit_ships_and_the_other_is_canceled(
    sizes: list[int],
    lenient: bool,
    order: str,
) -> None:
    world = World(sizes, policy=policy(), invoiced=True, lenient=lenient)
    acts = ["ship", "credit"]
    for act in acts if order.startswith("ship") else acts[::-1]:
        if act == "ship":
            world.ship_in_shop(1, "1Z1")
        else:
            world.credit_in_shop(1)
        if "rest" in order:
            world.rest()
    found = world.rest()
    assert sum(len(line.shipped) for line in world.walmart.values()) == 1
    assert sum(line.cancelled for line in world.walmart.values()) == 1
    assert not any_refunds(world)
    assert (world.shipped, world.refunded, found.attention, found.waiting_for) == (1, 1, None, ())
    kinds = Counter(kind for (kind, _), record in world.records.items() if record.state is CommandState.DONE)
    assert kinds == {"ConfirmShipment": 1, "CancelLines": 1}


CLOSED = (
    ("cancel_at_walmart", "Walmart canceled 1 × MUG. Magento order WM-1 is closed already, so it stays as it is."),
    (
        "ship_at_walmart",
        "Walmart shows 1 more shipped than Magento order WM-1, which is closed: no shipment can be made",
    ),
)


@pytest.mark.parametrize(("act", "sentence"), CLOSED)
def test_what_a_closed_order_takes_no_more_is_said(act: str, sentence: str) -> None:
    world = World([1, 1], policy=policy(), invoiced=True)
    world.closed = True
    getattr(world, act)("1", *(["W1"] if act.startswith("ship") else []))
    found = world.rest()
    assert [one for one in found.remarks if one.startswith(sentence)]
    assert (world.shipped, world.refunded, world.canceled) == (0, 0, 0)


def test_money_credited_for_what_walmart_canceled_before_it_shipped_is_owed_to_nobody() -> None:
    world = World([1], policy=policy(), invoiced=True)
    world.credit_in_shop(0, adjustment=Decimal("3.00"))
    assert any("once Walmart shows the units shipped" in one for one in world.planned().waiting_for)
    world.cancel_at_walmart("1")
    found = world.rest()
    assert found.waiting_for == ()
    booked = [one for one, record in world.records.items() if record.state is CommandState.DONE and "Refund" in one[0]]
    assert [kind for kind, _ in booked] == ["BookRefund"]
    assert not any_refunds(world)


def test_two_cancellations_that_took_one_effect_for_both_leave_no_unit_open() -> None:
    """Two memos over one line of two units: the second call never arrived, and found the first one's unit canceled."""
    world = World([2], policy=policy(), invoiced=True)
    world.credit_in_shop(1)
    world.credit_in_shop(1)
    world.rest()
    for (kind, _), record in world.records.items():
        if kind == "CancelLines":
            record.frozen["floors"] = {"1": 1}
    world.walmart["1"].cancelled = 1
    found = world.rest()
    assert world.walmart["1"].cancelled == 2
    assert (found.attention, found.waiting_for) == (None, ())
