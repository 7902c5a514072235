"""What Magento gave up goes to Walmart as a cancellation, and so does what the buyer asked for, with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from webapp.domain.commands import CancelLines, CommandState, ConfirmShipment
from webapp.domain.order import Line
from webapp.domain.outgoing import lines_named
from webapp.domain.plan.asking import BUYER_ASKED, NO_REASON
from webapp.domain.plan.case import Case
from webapp.domain.plan.claims import claimed, open_lines
from webapp.domain.plan.given_up import Cause, left_over, told_of
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing
from webapp.domain.reasons import buyer_asked
from webapp.domain.shop import Units

MOST_LINES = 100
"""Walmart cancels at most so many lines in a call (Walmart's page on cancelling lines)."""
OFF = "Not canceled at Walmart: sending cancellations is switched off for this account."


def cancel(case: Case) -> Plan:
    """Cancel at Walmart what was given up in the shop before it shipped."""
    wanting = [standing for standing in case.standings if standing.differences.cancel]
    if not wanting or not case.seen.order.is_fulfilled_by_seller:
        return Plan()
    if not case.policy.send_cancels:
        return Plan(waiting_for=(OFF,))
    parts: list[Plan] = []
    chosen: dict[tuple[Cause, str], Counter[str]] = {}
    for standing in wanting:
        for cause, line in zip(_causes(case, standing), _lines_to_cancel(case, standing), strict=False):
            chosen.setdefault((cause, reason_for(case, case.lines[line])), Counter())[line] += 1
    for (cause, reason), lines in chosen.items():
        parts.append(_send(case, cause, reason, lines) if reason else _ask_for_reason(cause))
    return together(parts)


def accept(case: Case) -> Plan:
    """The buyer's own wish: accepted where the account says so, else put before the merchant."""
    left = _wished(case)
    if not left or not case.seen.order.is_fulfilled_by_seller:
        return Plan()
    names = lines_named(left)
    if not case.policy.accept_cancellation_requests or _was_refused(case, left):
        sentence = f"{BUYER_ASKED} {names}. Accept it, or ship anyway."
        return Plan(waiting_for=(f"Waiting for you: the buyer asked to cancel {names}.",), attention=sentence)
    reason = buyer_asked(case.seen.market) or case.policy.cancel_reason
    cause = Cause("buyer", "the buyer asked for it")
    return _send(case, cause, reason, left) if reason else _ask_for_reason(cause)


def reason_for(case: Case, line: Line) -> str:
    """Walmart's reason for cancelling a line: the buyer's request where there is one, else the account's choice."""
    return (buyer_asked(case.seen.market) if line.intent_to_cancel else "") or case.policy.cancel_reason


def _send(case: Case, cause: Cause, reason: str, lines: Counter[str]) -> Plan:
    order = [line.number for line in case.seen.order.lines]
    units = [Units(line, lines[line]) for line in sorted(lines, key=order.index)]
    batches = [tuple(units[at : at + MOST_LINES]) for at in range(0, len(units), MOST_LINES)]
    return together(case.want(CancelLines(batch, reason, cause.key, cause.words)) for batch in batches)


def _ask_for_reason(cause: Cause) -> Plan:
    return Plan(
        waiting_for=(f"Waiting for you: choose why it is canceled at Walmart ({cause.words}).",),
        attention=f"{NO_REASON} ({cause.words}). Cancel it on the order's page with a reason, "
        "or choose one for all in the account's settings.",
    )


def _causes(case: Case, standing: Standing) -> Iterator[Cause]:
    """Why each unit is to be cancelled, one entry a unit. What was shipped after all is left to the merchant."""
    wanted = standing.differences.cancel - claimed(case, CancelLines, standing).total() - standing.surplus
    every = left_over(case, standing)
    if len(every) < wanted:
        # Two that were in doubt at once may have taken one effect for both: what is open all the same is told again.
        every = told_of(case, standing)[len(every) - wanted :] + every
    return iter(every[max(len(every) - max(wanted, 0), 0) :])


def _lines_to_cancel(case: Case, standing: Standing) -> list[str]:
    """Open lines, one entry a unit: those whose buyer asked for it first, then from the end, since shipments are told
    from the front. What shipments need is left to them."""
    free = [line for line, count, _ in open_lines(case, standing) for _ in range(count)]
    asked = [line for line in free if case.lines[line].intent_to_cancel]
    others = [line for line in free if not case.lines[line].intent_to_cancel]
    needed = max(standing.differences.confirm - claimed(case, ConfirmShipment, standing).total(), 0)
    return (asked + others[::-1])[: max(len(free) - needed, 0)]


def _wished(case: Case) -> Counter[str]:
    """Open units whose buyer asked to cancel them, that nothing was decided about on either side."""
    wishing = {line.number for line in case.seen.order.lines if line.intent_to_cancel and line.open}
    wishing -= case.seen.choices.ship_anyway
    found: Counter[str] = Counter()
    grouped = set()
    for standing in case.standings:
        grouped |= set(standing.group.lines)
        free = [line for line, count, _ in open_lines(case, standing) for _ in range(count)]
        asked = [line for line in free if line in wishing]
        others = len(free) - len(asked)
        decided = standing.differences.cancel + max(standing.differences.confirm - others, 0)
        found.update(asked[decided:])
    for line in case.seen.order.lines:
        if line.number in wishing - grouped:
            found[line.number] = line.open - _under_way(case, line)
    return +found


def _under_way(case: Case, line: Line) -> int:
    """Open units of a line that are being shipped or cancelled already."""
    found = 0
    for one in case.issued:
        if isinstance(one.command, (CancelLines, ConfirmShipment)) and (one.is_under_way or one in case.unseen):
            found += sum(unit.quantity for unit in one.command.units if unit.line == line.number)
    return found


def _was_refused(case: Case, lines: Iterable[str]) -> bool:
    """An earlier acceptance was refused, or given up by hand."""
    return any(
        command.cause == "buyer"
        and (one.given_up or one.state is CommandState.PARKED)
        and any(unit.line in lines for unit in command.units)
        for one, command in case.of(CancelLines)
    )
