"""What is done to a Magento order after its creation: shipped, tracked, credited, canceled, invoiced, commented on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from webapp.connectors.loose import Unreadable, many, needed, text, whole
from webapp.connectors.magento_door import Door, bare_id, read, thing
from webapp.connectors.magento_errors import is_gone, judge_lookup
from webapp.domain.order import ZERO
from webapp.domain.shop import ShopTrack


@dataclass(frozen=True, slots=True)
class SourceUnits:
    """So many units of a SKU that Magento would take from one source."""

    source_code: str
    sku: str
    quantity: int


class Acts:
    """The calls that change an order; each raises ConnectorError with Magento's own sentence.

    The shop writes to the buyer only where a call is told to `notify`, if its store view sends such e-mails at all.

    A list of items is never empty, since Magento takes that for everything that is left. A quantity above what is
    open is cut by Magento without a word: read the order again for what came of it.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def ship(
        self,
        order_id: int,
        items: Mapping[int, int],
        tracks: Iterable[ShopTrack] = (),
        *,
        source_code: str = "",
        comment: str = "",
        notify: bool = False,
    ) -> int:
        """Ship these units, by `item_id`, in one shipment; its id. Without a source Magento takes its own `default`."""
        body: dict[str, Any] = {
            "items": _items(items),
            "notify": notify,
            "tracks": [_track(track) for track in tracks],
            **_comment(comment),
        }
        if source_code:
            body["arguments"] = {"extension_attributes": {"source_code": source_code}}
        answer = self._door.send("POST", f"order/{order_id}/ship", body=body)
        return read(answer, _id)

    def add_track(self, order_id: int, shipment_id: int, track: ShopTrack) -> int:
        """Add a number to a shipment that is there; the track's id."""
        entity = {"order_id": order_id, "parent_id": shipment_id, **_track(track)}
        entity |= {"qty": 1, "weight": 0, "description": ""}
        answer = self._door.send("POST", "shipment/track", body={"entity": entity})
        return read(answer, lambda body: whole(thing(body), "entity_id") or 0)

    def cancel(self, order_id: int) -> bool:
        """Cancel what is neither invoiced nor canceled. False: Magento does not allow it as the order stands.

        An order that shipped without an invoice would be canceled too: look at what has shipped before.
        """
        return read(self._door.send("POST", f"orders/{order_id}/cancel"), _flag)

    def refund(
        self,
        order_id: int,
        items: Mapping[int, int],
        *,
        shipping: Decimal = ZERO,
        adjustment_positive: Decimal = ZERO,
        adjustment_negative: Decimal = ZERO,
        return_to_stock: Collection[int] = (),
        comment: str = "",
    ) -> int:
        """Make an offline credit memo; its id. Money alone goes with one item of quantity 0. `shipping` is net."""
        arguments: dict[str, Any] = {
            "shipping_amount": shipping,
            "adjustment_positive": adjustment_positive,
            "adjustment_negative": adjustment_negative,
        }
        if return_to_stock:
            arguments["extension_attributes"] = {"return_to_stock_items": sorted(return_to_stock)}
        body = {"items": _items(items), "notify": False, "arguments": arguments, **_comment(comment)}
        answer = self._door.send("POST", f"order/{order_id}/refund", body=body)
        return read(answer, _id)

    def invoice_items(self, order_id: int, items: Mapping[int, int], *, notify: bool = False) -> int:
        """Invoice only these units; the invoice's id. The shipping cost goes into an order's first invoice."""
        body = {"capture": True, "notify": notify, "items": _items(items)}
        return read(self._door.send("POST", f"order/{order_id}/invoice", body=body), _id)

    def mail_order(self, order_id: int) -> bool:
        """Let the shop send its order e-mail. False: not now, since it sends in the background, or sends none."""
        return read(self._door.send("POST", f"orders/{order_id}/emails"), _flag)

    def order_mail_was_sent(self, order_id: int) -> bool | None:
        """Whether the order e-mail went out; None where the order does not exist (any more)."""
        answer = self._door.send("GET", f"orders/{order_id}?fields=entity_id,email_sent", judge=judge_lookup)
        return None if is_gone(answer) else read(answer, lambda body: whole(thing(body), "email_sent") == 1)

    def comment(self, order_id: int, comment: str) -> None:
        """Add a line to the order's history that the buyer does not see."""
        told = {"comment": comment, "is_customer_notified": 0, "is_visible_on_front": 0}
        self._door.send("POST", f"orders/{order_id}/comments", body={"statusHistory": told})

    def comments(self, order_id: int) -> list[str]:
        """The lines of the order's history."""
        answer = self._door.send("GET", f"orders/{order_id}/comments")
        return read(answer, lambda body: [text(one, "comment") for one in many(thing(body), "items")])

    def sources_for(self, stock_id: int, units: Mapping[str, int]) -> tuple[SourceUnits, ...]:
        """From which sources Magento would take these units, by SKU, by its own `priority` algorithm."""
        wanted = [{"sku": sku, "qty": quantity} for sku, quantity in units.items()]
        body = {"inventoryRequest": {"stockId": stock_id, "items": wanted}, "algorithmCode": "priority"}
        answer = self._door.send("POST", "inventory/source-selection-algorithm-result", body=body)
        return read(answer, _sources)


def _items(items: Mapping[int, int]) -> list[dict[str, int]]:
    if not items:
        raise ValueError("Magento takes an empty list of items for all of them.")
    return [{"order_item_id": item_id, "qty": quantity} for item_id, quantity in items.items()]


def _track(track: ShopTrack) -> dict[str, str]:
    """Magento demands a title, and takes any word for the carrier's code."""
    code = track.carrier_code or "custom"
    return {"track_number": track.number, "title": track.title or code, "carrier_code": code}


def _comment(comment: str) -> dict[str, Any]:
    if not comment:
        return {}
    return {"appendComment": True, "comment": {"comment": comment, "is_visible_on_front": 0}}


def _id(body: Any) -> int:
    found = bare_id(body)
    if not found.isdecimal():
        raise Unreadable("the answer is no id")
    return int(found)


def _flag(body: Any) -> bool:
    if not isinstance(body, bool):
        raise Unreadable("the answer is neither true nor false")
    return body


def _sources(body: Any) -> tuple[SourceUnits, ...]:
    entries = many(thing(body), "source_selection_items")
    chosen = [
        SourceUnits(needed(one, "source_code"), needed(one, "sku"), whole(one, "qty_to_deduct") or 0) for one in entries
    ]
    return tuple(one for one in chosen if one.quantity > 0)
