"""When stock is held for an order, when it is given back, and when neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.domain.factories import NOW, a_line, a_product, a_shop_order, an_order, issued, seen
from webapp.domain.command_keys import cause_of
from webapp.domain.commands import Command, CommandState, CreateMagentoOrder, Issued, ReleaseStock, ReserveStock
from webapp.domain.plan import Plan, Seen, plan
from webapp.domain.policy import Policy

ON = Policy(reserve_stock=True)
TWO = an_order(a_line(1, ("Created", 2), sku="A"), a_line(2, sku="B"))
HOLD_A = ReserveStock("A", 2)
BACK_A = ("A", "A")
DONE, QUEUED, PARKED, DISMISSED = CommandState.DONE, CommandState.QUEUED, CommandState.PARKED, CommandState.DISMISSED


def waiting(**more: Any) -> Seen:
    """An order of two A and one B; the shop has no B."""
    return seen(more.pop("order", TWO), products={"A": a_product("A")}, **more)


def gone_out(command: Command, state: CommandState, **more: Any) -> Issued:
    return Issued(type(command).__name__, cause_of(command), state, command=command, **more)


def held(hours: float = 1, command: ReserveStock = HOLD_A, took: str = "2") -> Issued:
    at = NOW - timedelta(hours=hours)
    return gone_out(command, DONE, done_at=at, ended_at=at, frozen={"moves": [{"source": "default", "quantity": took}]})


def stock(found: Plan) -> list[object]:
    """What is taken, as commands, and what is given back, by SKU and reservation."""
    return [
        (one.sku, one.reservation) if isinstance(one, ReleaseStock) else one
        for one in found.commands
        if isinstance(one, ReserveStock | ReleaseStock)
    ]


CREATING = issued(CreateMagentoOrder, QUEUED)
RETRIED = replace(CREATING, reason="Magento: away.")
ALL_THERE = {"A": a_product("A"), "B": a_product("B")}
BACK = gone_out(ReleaseStock("A", "A"), DONE)


@pytest.mark.parametrize(
    ("both", "policy", "before", "expected"),
    [
        (waiting(), Policy(), [], []),
        (waiting(), ON, [], [HOLD_A]),
        (waiting(order=replace(TWO, ship_node="WFSFulfilled")), replace(ON, create_wfs_orders=True), [], []),
        (waiting(), replace(ON, create_orders=False), [], []),
        (seen(TWO, products=ALL_THERE), ON, [], []),
        (seen(TWO, products=ALL_THERE), ON, [CREATING], []),
        (seen(TWO, products=ALL_THERE), ON, [RETRIED], [HOLD_A, ReserveStock("B", 1)]),
        (seen(TWO, products=ALL_THERE, shop_takes_stock=True), ON, [RETRIED], []),
        (waiting(), ON, [gone_out(HOLD_A, QUEUED)], [HOLD_A]),
        (waiting(), ON, [gone_out(HOLD_A, PARKED)], []),
        (waiting(), ON, [gone_out(HOLD_A, DISMISSED, given_up=True)], []),
        (waiting(), ON, [gone_out(HOLD_A, DONE, done_at=NOW)], []),
        (waiting(), ON, [held()], []),
        (waiting(), ON, [held(25)], [BACK_A]),
        (waiting(), replace(ON, reserve_for=timedelta(days=2)), [held(25)], []),
        (waiting(), ON, [held(25), BACK], []),
        (waiting(), ON, [held(), BACK], [ReserveStock("A", 2, 2)]),
        (waiting(), Policy(), [held()], [BACK_A]),
        (waiting(), Policy(), [held(), gone_out(ReleaseStock("A", "A"), PARKED)], []),
        (waiting(shop_trouble="Magento is away."), ON, [held(25)], []),
        (waiting(order=an_order(a_line(1, ("Cancelled", 2), sku="A"))), ON, [held()], [BACK_A]),
        (waiting(order=an_order(a_line(1, ("Created", 1), ("Cancelled", 1), sku="A"))), ON, [held()], [BACK_A]),
        (seen(TWO, products=ALL_THERE), ON, [held()], []),
        (seen(TWO, products=ALL_THERE, shop_takes_stock=True), ON, [held()], [BACK_A]),
        (waiting(linked_increment_id="WM-1", shop=a_shop_order()), ON, [held()], [BACK_A]),
        (waiting(), Policy(), [gone_out(HOLD_A, QUEUED, was_sent=True)], [HOLD_A]),
    ],
)
def test_what_is_taken_and_given_back(both: Seen, policy: Policy, before: list[Issued], expected: list[object]) -> None:
    assert stock(plan(both, policy, before, NOW)) == expected


def test_it_is_looked_at_again_when_the_days_are_over_and_only_once() -> None:
    found = plan(waiting(), ON, [held(22)], NOW)
    assert found.look_again_at == NOW + timedelta(hours=2)
    assert "Stock is held for it in Magento until 2026-11-03 14:00 UTC: 2 of A." in found.waiting_for
    over = plan(waiting(), ON, [held(25)], NOW)
    assert over.look_again_at is not None
    assert over.look_again_at > NOW


def test_it_says_how_many_units_are_held_not_how_many_were_wanted() -> None:
    found = plan(waiting(), ON, [held(took="1.0000")], NOW)
    assert [one for one in found.waiting_for if one.endswith(": 1 of A.")]


def test_what_is_given_back_goes_before_the_order_that_takes_it() -> None:
    found = plan(seen(TWO, products=ALL_THERE, shop_takes_stock=True), ON, [held()], NOW)
    kinds = [type(one) for one in found.commands]
    assert kinds.index(ReleaseStock) < kinds.index(CreateMagentoOrder)
