"""Cancel what is open of many orders, each market with one of its own reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from webapp import by_hand
from webapp.actions.chosen import Chosen, newest_command
from webapp.actions.doing import Asked, Done, PassedOver
from webapp.by_hand.cancelling import OTHER
from webapp.by_hand.finding import Found, of_row, open_units
from webapp.domain.amounts import money
from webapp.domain.commands import CancelLines
from webapp.domain.order import ZERO
from webapp.domain.reasons import cancel_reasons
from webapp.domain.shop_rows import cents

KIND = CancelLines.__name__
REASON = "reason-"


def why_not(chosen: Chosen) -> str:
    """Why nothing of the order can be canceled."""
    return by_hand.options_of(chosen.row, chosen.account, chosen.issued).cancel


def what(chosen: Chosen) -> str:
    """How many units would be canceled, and what they were sold for."""
    found = of_row(chosen.row, chosen.account, chosen.issued)
    free = open_units(found)
    count = sum(free.values())
    return f"{count} {'unit' if count == 1 else 'units'}, sold for {money(_worth(found, free), found.order.currency)}."


def check(options: Mapping[str, str], markets: Collection[str]) -> dict[str, str]:
    """One of the market's reasons for each market."""
    return {
        f"{REASON}{market}": "Choose one of Walmart's reasons."
        for market in markets
        if options.get(f"{REASON}{market}", "") not in {one.code for one in cancel_reasons(market)}
    }


def cancel(chosen: Chosen, asked: Asked) -> Done:
    """Cancel all that is open, as it was shown. Raises Refusal."""
    if asked.shown and what(chosen) != asked.shown:
        raise PassedOver(f"{OTHER} It was shown: {asked.shown}")
    reason = asked.options.get(f"{REASON}{chosen.account.marketplace}", "")
    free = open_units(of_row(chosen.row, chosen.account, chosen.issued))
    lines = {number: (count, reason) for number, count in free.items() if count}
    sentence = by_hand.cancel(chosen.row.id, lines, asked.by, asked.request_id)
    return Done(sentence, newest_command(chosen.row.sync_id, KIND))


def _worth(found: Found, free: Mapping[str, int]) -> Decimal:
    parts = (cents(line.total * free[line.number] / line.quantity) for line in found.order.lines if line.quantity)
    return sum(parts, ZERO)
