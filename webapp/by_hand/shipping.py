"""Shipped by hand: a parcel told to Walmart, and the shop's shipments sent again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from webapp import clock
from webapp.by_hand.allowing import stopped_shipments, why_not_resent, why_not_shipped
from webapp.by_hand.doubting import Label, question
from webapp.by_hand.finding import (
    ASKED,
    Found,
    Mistakes,
    agree,
    chosen_units,
    find,
    issue,
    ready_units,
    refuse,
    say_at_once,
    undecided,
    was_asked,
)
from webapp.by_hand.tracking_numbers import doubt
from webapp.domain.carriers import listed, tracking_url
from webapp.domain.command_keys import anew
from webapp.domain.commands import Command, CommandState, ConfirmShipment, CorrectTracking, Issued
from webapp.domain.order import Tracking
from webapp.domain.outgoing import contents, lines_named
from webapp.models import CommandRow
from webapp.unit_of_work import Work, unit_of_work

SEND_ANYWAY = "Look for a slip, or say that it is right."
LONGEST_NUMBER, LONGEST_NAME, LONGEST_URL = 60, 60, 500
NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]*")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a person says about a parcel that left. `method` empty: the order's own."""

    carrier: str
    number: str
    url: str = ""
    method: str = ""


def ship(
    order_id: int,
    lines: Mapping[str, int],
    parcel: Parcel,
    by: str,
    request_id: str,
    *,
    anyway: bool = False,
    sure: bool | str = False,
) -> str:
    """Tell Walmart that these units, by line number, have left in one parcel.

    `anyway`: also those whose buyer asked to cancel. `sure`: whatever doubt there is about the number, or the answer to
    the question that was asked.
    """
    with unit_of_work() as work:
        found = find(work, order_id)
        if was_asked(found, request_id):
            return ASKED
        command = judge(found, lines, parcel, ready_units(found), anyway=anyway, sure=sure, request_id=request_id)
        wishing = _wishing(found, lines)
        if wishing:
            agree(found, wishing)
        despite = ", although the buyer asked to cancel" if wishing else ""
        said = f"Mark as shipped with {in_parcel(command)}{despite}: {contents(command.units, found.order.lines)}."
        says = issue(work, found, [command], by, f"{said} Asked for by hand.", "Telling Walmart that it has shipped.")
        if says != ASKED:
            say_at_once(found, command)
        return says


