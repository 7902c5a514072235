"""Magento's REST API: orders found, read, created and invoiced; products; store views and their currencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from webapp.connectors.access_tokens import TokenSource
from webapp.connectors.http import Caller
from webapp.connectors.loose import Object, Unreadable, amount, many, needed, part, text, whole
from webapp.connectors.magento_acts import Acts
from webapp.connectors.magento_addresses import Addresses
from webapp.connectors.magento_carts import Carts
from webapp.connectors.magento_customers import Customers
from webapp.connectors.magento_documents import Documents
from webapp.connectors.magento_door import Door, MagentoStore, bare_id, number, objects, read, thing
from webapp.connectors.magento_errors import is_gone, judge_lookup
from webapp.connectors.magento_products import PRODUCT_FIELDS, Products, product_of
from webapp.connectors.magento_search import Filter, any_of, batches
from webapp.connectors.magento_stock import Stock
from webapp.domain.order import ZERO
from webapp.domain.regions import Region
from webapp.domain.shop import Product, ShopItem, ShopOrder

__all__ = ["MagentoClient", "MagentoStore", "StoreConfig", "StoreView"]

ITEM_FIELDS = "item_id,parent_item_id,sku,price,qty_ordered,qty_invoiced,qty_shipped,qty_refunded,qty_canceled"
ORDER_FIELDS = (
    "entity_id,increment_id,ext_order_id,store_id,state,status,grand_total,total_refunded,shipping_amount,"
    f"shipping_tax_amount,shipping_refunded,items[{ITEM_FIELDS}]"
)
CANDIDATE_FIELDS = f"{ORDER_FIELDS},payment[additional_information]"


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store view; `id` is the `store_id` of its orders."""

    id: int
    code: str
    name: str
    website_id: int


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """What a store view is set to; empty where Magento does not say."""

    code: str
    base_currency: str
    display_currency: str
    time_zone: str
    locale: str


class MagentoClient:
    """The calls of one store. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, caller: Caller, store: MagentoStore, tokens: TokenSource | None = None) -> None:
        self._door = Door(caller, store, tokens)
        self.carts = Carts(self._door)
        self.customers = Customers(self._door)
        self.products = Products(self._door)
        self.stock = Stock(self._door)
        self.documents = Documents(self._door)
        self.acts = Acts(self._door)
        self.addresses = Addresses(self._door)

    def find_orders(
        self,
        *,
        increment_ids: Iterable[str] = (),
        ext_order_ids: Iterable[str] = (),
        entity_ids: Iterable[int] = (),
        store_id: int | None = None,
    ) -> tuple[ShopOrder, ...]:
        """The orders that have any of these numbers, in the store view `store_id` only if given; order is not promised.

        One search for up to about 100 numbers. `ext_order_id` is not unique in Magento: there may be two for one.
        """
        wanted = [("increment_id", one) for one in increment_ids] + [("ext_order_id", one) for one in ext_order_ids]
        wanted += [("entity_id", str(one)) for one in entity_ids]
        only = (Filter("store_id", str(store_id), "eq"),) if store_id is not None else ()
        found: dict[int, ShopOrder] = {}
        for filters in _filters(wanted):
            groups = [filters, only] if only else [filters]
            for entry in self._door.search("orders", groups, f"items[{ORDER_FIELDS}],total_count", _shop_order):
                found[entry.entity_id] = entry
        return tuple(found.values())

    def get_order(self, entity_id: int) -> ShopOrder | None:
        """The order, or None where Magento says that it does not exist (any more)."""
        answer = self._door.send("GET", f"orders/{entity_id}?fields={quote(ORDER_FIELDS, safe='')}", judge=judge_lookup)
        return None if is_gone(answer) else read(answer, _shop_order)

    def find_carriers_of(
        self, po: str, number: str, email: str = "", *, anywhere: bool = False
    ) -> tuple[ShopOrder, ...]:
        """Orders that may carry this purchase order: as external id, as number or, with `anywhere`, inside the number.

        The buyer's e-mail brings those that carry the PO only among their payment's notes, as others write it.
        """
        filters = [Filter("ext_order_id", po, "eq"), *any_of("increment_id", dict.fromkeys(filter(None, (number, po))))]
        if anywhere:
            filters.append(Filter("increment_id", f"%{po}%", "like"))
            filters += [Filter("customer_email", email, "eq")] if email else []
        fields = f"items[{CANDIDATE_FIELDS}],total_count"
        return tuple(self._door.search("orders", [filters], fields, _shop_order))

    def find_products(self, skus: Iterable[str]) -> dict[str, Product]:
        """The products by the SKU that was asked for; SKUs without a product are left out.

        Magento's database takes upper and lower case for the same, so an equal spelling is only preferred.
        """
        wanted = list(dict.fromkeys(filter(None, skus)))
        found: dict[str, Product] = {}
        for batch in batches(wanted):
            for product in self._door.search("products", [any_of("sku", batch)], PRODUCT_FIELDS, product_of):
                found[product.sku] = product
        spelled = {sku.casefold(): product for sku, product in found.items()}
        matched = {sku: found.get(sku) or spelled.get(sku.strip().casefold()) for sku in wanted}
        return {sku: product for sku, product in matched.items() if product}

    def knock(self, path: str) -> None:
        """Ask for nothing of what is listed at `path`, which needs the right to it: the smallest read there is."""
        self._door.first(path, [[Filter("entity_id", "0", "eq")]], "items[entity_id]", thing, 1)

    def create_order(self, body: dict[str, Any]) -> ShopOrder:
        """Create the order from the complete entity and return it.

        The error's code is `duplicate_number` where the store view has an order of this number already.
        """
        answer = self._door.send("POST", "orders", body={"entity": body})
        return read(answer, _shop_order)

    def invoice(self, entity_id: int, *, notify: bool = False) -> str:
        """Invoice all that is open; the invoice's id. With `notify` the shop writes to the buyer."""
        answer = self._door.send("POST", f"order/{entity_id}/invoice", body={"capture": True, "notify": notify})
        return read(answer, bare_id)

    def update_order(self, body: dict[str, Any]) -> None:
        """Change just the columns that `body` names, of the order of its `entity_id`; may be repeated."""
        self._door.send("POST", "orders", body={"entity": body})

    def regions(self, country: str) -> tuple[Region, ...]:
        """The regions that the shop knows in a country of two letters; none where it has none or lacks the country."""
        answer = self._door.send("GET", f"directory/countries/{quote(country, safe='')}", judge=judge_lookup)
        return (
            ()
            if is_gone(answer)
            else read(answer, lambda body: tuple(map(_region, many(thing(body), "available_regions"))))
        )

    def store_views(self) -> tuple[StoreView, ...]:
        """The shop's store views, without the admin's own."""
        views = read(
            self._door.send("GET", "store/storeViews"), lambda body: [_store_view(one) for one in objects(body)]
        )
        return tuple(view for view in views if view.id != 0)

    def store_config(self, code: str) -> StoreConfig | None:
        """The settings of the store view with this code; None where there is none of it."""
        name = quote("storeCodes[]", safe="")
        answer = self._door.send("GET", f"store/storeConfigs?{name}={quote(code, safe='')}")
        configs = read(answer, lambda body: [_store_config(one) for one in objects(body)])
        return next((config for config in configs if config.code == code), None)


