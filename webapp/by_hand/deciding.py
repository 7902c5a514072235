"""What a person decides about an order: which parcel a unit is in, what a credit memo is about, what is dealt with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from webapp import order_rows
from webapp.by_hand.finding import Found, find, note
from webapp.domain.tracks import numbered
from webapp.outbox import Refusal
from webapp.unit_of_work import unit_of_work


class Dealt(Exception):
    """Somebody else has dealt these lines' numbers meanwhile: `theirs` by `shipment:line`."""

    def __init__(self, theirs: Mapping[str, str]) -> None:
        self.theirs = theirs
        super().__init__(", ".join(theirs))


def deal_tracks(order_id: int, deals: Mapping[str, str], by: str, seen: Mapping[str, str] | None = None) -> str:
    """Deal tracking numbers to units anew, by `shipment:line`; what was sent already stays.

    `seen` is how they were dealt by hand when the question was asked, '' for not at all. Raises Dealt where somebody
    has dealt them otherwise since, and Refusal.
    """
    if not deals:
        raise Refusal("No tracking number was chosen, so nothing was dealt.")
    with unit_of_work() as work:
        found = find(work, order_id)
        for place, number in deals.items():
            _check_deal(found, place, number)
        choices = order_rows.choices(found.row)
        now = {place: choices.deals.get(place, "") for place in (seen or {})}
        theirs = {place: one for place, one in now.items() if one not in {(seen or {})[place], deals.get(place)}}
        if theirs:
            raise Dealt(theirs)
        order_rows.set_choices(found.row, replace(choices, deals={**choices.deals, **deals}))
        dealt = ", ".join(f"line {place.partition(':')[2]}: {number}" for place, number in deals.items())
        said = f"Deal the tracking numbers anew: {dealt}."
        return note(work, found, by, said, "The numbers go out as you dealt them.")


def refunds_shipped(order_id: int, memo: int, by: str) -> str:
    """A credit memo is about units that shipped, not about open ones."""
    with unit_of_work() as work:
        found = find(work, order_id)
        shop = order_rows.to_shop(found.row)
        known = next((one for one in (shop.creditmemos if shop else ()) if one.entity_id == memo), None)
        if known is None:
            raise Refusal("The Magento order has no such credit memo any more; reload the page.")
        choices = order_rows.choices(found.row)
        order_rows.set_choices(found.row, replace(choices, refund_memos=choices.refund_memos | {memo}))
        said = f"Credit memo {known.increment_id} is about units that shipped: they are refunded, nothing is canceled."
        return note(work, found, by, said, "The credit memo is taken for a refund.")


def settle(order_id: int, sentence: str, by: str) -> str:
    """A person has dealt with what this sentence asks for: it is not shown again."""
    with unit_of_work() as work:
        found = find(work, order_id)
        if not sentence or sentence not in {found.row.attention, *found.row.waiting_for}:
            raise Refusal("This is not asked for any more; reload the page.")
        choices = order_rows.choices(found.row)
        order_rows.set_choices(found.row, replace(choices, settled=choices.settled | {sentence}))
        return note(work, found, by, f"Dealt with: {sentence}", "It is not asked for again.")


def _check_deal(found: Found, place: str, number: str) -> None:
    shipment_id, _, line = place.partition(":")
    shop = order_rows.to_shop(found.row)
    shipment = next((one for one in (shop.shipments if shop else ()) if str(one.entity_id) == shipment_id), None)
    if shipment is None or line not in found.lines:
        raise Refusal("The Magento order has no such shipment any more; reload the page.")
    if number not in {track.number for track in numbered(shipment)}:
        raise Refusal(f"Shipment {shipment.increment_id} has no tracking number {number} any more; reload the page.")
