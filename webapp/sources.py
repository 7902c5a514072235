"""Which source a Magento shipment leaves: the one that was chosen, the only one, or the shop's own selection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from webapp import clock, shop_facts
from webapp.accounts import Account, Store
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.domain.shop import ShopOrder
from webapp.unit_of_work import unit_of_work

FACT = "sources"
HOLDS = timedelta(hours=24)
Parts = tuple[tuple[str, dict[int, int]], ...]
"""Each source with the units that leave it, by line of the shop's order."""


def split(
    account: Account, magento: MagentoClient, shop: ShopOrder, items: Mapping[int, int], *, by_seller: bool
) -> Parts:
    """From which sources these units go; an empty code leaves it to Magento. Raises ConnectorError.

    Magento takes its `default` where none is named, even where that is no source of the website's stock.
    """
    chosen = account.policy.shipment_source if by_seller else account.policy.wfs_source
    if chosen:
        return ((chosen, dict(items)),)
    stock_id, sources = known(account.store, magento)
    if len(sources) < 2:
        return ((sources[0] if sources else "", dict(items)),)
    return _selected(magento, stock_id, shop, items) or (("", dict(items)),)


def known(store: Store, magento: MagentoClient) -> tuple[int, tuple[str, ...]]:
    """The stock that the store view sells from and its sources, asked once a day; none where they may not be read."""
    kept = shop_facts.get(store.id, FACT)
    if kept is not None and clock.now() - kept[1] < HOLDS:
        return int(kept[0]["stock_id"]), tuple(kept[0]["sources"])
    try:
        views, websites = magento.store_views(), magento.stock.websites()
        mine = next((view for view in views if view.id == store.store_id), None)
        stock_id = magento.stock.of_website(websites[mine.website_id] if mine else "base").stock_id
        sources = magento.stock.sources(stock_id)
    except ConnectorError as error:
        if not (error.permanent or error.unauthorized):
            raise
        return 0, ()
    with unit_of_work() as work:
        shop_facts.put(work, store.id, FACT, {"stock_id": stock_id, "sources": list(sources)})
    return stock_id, sources


def _selected(magento: MagentoClient, stock_id: int, shop: ShopOrder, items: Mapping[int, int]) -> Parts:
    """Magento's own selection, laid on the lines; what it would not ship goes from the first source it names."""
    skus = {item.item_id: item.sku for item in shop.items}
    wanted: dict[str, int] = {}
    for item_id, quantity in items.items():
        wanted[skus[item_id]] = wanted.get(skus[item_id], 0) + quantity
    chosen = magento.acts.sources_for(stock_id, wanted)
    left, parts = dict(items), dict[str, dict[int, int]]()
    for one in chosen:
        room = one.quantity
        for item_id in [item for item, sku in skus.items() if sku.casefold() == one.sku.casefold() and left.get(item)]:
            taken = min(room, left[item_id])
            if taken:
                part = parts.setdefault(one.source_code, {})
                part[item_id] = part.get(item_id, 0) + taken
                left[item_id] -= taken
                room -= taken
    rest = {item_id: quantity for item_id, quantity in left.items() if quantity}
    if parts and rest:
        first = next(iter(parts.values()))
        for item_id, quantity in rest.items():
            first[item_id] = first.get(item_id, 0) + quantity
    return tuple(parts.items())