def _filters(wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[Filter, ...]]:
    """The numbers of all fields as filters of one group, in as few parts as fit into an address."""
    by_value: dict[str, list[str]] = {}
    for name, value in wanted:
        by_value.setdefault(value, []).append(name)
    for batch in batches(by_value):
        names = dict.fromkeys(name for value in batch for name in by_value[value])
        yield tuple(one for name in names for one in any_of(name, (v for v in batch if name in by_value[v])))


def _shop_order(body: Any) -> ShopOrder:
    entry = thing(body)
    # Magento lists the simple product of a configurable one beside it, with the same counts.
    items = [item for item in many(entry, "items") if not whole(item, "parent_item_id")]
    return ShopOrder(
        entity_id=number(entry, "entity_id"),
        increment_id=needed(entry, "increment_id"),
        ext_order_id=text(entry, "ext_order_id"),
        store_id=whole(entry, "store_id"),
        state=text(entry, "state"),
        status=text(entry, "status"),
        grand_total=amount(entry, "grand_total") or ZERO,
        total_refunded=amount(entry, "total_refunded") or ZERO,
        shipping=amount(entry, "shipping_amount") or ZERO,
        shipping_tax=amount(entry, "shipping_tax_amount") or ZERO,
        shipping_refunded=amount(entry, "shipping_refunded") or ZERO,
        items=tuple(_shop_item(item) for item in items),
        notes=_notes(part(entry, "payment").get("additional_information")),
    )


def _notes(given: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in given if isinstance(one, str | int)) if isinstance(given, list) else ()


def _region(entry: Object) -> Region:
    return Region(number(entry, "id"), text(entry, "code"), text(entry, "name"))


def _shop_item(item: Object) -> ShopItem:
    ordered = amount(item, "qty_ordered")
    if ordered is None:
        raise Unreadable("qty_ordered is missing")
    return ShopItem(
        item_id=number(item, "item_id"),
        sku=text(item, "sku"),
        ordered=ordered,
        invoiced=amount(item, "qty_invoiced") or ZERO,
        shipped=amount(item, "qty_shipped") or ZERO,
        refunded=amount(item, "qty_refunded") or ZERO,
        canceled=amount(item, "qty_canceled") or ZERO,
        price=amount(item, "price") or ZERO,
    )


def _store_view(body: Any) -> StoreView:
    entry = thing(body)
    return StoreView(
        id=number(entry, "id"),
        code=needed(entry, "code"),
        name=text(entry, "name"),
        website_id=whole(entry, "website_id") or 0,
    )


def _store_config(body: Any) -> StoreConfig:
    entry = thing(body)
    return StoreConfig(
        code=text(entry, "code"),
        base_currency=text(entry, "base_currency_code"),
        display_currency=text(entry, "default_display_currency_code"),
        time_zone=text(entry, "timezone"),
        locale=text(entry, "locale"),
    )
