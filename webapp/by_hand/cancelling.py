"""Canceled by hand, and the buyer who asks to cancel answered."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.by_hand.allowing import why_not_answered, why_not_anyway, why_not_canceled
from webapp.by_hand.finding import (
    ASKED,
    Found,
    Mistakes,
    agree,
    answered,
    chosen_units,
    find,
    issue,
    note,
    open_units,
    refuse,
    say_at_once,
    undecided,
    wanted_canceled,
    was_asked,
)
from webapp.domain.commands import CancelLines
from webapp.domain.outgoing import contents, lines_named
from webapp.domain.reasons import BUYER_ASKED, Reason, buyer_asked, cancel_reasons
from webapp.domain.shop import Units
from webapp.outbox import Refusal
from webapp.unit_of_work import Work, unit_of_work

OTHER = "What is to be canceled has changed meanwhile, so nothing was canceled. Look at how it is now."


def cancel(order_id: int, lines: Mapping[str, tuple[int, str]], by: str, request_id: str) -> str:
    """Cancel open units at Walmart, each line with its quantity and Walmart's word for the reason."""
    with unit_of_work() as work:
        found = find(work, order_id)
        if was_asked(found, request_id):
            return ASKED
        units = judge(found, lines)
        reasons = {number: reason for number, (quantity, reason) in lines.items() if quantity}
        commands: list[CancelLines] = []
        for reason in dict.fromkeys(reasons.values()):
            mine = tuple(unit for unit in units if reasons[unit.line] == reason)
            commands.append(CancelLines(mine, reason, f"request:{request_id}", "by hand"))
        why = ", ".join(_words(found.market, reason) for reason in dict.fromkeys(reasons.values()))
        said = f"Cancel at Walmart ({why}): {contents(units, found.order.lines)}. Asked for by hand."
        return _issue(work, found, commands, by, said, "Canceling at Walmart.")


def judge(found: Found, lines: Mapping[str, tuple[int, str]]) -> tuple[Units, ...]:
    """The units that would be canceled. Raises Refusal, or Mistakes with all that is wrong."""
    refuse(why_not_canceled(found))
    mistakes: dict[str, str] = {}
    quantities = {number: quantity for number, (quantity, _) in lines.items()}
    units = chosen_units(found, quantities, "cancel", open_units(found), mistakes)
    reasons = {number: reason for number, (quantity, reason) in lines.items() if quantity}
    mistakes |= {f"reason-{number}": wrong for number, why in reasons.items() if (wrong := _wrong(found, number, why))}
    if mistakes:
        raise Mistakes(mistakes)
    return units


def accept_cancellation(order_id: int, shown: Mapping[str, int], by: str, request_id: str) -> str:
    """Cancel at Walmart what the buyer asked to cancel.

    `shown` are the units of each line that somebody agreed to. Raises Refusal where these are other ones by now.
    """
    with unit_of_work() as work:
        found = find(work, order_id)
        if was_asked(found, request_id):
            return ASKED
        refuse(why_not_answered(found))
        wanted = wanted_canceled(found)
        if wanted != shown:
            raise Refusal(OTHER)
        asked = tuple(Units(number, count) for number, count in wanted.items())
        reason = buyer_asked(found.market) or found.policy.cancel_reason
        if not reason:
            raise Refusal(
                "Walmart has no reason for buyers' requests in this market: cancel with a reason of your own."
            )
        command = CancelLines(asked, reason, f"request:{request_id}", "the buyer asked")
        answered(found.row)
        said = f"Accept the buyer's cancellation: {contents(asked, found.order.lines)}."
        return _issue(work, found, [command], by, said, "Canceling at Walmart, as the buyer asked.")


def _issue(work: Work, found: Found, commands: list[CancelLines], by: str, said: str, says: str) -> str:
    told = issue(work, found, commands, by, said, says)
    if told != ASKED:
        say_at_once(found, *commands)
    return told


def ship_anyway(order_id: int, by: str) -> str:
    """Let these lines be shipped although their buyer asked to cancel."""
    with unit_of_work() as work:
        found = find(work, order_id)
        refuse(why_not_anyway(found))
        numbers = [line.number for line in undecided(found)]
        agree(found, numbers)
        said = f"Ship {lines_named(numbers)} although the buyer asked to cancel."
        return note(work, found, by, said, "It will be shipped all the same.")


def reasons_for(found: Found, number: str) -> list[Reason]:
    """The reasons that Walmart takes for a line: the buyer's own only where the buyer did ask."""
    every = cancel_reasons(found.market)
    return [one for one in every if one.code != BUYER_ASKED or found.lines[number].intent_to_cancel]


def _wrong(found: Found, number: str, reason: str) -> str:
    if reason in {one.code for one in reasons_for(found, number)}:
        return ""
    if reason == BUYER_ASKED and buyer_asked(found.market):
        return f"The buyer has not asked to cancel line {number}; Walmart takes that reason only where one has."
    return f"Choose one of Walmart's reasons for canceling line {number}."


def _words(market: str, code: str) -> str:
    return next((one.words.lower() for one in cancel_reasons(market) if one.code == code), code)
