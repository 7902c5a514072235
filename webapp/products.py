"""Which product of the shop a Walmart SKU is: the one linked on the order, the one remembered, else that of its SKU."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import select

from webapp.connectors.magento import MagentoClient
from webapp.domain.order import Order
from webapp.domain.shop import Product
from webapp.models import ProductLinkRow, db

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an order sells, and the shop's SKUs that a person linked on it, by Walmart's."""

    skus: frozenset[str]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The products by Walmart's SKU, and the shop's SKU wherever somebody linked one, there or not."""

    products: Mapping[str, Product] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def wanted(order: Order, links: Mapping[str, str]) -> Wanted:
    """What is to be looked for: everything that is not cancelled."""
    return Wanted(frozenset(line.sku for line in order.lines if line.uncancelled > 0), links)


def match(magento: MagentoClient, store_id: int, one: Wanted) -> Match:
    """The products of one order. Raises ConnectorError."""
    return match_all(magento, store_id, {"": one})[""]


def match_all(magento: MagentoClient, store_id: int, orders: Mapping[K, Wanted]) -> dict[K, Match]:
    """The products of many orders, asked for together. Raises ConnectorError.

    A link counts even where its product is gone: another one would not be what was meant.
    """
    kept = remembered(store_id, {sku for one in orders.values() for sku in one.skus})
    links = {name: _links(one, kept) for name, one in orders.items()}
    asked = {links[name].get(sku, sku) for name, one in orders.items() for sku in one.skus}
    found = magento.find_products(sorted(asked)) if asked else {}
    return {name: Match(_matched(one.skus, links[name], found), links[name]) for name, one in orders.items()}


def remembered(store_id: int, skus: Collection[str]) -> dict[str, str]:
    """The shop's SKUs that are remembered in a store, by Walmart's."""
    if not skus:
        return {}
    links = select(ProductLinkRow.sku, ProductLinkRow.product_sku)
    found = db.session.execute(links.where(ProductLinkRow.store_id == store_id, ProductLinkRow.sku.in_(skus)))
    return {row.sku: row.product_sku for row in found}


def _links(one: Wanted, kept: Mapping[str, str]) -> dict[str, str]:
    return {sku: link for sku in one.skus if (link := one.links.get(sku) or kept.get(sku))}


def _matched(skus: Iterable[str], links: Mapping[str, str], found: Mapping[str, Product]) -> dict[str, Product]:
    return {sku: found[wanted] for sku in skus if (wanted := links.get(sku, sku)) in found}
