"""Parked commands that are still wanted. One that has become pointless is dismissed by whoever stores the plan."""

from __future__ import annotations

from webapp.domain.commands import (
    BOTH_WAYS,
    CancelLines,
    CancelMagentoOrder,
    Command,
    CommandState,
    ConfirmShipment,
    CorrectTracking,
    CreateCreditMemo,
    CreateShipment,
)
from webapp.domain.plan.case import Case
from webapp.domain.plan.claims import is_overtaken
from webapp.domain.plan.seen import Plan
from webapp.domain.shop import ItemUnits


def hold(case: Case) -> Plan:
    """Those that a person still has to decide about."""
    parked = [one for one in case.issued if one.state is CommandState.PARKED and isinstance(one.command, BOTH_WAYS)]
    return Plan(held=tuple(one.command for one in parked if one.command and _is_wanted(case, one.command)))


def _is_wanted(case: Case, command: Command) -> bool:
    lines = case.lines
    match command:
        case ConfirmShipment() | CancelLines():
            return not is_overtaken(case, command)
        case CorrectTracking():
            return any(unit.line in lines and command.before in lines[unit.line].numbers for unit in command.units)
        case CreateShipment():
            return _differs(case, command.items, "ship")
        case CancelMagentoOrder():
            return _differs(case, command.items, "give_up")
        case CreateCreditMemo() if command.cancelled:
            return _differs(case, command.items, "give_up")
        case _:
            return True


def _differs(case: Case, items: tuple[ItemUnits, ...], what: str) -> bool:
    """The shop still lacks something of these lines; or it could not be read, which proves nothing."""
    wanted = {one.item_id for one in items}
    mine = [standing for standing in case.standings if wanted & set(standing.group.items)]
    return case.shop is None or any(getattr(standing.differences, what) for standing in mine)
