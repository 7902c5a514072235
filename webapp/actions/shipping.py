"""Mark as shipped and resend, on many orders: one parcel for each with a typed number, or parcels from a sheet."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp import by_hand, plain, queries
from webapp.actions.chosen import Chosen, load, newest_command
from webapp.actions.doing import Asked, Done, PassedOver
from webapp.by_hand import Parcel
from webapp.by_hand.doubting import Label, question
from webapp.by_hand.finding import of_row, ready_units, undecided
from webapp.by_hand.shipping import SEND_ANYWAY, tracking_mistakes
from webapp.domain.carriers import listed
from webapp.domain.commands import ConfirmShipment
from webapp.policy_json import policy_from_json

KIND = ConfirmShipment.__name__
PARCELS, NUMBER, CARRIER, REQUEST, SURE = "parcels-", "number-", "carrier-", "request", "sure"


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel with the units of each line that are in it; without any, all that is ready."""

    parcel: Parcel
    lines: Mapping[str, int] = field(default_factory=dict)


def why_not(chosen: Chosen) -> str:
    """Why no unit of the order can be marked as shipped by many."""
    refused = by_hand.options_of(chosen.row, chosen.account, chosen.issued).ship
    if refused:
        return refused
    if undecided(of_row(chosen.row, chosen.account, chosen.issued)):
        return "Cancellation requested: answer the buyer on the order's page first."
    return ""


def what(chosen: Chosen) -> str:
    """How many units are ready."""
    count = sum(ready_units(of_row(chosen.row, chosen.account, chosen.issued)).values())
    return f"{count} {'unit' if count == 1 else 'units'} to ship."


def check(options: Mapping[str, str], markets: Collection[str]) -> dict[str, str]:
    """A carrier that is known for each market, and a number that Walmart takes for at least one order."""
    wrong = {f"{CARRIER}{market}": _wrong_carrier(options.get(f"{CARRIER}{market}", ""), market) for market in markets}
    numbers = [value.strip() for name, value in options.items() if name.startswith(NUMBER) and value.strip()]
    unfit = [one for one in numbers if "number" in tracking_mistakes(Parcel("", one))]
    if not numbers:
        wrong["numbers"] = "Enter a tracking number for at least one order."
    elif unfit:
        wrong["numbers"] = f"Letters and digits only, Walmart takes no other signs: {', '.join(unfit[:3])}."
    if not any(wrong.values()):
        asked = question(_labels(options), SEND_ANYWAY, many=True)
        wrong[SURE] = asked if asked and asked.answer != options.get(SURE) else ""
    return {name: said for name, said in wrong.items() if said}


def _labels(options: Mapping[str, str]) -> list[Label]:
    """What was typed for each order, with the carrier of its market."""
    typed = {name.removeprefix(NUMBER): value.strip() for name, value in options.items() if name.startswith(NUMBER)}
    ids = {int(one): number for one, number in typed.items() if number and one.isdecimal() and len(one) < 19}
    return [
        Label(of_row(one.row, one.account, one.issued), options.get(f"{CARRIER}{one.account.marketplace}", ""), number)
        for one in load(ids)
        if (number := ids[one.row.id])
    ]


def _wrong_carrier(typed: str, market: str) -> str:
    """No tracking address can be entered here, so it must be a carrier of Walmart's or have an address of its own."""
    carrier = typed.strip().casefold()
    if not carrier:
        return "Choose the carrier."
    mine = (row for row in queries.all_accounts() if row.marketplace == market)
    policies = (policy_from_json(row.settings, number_prefix=row.number_prefix) for row in mine)
    own = {title.casefold() for policy in policies for title in policy.own_carriers}
    if carrier in own or carrier in {name.casefold() for name in listed(market)}:
        return ""
    step = "Enter it with its tracking address under Order settings, Carriers, or mark each order on its page."
    return f"Walmart does not list the carrier {typed.strip()}. {step}"


def ship(chosen: Chosen, asked: Asked) -> Done:
    """Tell Walmart of the order's parcels. Raises Refusal."""
    parcels = _parcels(chosen, asked.options)
    request = asked.options.get(REQUEST, "")
    name = f"sheet-{request}-{chosen.row.id}" if request else asked.request_id
    sentence = "Walmart was told of it before."
    for at, packed in enumerate(parcels):
        if _was_told(chosen, packed):
            continue
        ready = ready_units(of_row(chosen.row, chosen.account, chosen.issued))
        lines = dict(packed.lines) or {line: count for line, count in ready.items() if count}
        sentence = by_hand.ship(chosen.row.id, lines, packed.parcel, asked.by, f"{name}-{at}", sure=True)
    if len(parcels) > 1:
        sentence = f"Telling Walmart of {len(parcels)} parcels."
    return Done(sentence, newest_command(chosen.row.sync_id, KIND))


def why_not_resent(chosen: Chosen) -> str:
    """Why there are no shipments of the order to send."""
    return by_hand.options_of(chosen.row, chosen.account, chosen.issued).resend


def resend(chosen: Chosen, asked: Asked) -> Done:
    """Send what Walmart lacks of the order's Magento shipments. Raises Refusal."""
    before = newest_command(chosen.row.sync_id, KIND)
    sentence = by_hand.resend(chosen.row.id, asked.by)
    after = newest_command(chosen.row.sync_id, KIND)
    return Done(sentence, after if after != before else None)


def as_option(parcels: Collection[Packed]) -> str:
    """Parcels as they are kept with the action."""
    return json.dumps([asdict(one) for one in parcels])


def _was_told(chosen: Chosen, packed: Packed) -> bool:
    """The same units went out with the same number: what failed is tried again beside them."""
    for one in chosen.issued:
        command = one.command
        if isinstance(command, ConfirmShipment) and command.number == packed.parcel.number:
            same = {unit.line: unit.quantity for unit in command.units} == dict(packed.lines)
            if same and (one.is_under_way or one.done_at is not None):
                return True
    return False


def _parcels(chosen: Chosen, options: Mapping[str, str]) -> list[Packed]:
    order_id, market = chosen.row.id, chosen.account.marketplace
    kept = options.get(f"{PARCELS}{order_id}", "")
    if kept:
        found: Any = json.loads(kept)
        return plain.read(found, list[Packed])
    number = options.get(f"{NUMBER}{order_id}", "").strip()
    if not number:
        raise PassedOver("No tracking number was entered for it.")
    return [Packed(Parcel(options.get(f"{CARRIER}{market}", ""), number))]
