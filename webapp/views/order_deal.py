"""The tracking numbers of one Magento shipment, dealt to units by hand."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand, order_rows
from webapp.domain.shop import ShopShipment
from webapp.domain.tracks import numbered
from webapp.people import Role
from webapp.views import door, order_forms
from webapp.views.order import Found, find
from webapp.views.order_forms import Typed
from webapp.views.order_parcels import Dealt, undealt

bp = Blueprint("order_deal", __name__, url_prefix="/orders/<account_key>/<po>/shipments/<int:shipment>")

ALL_TOLD = "Walmart has been told of all its units, or it has one number only."


@bp.get("/deal")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str, shipment: int) -> AnyResponse:
    """The form: each line with units that Walmart was not told of, and its number."""
    found = find(account_key, po)
    return _form(found, _shipment(found, shipment), Typed())


@bp.post("/deal")
@door.needs(Role.OPERATOR)
def deal(account_key: str, po: str, shipment: int) -> AnyResponse:
    """Deal them so; what is on its way keeps its number."""
    found, typed = find(account_key, po), order_forms.sent()
    mine = _shipment(found, shipment)
    deals = {f"{shipment}:{one.line}": typed[f"number-{one.line}"] for one in _lines(found, mine)}
    wanted = {place: number for place, number in deals.items() if number}
    seen = {place: typed[f"seen-{place.partition(':')[2]}"] for place in wanted}
    act = lambda: by_hand.deal_tracks(found.row.id, wanted, door.me().email, seen)  # noqa: E731
    try:
        return order_forms.do(found, act, lambda mistakes: _form(found, mine, Typed(typed.values, mistakes)))
    except by_hand.Dealt as other:
        theirs = {place.partition(":")[2]: number for place, number in other.theirs.items()}
        return _form(find(account_key, po), mine, Typed(typed.values, is_conflict=True), theirs)


def _shipment(found: Found, shipment: int) -> ShopShipment:
    shop = order_rows.to_shop(found.row)
    mine = next((one for one in (shop.shipments if shop else ()) if one.entity_id == shipment), None)
    if mine is None:
        abort(404, "The Magento order has no such shipment any more.")
    return mine


def _lines(found: Found, shipment: ShopShipment) -> list[Dealt]:
    row = found.row
    return undealt(order_rows.to_order(row), shipment, order_rows.way_back(row), order_rows.choices(row).deals)


def _form(found: Found, shipment: ShopShipment, typed: Typed, theirs: Mapping[str, str] | None = None) -> AnyResponse:
    by_hand_now = order_rows.choices(found.row).deals
    lines, tracks = _lines(found, shipment), numbered(shipment)
    return order_forms.ask(
        "orders/deal.html",
        found,
        typed,
        shipment=shipment,
        lines=lines,
        tracks=tracks,
        seen={one.line: by_hand_now.get(f"{shipment.entity_id}:{one.line}", "") for one in lines},
        theirs=theirs or {},
        why_not="" if lines and len(tracks) > 1 else ALL_TOLD,
    )
