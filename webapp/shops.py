"""Magento's side of orders, read for one or for a page of them: its trouble never stops Walmart's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from webapp import clock, products, shop_health
from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.domain.order import Order
from webapp.domain.plan import Seen, wants_magento_order
from webapp.domain.quantities import has_gone_backwards
from webapp.domain.shop import ShopOrder
from webapp.order_rows import Known
from webapp.products import Match, Wanted

OUTAGE = "Waiting for Magento:"
"""How the sentence begins that says why Magento could not be read."""
OLD = "Magento showed an older state than before; reading again."
NOT_SHOWN = "Magento does not show the order at the moment; reading again."


@dataclass(frozen=True, slots=True)
class Shop:
    """Magento's side as just read, or why it could not be."""

    order: ShopOrder | None = None
    is_gone: bool = False
    match: Match = field(default_factory=Match)
    trouble: str | None = None
    wake_from: datetime | None = None
    """From when on the order is read again at once when the shop is back; None where it does not wait for that."""


def read_one(magento: MagentoClient, account: Account, order: Order, known: Known | None) -> Shop:
    """Magento is read for orders that are linked or about to be created."""
    try:
        if known is not None and known.magento_order_id is not None:
            shop = magento.get_order(known.magento_order_id)
            return Shop(order=_with_documents(magento, [(shop, known)])[0] if shop else None, is_gone=shop is None)
        if _wants(account, order, known):
            return Shop(match=products.match(magento, account.store.id, _wanted(order, known)))
    except ConnectorError as error:
        return _away(error)
    return Shop()


def read_many(
    magento: MagentoClient, account: Account, orders: Sequence[tuple[Order, Known | None]]
) -> dict[str, Shop]:
    """The same by PO, in few calls. An order that a search does not show is left out: only a read proves it gone."""
    linked = {known.magento_order_id: order for order, known in orders if known and known.magento_order_id}
    others = [order for order, known in orders if not (known and known.magento_order_id)]
    of_po = {order.po: known for order, known in orders}
    wanting = {one.po: _wanted(one, of_po[one.po]) for one in others if _wants(account, one, of_po[one.po])}
    before = {known.magento_order_id: known for _, known in orders if known and known.magento_order_id}
    return (
        {order.po: Shop() for order in others} | _products(magento, account, wanting) | _linked(magento, linked, before)
    )


def _wants(account: Account, order: Order, known: Known | None) -> bool:
    seen = Seen(order=order, creation_asked=known.creation_asked if known else 0)
    return wants_magento_order(seen, account.policy)


def _wanted(order: Order, known: Known | None) -> Wanted:
    return products.wanted(order, known.links if known else {})


def _products(magento: MagentoClient, account: Account, wanting: Mapping[str, Wanted]) -> dict[str, Shop]:
    if not wanting:
        return {}
    try:
        found = products.match_all(magento, account.store.id, wanting)
    except ConnectorError as error:
        return {po: _away(error) for po in wanting}
    return {po: Shop(match=match) for po, match in found.items()}


def _linked(magento: MagentoClient, linked: Mapping[int, Order], before: Mapping[int, Known]) -> dict[str, Shop]:
    if not linked:
        return {}
    try:
        found = [shop for shop in magento.find_orders(entity_ids=linked) if shop.entity_id in linked]
        complete = _with_documents(magento, [(shop, before[shop.entity_id]) for shop in found])
    except ConnectorError as error:
        return {order.po: _away(error) for order in linked.values()}
    return {linked[shop.entity_id].po: _believed(shop, before[shop.entity_id]) for shop in complete}


def _with_documents(magento: MagentoClient, orders: Sequence[tuple[ShopOrder, Known]]) -> list[ShopOrder]:
    """The orders with their shipments and credit memos, read only where counts or history say that there can be any."""
    shipped = [shop.entity_id for shop, known in orders if _has_shipments(shop, known)]
    credited = [shop.entity_id for shop, known in orders if _has_memos(shop, known)]
    shipments = magento.documents.shipments_of(shipped) if shipped else ()
    memos = magento.documents.creditmemos_of(credited) if credited else ()
    return [
        replace(
            shop,
            shipments=tuple(one for one in shipments if one.order_id == shop.entity_id),
            creditmemos=tuple(one for one in memos if one.order_id == shop.entity_id),
        )
        for shop, _ in orders
    ]


def _has_shipments(shop: ShopOrder, known: Known) -> bool:
    return any(item.shipped for item in shop.items) or bool(known.shop and known.shop.shipments)


def _has_memos(shop: ShopOrder, known: Known) -> bool:
    return bool(shop.total_refunded) or any(item.refunded for item in shop.items) or _had_memos(known)


def _had_memos(known: Known) -> bool:
    return bool(known.shop and known.shop.creditmemos)


def _believed(shop: ShopOrder, known: Known) -> Shop:
    """On a page nothing can be read twice, so what seems to go backwards waits for the order's own turn."""
    if known.shop and known.shop.entity_id == shop.entity_id and has_gone_backwards(known.shop, shop):
        return Shop(trouble=OLD)
    return Shop(order=shop)


def _away(error: ConnectorError) -> Shop:
    wakes = shop_health.wake_from(error, clock.now(), error.retry_after)
    return Shop(trouble=f"{OUTAGE} {error.message}", wake_from=wakes)
