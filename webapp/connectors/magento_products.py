"""Magento's catalog: products searched as somebody types, the variants of a parent, a product made."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from webapp.connectors.loose import needed, text
from webapp.connectors.magento_door import Door, number, objects, read, thing
from webapp.connectors.magento_search import Filter
from webapp.domain.new_product import NewProduct
from webapp.domain.shop import Product

PRODUCT_FIELDS = "items[id,sku,name,type_id],total_count"
DEFAULT_SET = 4
"""The attribute set that every Magento has for products, named Default."""
NOT_VISIBLE = 1
"""Magento's visibility of a product that no page of the shop shows by itself."""


class Products:
    """The calls about the catalog. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def search(self, wanted: str, at_most: int) -> tuple[Product, ...]:
        """Products whose SKU holds this text, or whose name holds its words in this order."""
        words = wanted.split()
        if not words:
            return ()
        group = [Filter("sku", f"%{' '.join(words)}%", "like"), Filter("name", f"%{'%'.join(words)}%", "like")]
        return tuple(self._door.first("products", [group], PRODUCT_FIELDS, product_of, at_most))

    def children(self, sku: str) -> tuple[Product, ...]:
        """The simple products of a configurable one."""
        path = f"configurable-products/{quote(sku, safe='')}/children?fields={quote('id,sku,name,type_id', safe='')}"
        return read(self._door.send("GET", path), lambda body: tuple(product_of(one) for one in objects(body)))

    def create(self, new: NewProduct, *, websites: Collection[int], tax_class: int) -> Product:
        """A simple product, enabled and for sale, that no page shows. One that has the SKU already would be changed."""
        stock = {"qty": new.quantity, "is_in_stock": True}
        product = {
            "sku": new.sku,
            "name": new.name,
            "attribute_set_id": DEFAULT_SET,
            "price": new.price,
            "status": 1,
            "visibility": NOT_VISIBLE,
            "type_id": "simple",
            "weight": 0,
            "extension_attributes": {"website_ids": sorted(websites), "stock_item": stock},
            "custom_attributes": [{"attribute_code": "tax_class_id", "value": str(tax_class)}],
        }
        return read(self._door.send("POST", "products", body={"product": product}), product_of)


def product_of(body: Any) -> Product:
    """A product as a list or an answer tells it."""
    entry = thing(body)
    return Product(
        id=number(entry, "id"),
        sku=needed(entry, "sku"),
        name=text(entry, "name"),
        type=text(entry, "type_id") or "simple",
    )