def judge(
    found: Found,
    lines: Mapping[str, int],
    parcel: Parcel,
    ready: Mapping[str, int],
    *,
    anyway: bool = False,
    sure: bool | str = False,
    request_id: str = "",
) -> ConfirmShipment:
    """What would be sent, of units that are `ready` by line. Raises Refusal with what is wrong, or asks about."""
    refuse(why_not_shipped(found))
    mistakes: dict[str, str] = {}
    units = chosen_units(found, lines, "ship", ready, mistakes)
    tracking, is_other = _tracking(found, parcel, mistakes)
    wishing = _wishing(found, lines)
    if wishing and not anyway:
        mistakes["anyway"] = f"The buyer asked to cancel {lines_named(wishing)}. Tick that you ship anyway."
    if sure is not True:
        _ask(Label(found, parcel.carrier.strip(), parcel.number.strip()), sure, mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    return ConfirmShipment(units, number=tracking.number, parcel=tracking, other_carrier=is_other, request=request_id)


def _ask(label: Label, sure: bool | str, mistakes: dict[str, str]) -> None:
    """Put what is odd about the number beside all that is wrong; one that cannot go at all has nothing to agree to."""
    if "number" in mistakes:
        mistakes["number"] = f"{mistakes['number']} {doubt(label.carrier, label.number)}".rstrip()
        return
    asked = question([label], SEND_ANYWAY)
    if asked and asked.answer != sure:
        mistakes["sure"] = asked


def tracking_mistakes(parcel: Parcel, found: Found | None = None) -> dict[str, str]:
    """All that is wrong with a parcel's carrier, number and address, as far as it can be said without its order."""
    mistakes: dict[str, str] = {}
    if found is None:
        _check(parcel, mistakes)
    else:
        _tracking(found, parcel, mistakes)
    return mistakes


def in_parcel(command: ConfirmShipment) -> str:
    """`UPS 1Z…`."""
    return f"{command.parcel.carrier} {command.number}" if command.parcel else command.number


def resend(order_id: int, by: str) -> str:
    """Send what Walmart still lacks of the shop's shipments: what was refused or given up is tried again.

    Both sides are read first, so nothing that Walmart has goes out twice.
    """
    with unit_of_work() as work:
        found = find(work, order_id)
        refuse(why_not_resent(found))
        again = stopped_shipments(found)
        wanted = [one.command for one in again if one.command is not None and _is_open(found, one.command)]
        for row in _rows(work, found, again):
            row.state, row.reason, row.dismissed_by = CommandState.DISMISSED, "Sent again by hand.", ""
        commands = [anew(command, found.issued) for command in dict.fromkeys(wanted)]
        said = "Resend the shipping information: asked for by hand."
        says = "Sending what Walmart lacks." if commands else "Both sides are read again; what Walmart lacks is sent."
        return issue(work, found, commands, by, said, says)


def _wishing(found: Found, lines: Mapping[str, int]) -> list[str]:
    """Chosen lines whose buyer asked to cancel, and nobody has decided to ship them anyway."""
    return [line.number for line in undecided(found) if lines.get(line.number)]


def _rows(work: Work, found: Found, issued: Iterable[Issued]) -> list[CommandRow]:
    causes = {(one.kind, one.cause) for one in issued}
    mine = work.session.query(CommandRow).filter(CommandRow.sync_id == found.row.sync_id)
    return [row for row in mine if (row.kind, row.cause) in causes]


def _is_open(found: Found, command: Command) -> bool:
    units = getattr(command, "units", ())
    if isinstance(command, CorrectTracking):
        return True
    return all(unit.line in found.lines and found.lines[unit.line].open >= unit.quantity for unit in units)


def _tracking(found: Found, parcel: Parcel, mistakes: dict[str, str]) -> tuple[Tracking, bool]:
    """The parcel in Walmart's words, and whether its carrier is none of Walmart's."""
    carrier, number, url = parcel.carrier.strip(), parcel.number.strip(), parcel.url.strip()
    known = next((name for name in listed(found.market) if name.casefold() == carrier.casefold()), "")
    own = {title.casefold(): address for title, address in found.policy.own_carriers.items()}
    if not url and not known and carrier.casefold() in own:
        url = tracking_url(own[carrier.casefold()], number)
    _check(Parcel(carrier, number, url), mistakes)
    if carrier and not known and not url:
        mistakes["url"] = f"Walmart does not list the carrier {carrier}: enter the address where the parcel is tracked."
    method = parcel.method.strip() or found.order.method_code or "Standard"
    return Tracking(known or carrier, number, url, method, clock.now()), not known


def _check(parcel: Parcel, mistakes: dict[str, str]) -> None:
    """What is wrong whatever the order is."""
    carrier, number, url = parcel.carrier.strip(), parcel.number.strip(), parcel.url.strip()
    if not carrier:
        mistakes["carrier"] = "Choose the carrier."
    elif len(carrier) > LONGEST_NAME or not carrier.isprintable():
        mistakes["carrier"] = f"The carrier's name has at most {LONGEST_NAME} ordinary characters."
    if len(number) > LONGEST_NUMBER or not NUMBER.fullmatch(number):
        mistakes["number"] = "Enter the tracking number: letters and digits only, Walmart takes no other signs."
    if url and not _is_address(url):
        mistakes["url"] = "The tracking address must begin with https:// and a host."


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and len(url) <= LONGEST_URL and url.isprintable()
