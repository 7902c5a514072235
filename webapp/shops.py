"""Magento's side of orders, read for one or for a page of them: its trouble never stops Walmart's side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.domain.order import Order
from webapp.domain.plan import Seen, wants_magento_order
from webapp.domain.shop import Product, ShopOrder
from webapp.order_rows import Known


@dataclass(frozen=True, slots=True)
class Shop:
    """Magento's side as just read, or why it could not be."""

    order: ShopOrder | None = None
    is_gone: bool = False
    products: Mapping[str, Product] = field(default_factory=dict)
    trouble: str | None = None


def read_one(magento: MagentoClient, account: Account, order: Order, known: Known | None) -> Shop:
    """Magento is read for orders that are linked or about to be created."""
    try:
        if known is not None and known.magento_order_id is not None:
            shop = magento.get_order(known.magento_order_id)
            return Shop(order=shop, is_gone=shop is None)
        if wants_magento_order(Seen(order=order), account.policy):
            return Shop(products=magento.find_products(_skus([order])))
    except ConnectorError as error:
        return _away(error)
    return Shop()


def read_many(
    magento: MagentoClient, account: Account, orders: Sequence[tuple[Order, Known | None]]
) -> dict[str, Shop]:
    """The same by PO, in few calls. An order that a search does not show is left out: only a read proves it gone."""
    linked = {known.magento_order_id: order for order, known in orders if known and known.magento_order_id}
    others = [order for order, known in orders if not (known and known.magento_order_id)]
    wanting = [order for order in others if wants_magento_order(Seen(order=order), account.policy)]
    return {order.po: Shop() for order in others} | _products(magento, wanting) | _linked(magento, linked)


def _products(magento: MagentoClient, wanting: Sequence[Order]) -> dict[str, Shop]:
    if not wanting:
        return {}
    try:
        found = magento.find_products(_skus(wanting))
    except ConnectorError as error:
        return {order.po: _away(error) for order in wanting}
    return {order.po: Shop(products={sku: found[sku] for sku in _skus([order]) if sku in found}) for order in wanting}


def _linked(magento: MagentoClient, linked: Mapping[int, Order]) -> dict[str, Shop]:
    if not linked:
        return {}
    try:
        found = magento.find_orders(entity_ids=linked)
    except ConnectorError as error:
        return {order.po: _away(error) for order in linked.values()}
    return {linked[shop.entity_id].po: Shop(order=shop) for shop in found if shop.entity_id in linked}


def _skus(orders: Iterable[Order]) -> list[str]:
    return sorted({line.sku for order in orders for line in order.lines if line.uncancelled > 0})


def _away(error: ConnectorError) -> Shop:
    return Shop(trouble=f"Waiting for Magento: {error.message}")
