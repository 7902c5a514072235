"""Whether the stock of a shop agrees with its open orders."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from webapp.domain.stock import Drift, OpenItem, cron_line, drifts

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
OLD, NEW = NOW - timedelta(hours=2), NOW - timedelta(minutes=1)


def drift(salable: int, *items: OpenItem) -> Drift:
    """Ten mugs lie there; ours are the orders whose number begins with WM."""
    ours = frozenset(one.increment_id for one in items if one.increment_id.startswith("WM"))
    found = drifts(["MUG"], {"mug": Decimal(10)}, {"mug": Decimal(salable)}, items, ours, NOW - timedelta(minutes=15))
    return found[0]


def mugs(number: str, ordered: int, at: datetime = OLD, **counts: int) -> OpenItem:
    given = {name: Decimal(count) for name, count in counts.items()}
    return OpenItem(number, "Mug", Decimal(ordered), ordered_at=at, **given)


@pytest.mark.parametrize(
    ("salable", "items", "wrong", "right"),
    [
        (10, [], False, False),
        (8, [mugs("0001", 2)], False, False),
        (10, [mugs("WM-1", 2)], True, False),
        (8, [mugs("WM-1", 2)], False, True),
        (9, [mugs("WM-1", 2), mugs("0001", 1)], True, False),
        (7, [mugs("WM-1", 2), mugs("0001", 1)], False, True),
        (10, [mugs("WM-1", 2, NEW)], False, False),
        (8, [mugs("WM-1", 2, NEW)], False, True),
        (9, [mugs("WM-1", 2, NEW)], False, False),
        (12, [mugs("WM-1", 2, NEW)], True, False),
        (8, [mugs("WM-1", 2), mugs("WM-2", 3, NEW)], False, True),
        (9, [mugs("WM-1", 3, shipped=1, canceled=1)], False, True),
        (9, [mugs("WM-1", 2, refunded=1)], False, True),
        (5, [mugs("WM-1", 2)], False, True),
    ],
)
def test_a_drift_is_wrong_where_more_may_be_sold_and_right_where_our_orders_are_held_back(
    salable: int, items: list[OpenItem], wrong: bool, right: bool
) -> None:
    found = drift(salable, *items)
    assert (found.is_wrong, found.is_right) == (wrong, right)


def test_the_cron_line_is_exact() -> None:
    assert cron_line("/srv/shop") == (
        "*/5 * * * * cd /srv/shop && bin/magento inventory:reservation:list-inconsistencies -r | "
        "bin/magento inventory:reservation:create-compensations"
    )


def test_the_cron_line_leaves_open_orders_out_that_take_no_stock_and_mends_what_is_finished() -> None:
    assert cron_line("/srv/shop", ["WFS-", "3.L"]) == (
        "*/5 * * * * cd /srv/shop && (bin/magento inventory:reservation:list-inconsistencies -r -c; "
        "bin/magento inventory:reservation:list-inconsistencies -r -i | grep -v -E "
        "-e '^3[.]L[0-9]+(-[0-9]{1,2})?:' -e '^WFS-[0-9]+(-[0-9]{1,2})?:') | "
        "bin/magento inventory:reservation:create-compensations"
    )


def test_orders_that_take_stock_stay_in_the_cron_line_whatever_their_prefix_begins_with() -> None:
    wfs = ["W109000000000001", "W109000000000001-2", "X.109000000000002"]
    others = ["WM-109000000000001", "WM2-109000000000001", "W1-109000000000001", "000000042", "Xa109000000000002"]
    line = cron_line(leaves_out=["W", "X."])
    grep = re.search(r"grep .*(?=\) \|)", line)
    assert grep
    listed = "".join(f"{number}:MUG:2.000000:1\n" for number in [*wfs, *others])
    left = subprocess.run(["sh", "-c", grep[0]], input=listed, capture_output=True, text=True, check=True)
    assert [each.split(":")[0] for each in left.stdout.splitlines()] == others
    assert [number for number in [*wfs, *others] if not mugs(number, 1).is_of(("W", "X."))] == others
