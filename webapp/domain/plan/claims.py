"""Open units at Walmart that earlier commands speak for: what stands still, or what a person has asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from webapp.domain.commands import CancelLines, CommandState, ConfirmShipment, Issued
from webapp.domain.plan.case import Case
from webapp.domain.quantities import Standing

Claiming = type[ConfirmShipment] | type[CancelLines]


def open_lines(case: Case, standing: Standing) -> Iterator[tuple[str, int, int]]:
    """Each line of the group with open units that no command speaks for: how many, and how many only Created."""
    spoken_for = claimed(case, ConfirmShipment, standing) + claimed(case, CancelLines, standing)
    for line in standing.walmart:
        free = line.open - spoken_for[line.line]
        if free > 0:
            yield line.line, free, min(line.created, free)


def claimed(case: Case, kind: Claiming, standing: Standing) -> Counter[str]:
    """Open units of each line that commands of this kind speak for: parked, given up, or asked for by a person."""
    left = {line.line: line.open for line in standing.walmart}
    found: Counter[str] = Counter()
    for one, command in case.of(kind):
        if not _stands(one) or (one.state is CommandState.PARKED and is_overtaken(case, command)):
            continue
        for unit in command.units:
            taken = min(unit.quantity, left.get(unit.line, 0))
            if taken:
                left[unit.line] -= taken
                found[unit.line] += taken
    return found


def is_overtaken(case: Case, command: ConfirmShipment | CancelLines) -> bool:
    """Some of its units are not open any more, so it can never go as it stands: what is left of it goes anew. What a
    person asked for stays with that person as long as any of it is open."""
    lines = case.lines
    missing = [unit.line not in lines or lines[unit.line].open < unit.quantity for unit in command.units]
    asked = bool(command.request) if isinstance(command, ConfirmShipment) else command.cause.startswith("request:")
    if asked:
        return not any(unit.line in lines and lines[unit.line].open for unit in command.units)
    return any(missing)


def _stands(one: Issued) -> bool:
    """What was sent counts as shipped or cancelled already, so it is not among these."""
    waiting = one.is_under_way and one.by_person and not one.was_sent
    return waiting or one.state is CommandState.PARKED or one.given_up
