"""Magento's REST API: orders found, read, created and invoiced; products; store views and their currencies."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from webapp.connectors.http import Answer, Call, Caller, ConnectorError, Judge
from webapp.connectors.loose import Object, Unreadable, amount, document, many, needed, text, whole
from webapp.connectors.magento_errors import is_gone, judge, judge_lookup
from webapp.connectors.magento_oauth import OAuthKeys, authorization
from webapp.connectors.magento_search import PAGE_SIZE, Filter, any_of, batches, query
from webapp.domain.commands import Side
from webapp.domain.order import ZERO
from webapp.domain.shop import Product, ShopItem, ShopOrder

T = TypeVar("T")

MOST_PAGES = 100
ITEM_FIELDS = "item_id,parent_item_id,sku,qty_ordered,qty_invoiced,qty_shipped,qty_refunded,qty_canceled"
ORDER_FIELDS = f"entity_id,increment_id,ext_order_id,store_id,state,status,grand_total,items[{ITEM_FIELDS}]"
PRODUCT_FIELDS = "items[id,sku,name,type_id],total_count"


@dataclass(frozen=True, slots=True)
class MagentoStore:
    """Where a shop is and what opens it. `url` is the shop's base address, without `/rest`.

    `token` is sent as Bearer, unless `oauth` is given: then each call is signed, which needs no setting in the shop.
    """

    url: str
    token: str = field(default="", repr=False)
    store_view: str = "default"
    public_only: bool = False
    oauth: OAuthKeys | None = None


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

    def __init__(self, caller: Caller, store: MagentoStore) -> None:
        self._caller = caller
        self._store = store

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
            for entry in self._search("orders", groups, f"items[{ORDER_FIELDS}],total_count", _shop_order):
                found[entry.entity_id] = entry
        return tuple(found.values())

    def get_order(self, entity_id: int) -> ShopOrder | None:
        """The order, or None where Magento says that it does not exist (any more)."""
        answer = self._send("GET", f"orders/{entity_id}?fields={quote(ORDER_FIELDS, safe='')}", judge=judge_lookup)
        return None if is_gone(answer) else _read(answer, _shop_order)

    def find_products(self, skus: Iterable[str]) -> dict[str, Product]:
        """The products by the SKU that was asked for; SKUs without a product are left out.

        Magento's database takes upper and lower case for the same, so an equal spelling is only preferred.
        """
        wanted = list(dict.fromkeys(filter(None, skus)))
        found: dict[str, Product] = {}
        for batch in batches(wanted):
            for product in self._search("products", [any_of("sku", batch)], PRODUCT_FIELDS, _product):
                found[product.sku] = product
        spelled = {sku.casefold(): product for sku, product in found.items()}
        matched = {sku: found.get(sku) or spelled.get(sku.strip().casefold()) for sku in wanted}
        return {sku: product for sku, product in matched.items() if product}

    def create_order(self, body: dict[str, Any]) -> ShopOrder:
        """Create the order from the complete entity and return it.

        The error's code is `duplicate_number` where the store view has an order of this number already.
        """
        answer = self._send("POST", "orders", body={"entity": body})
        return _read(answer, _shop_order)

    def invoice(self, entity_id: int) -> str:
        """Invoice all that is open, without a mail to the buyer; the invoice's id."""
        answer = self._send("POST", f"order/{entity_id}/invoice", body={"capture": True, "notify": False})
        return _read(answer, _id)

    def store_views(self) -> tuple[StoreView, ...]:
        """The shop's store views, without the admin's own."""
        views = _read(self._send("GET", "store/storeViews"), lambda body: [_store_view(one) for one in _list(body)])
        return tuple(view for view in views if view.id != 0)

    def store_config(self, code: str) -> StoreConfig | None:
        """The settings of the store view with this code; None where there is none of it."""
        name = quote("storeCodes[]", safe="")
        answer = self._send("GET", f"store/storeConfigs?{name}={quote(code, safe='')}")
        configs = _read(answer, lambda body: [_store_config(one) for one in _list(body)])
        return next((config for config in configs if config.code == code), None)

    def _search(
        self, path: str, groups: Sequence[Sequence[Filter]], fields: str, parse: Callable[[Any], T]
    ) -> Iterator[T]:
        for page in range(1, MOST_PAGES + 1):
            answer = self._send("GET", f"{path}?{query(groups, fields, page=page)}")
            entries, total = _read(answer, lambda body: _page(body, parse))
            yield from entries
            if not entries or page * PAGE_SIZE >= total:
                return

    def _send(self, method: str, path: str, *, body: Any = None, judge: Judge = judge) -> Answer:
        store = self._store
        view = f"{quote(store.store_view, safe='')}/" if store.store_view else ""
        url = f"{store.url.rstrip('/')}/rest/{view}V1/{path}"
        headers = {"Authorization": _authorization(store, method, url), "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, default=_plain_number, allow_nan=False).encode()
        call = Call(
            side=Side.MAGENTO,
            method=method,
            url=url,
            headers=headers,
            body=content,
            correlation_id=str(uuid.uuid4()),
            secrets=(store.token.strip(), *((store.oauth.token,) if store.oauth else ())),
            public_only=store.public_only,
        )
        return self._caller.send(call, judge)


def _authorization(store: MagentoStore, method: str, url: str) -> str:
    return authorization(store.oauth, method, url) if store.oauth else f"Bearer {store.token.strip()}"


def _filters(wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[Filter, ...]]:
    """The numbers of all fields as filters of one group, in as few parts as fit into an address."""
    by_value: dict[str, list[str]] = {}
    for name, value in wanted:
        by_value.setdefault(value, []).append(name)
    for batch in batches(by_value):
        names = dict.fromkeys(name for value in batch for name in by_value[value])
        yield tuple(one for name in names for one in any_of(name, (v for v in batch if name in by_value[v])))


def _plain_number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _read(answer: Answer, parse: Callable[[Any], T]) -> T:
    try:
        return parse(document(answer.body))
    except Unreadable as error:
        raise ConnectorError(
            f"Magento's answer could not be read: {error}.",
            side=Side.MAGENTO,
            status=answer.status,
            code="unreadable",
            doubtful=answer.call.acts,
        ) from error


def _page(body: Any, parse: Callable[[Any], T]) -> tuple[list[T], int]:
    if not isinstance(body, dict) or "items" not in body:
        raise Unreadable("items is missing")
    entries = [parse(entry) for entry in many(body, "items")]
    total = whole(body, "total_count")
    return entries, len(entries) if total is None else total


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise Unreadable("the answer is no list")
    return body


def _object(entry: Any) -> Object:
    if not isinstance(entry, dict):
        raise Unreadable("the answer is no object")
    return entry


def _number(entry: Object, key: str) -> int:
    number = whole(entry, key)
    if number is None:
        raise Unreadable(f"{key} is missing")
    return number


def _id(body: Any) -> str:
    if isinstance(body, bool) or not isinstance(body, str | int) or not str(body).strip():
        raise Unreadable("the answer is no id")
    return str(body).strip()


def _shop_order(body: Any) -> ShopOrder:
    entry = _object(body)
    # Magento lists the simple product of a configurable one beside it, with the same counts.
    items = [item for item in many(entry, "items") if not whole(item, "parent_item_id")]
    return ShopOrder(
        entity_id=_number(entry, "entity_id"),
        increment_id=needed(entry, "increment_id"),
        ext_order_id=text(entry, "ext_order_id"),
        store_id=whole(entry, "store_id"),
        state=text(entry, "state"),
        status=text(entry, "status"),
        grand_total=amount(entry, "grand_total") or ZERO,
        items=tuple(_shop_item(item) for item in items),
    )


def _shop_item(item: Object) -> ShopItem:
    ordered = amount(item, "qty_ordered")
    if ordered is None:
        raise Unreadable("qty_ordered is missing")
    return ShopItem(
        item_id=_number(item, "item_id"),
        sku=text(item, "sku"),
        ordered=ordered,
        invoiced=amount(item, "qty_invoiced") or ZERO,
        shipped=amount(item, "qty_shipped") or ZERO,
        refunded=amount(item, "qty_refunded") or ZERO,
        canceled=amount(item, "qty_canceled") or ZERO,
    )


def _product(body: Any) -> Product:
    entry = _object(body)
    return Product(
        id=_number(entry, "id"),
        sku=needed(entry, "sku"),
        name=text(entry, "name"),
        type=text(entry, "type_id") or "simple",
    )


def _store_view(body: Any) -> StoreView:
    entry = _object(body)
    return StoreView(
        id=_number(entry, "id"),
        code=needed(entry, "code"),
        name=text(entry, "name"),
        website_id=whole(entry, "website_id") or 0,
    )


def _store_config(body: Any) -> StoreConfig:
    entry = _object(body)
    return StoreConfig(
        code=text(entry, "code"),
        base_currency=text(entry, "base_currency_code"),
        display_currency=text(entry, "default_display_currency_code"),
        time_zone=text(entry, "timezone"),
        locale=text(entry, "locale"),
    )
