"""What the database computes of an order for the lists, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from flask import Flask

from tests.house import new_database
from tests.rows import a_line, a_store, an_account, an_order
from tests.views.conftest import built, settings_in
from webapp.domain.facets import Facet, InShop, Problem, unfold
from webapp.domain.hold_rules import HELD
from webapp.domain.plan import asking
from webapp.models import AccountRow, db
from webapp.unit_of_work import unit_of_work

NUMBERS = count(2_800_000_000_000)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One account, and an order for each case."""
    changes = {}
    if request.param == "postgres":
        changes["database_url"] = new_database(request.getfixturevalue("postgres"))
    app = built(settings_in(tmp_path_factory.mktemp("facets"), **changes))
    with app.app_context():
        with unit_of_work() as work:
            an_account(work, a_store(work))
        yield app
        db.session.remove()
        db.engine.dispose()


def facet_of(*lines: Any, **changes: Any) -> Facet:
    with unit_of_work() as work:
        account = work.session.query(AccountRow).one()
        row = an_order(work, account, str(next(NUMBERS)), lines, **changes)
        work.session.refresh(row)
        return unfold(row.facet)


SHIPPED, OPEN, CANCELED = {"Shipped": 1}, {"Acknowledged": 1}, {"Cancelled": 1}
WALMARTS = {"ship_node": "WFSFulfilled"}


@pytest.mark.parametrize(
    ("statuses", "state", "counts", "changes", "differs"),
    [
        (OPEN, "processing", "1 invoiced", {}, False),
        (OPEN, "", "", {}, False),
        (OPEN, "holded", "", {}, False),
        (OPEN, "complete", "1 shipped", {}, True),
        (OPEN, "canceled", "", {}, True),
        (OPEN, "closed", "", {}, True),
        (OPEN, "processing", "", {"magento_is_gone": True}, True),
        (CANCELED, "canceled", "1 canceled", {}, False),
        (CANCELED, "closed", "1 refunded", {}, False),
        (CANCELED, "processing", "1 invoiced", {}, True),
        (CANCELED, "processing", "", {"magento_is_gone": True}, False),
        (SHIPPED, "complete", "1 invoiced · 1 shipped", {}, False),
        (SHIPPED, "processing", "1 shipped", {}, False),
        (SHIPPED, "processing", "1 invoiced", {}, True),
        (SHIPPED, "processing", "1 invoiced", WALMARTS, False),
        (SHIPPED, "canceled", "", {}, True),
        (SHIPPED, "closed", "1 shipped · 1 refunded", {}, True),
        (SHIPPED, "closed", "1 shipped · 1 refunded", {"refunded": Decimal("2.00")}, False),
        (SHIPPED, "", "", {"magento": False}, False),
    ],
)
def test_sides_differ_where_one_shows_what_the_other_does_not(
    shop: Flask, statuses: dict[str, int], state: str, counts: str, changes: dict[str, Any], differs: bool
) -> None:
    shown = {"magento_state": state, "magento_counts": counts, **changes}
    assert facet_of(a_line(statuses=statuses), **shown).differs is differs


@pytest.mark.parametrize(
    ("attention", "changes", "problem"),
    [
        (None, {}, Problem.NONE),
        (None, {"wants_to_cancel": True}, Problem.ANSWER),
        (f"{asking.NO_PRODUCT} MUG in Magento.", {"has_failed": True}, Problem.PRODUCT),
        (f"{asking.NO_CARRIER} Bee.", {}, Problem.CARRIER),
        (f"{asking.NO_REASON} (line 1).", {}, Problem.REASON),
        (f"{asking.BUYER_ASKED} line 1.", {}, Problem.ANSWER),
        (f"{asking.SHIPPED_THOUGH_ASKED} 1.", {}, Problem.ANSWER),
        (f"{asking.LATE} in 2 d.", {}, Problem.LATE),
        ("Magento: the number is taken.", {"has_failed": True}, Problem.FAILED),
        (f"{HELD}: its total is above 5.00.", {}, Problem.HELD),
        ("Unknown Walmart status “Lost”.", {}, Problem.ELSE),
    ],
)
def test_a_problem_is_told_by_the_help_it_needs(
    shop: Flask, attention: str | None, changes: dict[str, bool], problem: Problem
) -> None:
    assert facet_of(attention=attention, **changes).problem is problem


@pytest.mark.parametrize(
    ("attention", "in_shop"),
    [
        (None, InShop.WAITING),
        (f"{asking.NO_PRODUCT} MUG in Magento.", InShop.FAILED),
        (f"{HELD}: it has MUG.", InShop.WAITING),
    ],
)
def test_a_magento_order_has_failed_where_something_went_wrong(
    shop: Flask, attention: str | None, in_shop: InShop
) -> None:
    facet = facet_of(attention=attention, magento=False, wants_magento=True)
    assert (facet.in_shop, facet.needs_action) == (in_shop, attention is not None)
