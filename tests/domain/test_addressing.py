"""A corrected address in the Magento order: wanted once for each correction that a person asks for there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.domain.factories import NOW, acknowledged, seen
from webapp.domain.commands import Command, CommandState, Issued, UpdateMagentoAddress
from webapp.domain.plan import plan
from webapp.domain.policy import Policy

ORDER = 12
SECOND = UpdateMagentoAddress(2, ORDER)
QUEUED, DONE, PARKED, DISMISSED = (CommandState(one) for one in ("queued", "done", "parked", "dismissed"))


@pytest.mark.parametrize(
    ("asked", "before", "trouble", "expected"),
    [
        (0, (), None, ()),
        (2, (), None, (SECOND,)),
        (2, ((2, QUEUED),), None, (SECOND,)),
        (2, ((2, DONE),), None, ()),
        (2, ((2, PARKED),), None, ()),
        (2, ((2, DISMISSED),), None, ()),
        (2, ((1, DONE),), None, (SECOND,)),
        (2, ((1, PARKED),), None, (SECOND,)),
        (2, ((2, QUEUED),), "Waiting for Magento: it is away.", (SECOND,)),
        (2, (), "Waiting for Magento: it is away.", ()),
    ],
)
def test_each_correction_goes_once_and_what_is_on_its_way_is_not_called_off(
    asked: int, before: tuple[tuple[int, CommandState], ...], trouble: str | None, expected: tuple[Command, ...]
) -> None:
    away = {"shop": None, "shop_trouble": trouble} if trouble else {}
    both = seen(acknowledged(), linked=True, address_asked=asked, **away)
    known = []
    for version, state in before:
        known.append(
            Issued("UpdateMagentoAddress", f"{ORDER}:{version}", state, command=replace(SECOND, version=version))
        )
    found = plan(both, Policy(invoice=False, status_unshipped=""), known, NOW)
    assert tuple(one for one in found.commands if isinstance(one, UpdateMagentoAddress)) == expected


def test_without_an_order_in_the_shop_there_is_nothing_to_change() -> None:
    for both in (
        seen(acknowledged(), address_asked=2),
        seen(linked=True, shop=None, shop_is_gone=True, address_asked=2),
    ):
        found = plan(both, Policy(create_orders=False), (), NOW)
        assert not [one for one in found.commands if isinstance(one, UpdateMagentoAddress)]
        assert "UpdateMagentoAddress" in found.over
