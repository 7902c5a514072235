"""Magento's catalog: products searched as somebody types, the variants of a parent, a product made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from webapp.connectors.http import ConnectorError
from webapp.connectors.loose import amount, needed, text, whole
from webapp.connectors.magento_door import Door, number, objects, read, thing
from webapp.connectors.magento_search import Filter
from webapp.domain.new_product import NewProduct
from webapp.domain.shop import Product, Variant

PRODUCT_FIELDS = "items[id,sku,name,type_id,price],total_count"
DEFAULT_SET = 4
"""The attribute set that every Magento has for products, named Default."""
NOT_VISIBLE = 1
"""Magento's visibility of a product that no page of the shop shows by itself."""


UNTOLD = frozenset({401, 403, 404})
"""What Magento answers who may not read its attributes; and nobody knows one that is gone."""
CHILD_FIELDS = "id,sku,name,type_id,status,custom_attributes[attribute_code,value]"
DISABLED = 2
"""Magento's status of a product that is not for sale."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """One of the attributes by which the children of a configurable product differ."""

    attribute: str
    label: str


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

    def variants(self, sku: str) -> tuple[Variant, ...]:
        """The products of a configurable one, in the order of its options; none of any other product.

        The words of the options take a right of their own (`attributes_attributes`): without it they are left out.
        """
        of_parent = f"configurable-products/{quote(sku, safe='')}"
        children = read(self._door.send("GET", f"{of_parent}/children?fields={quote(CHILD_FIELDS, safe='')}"), _list)
        if not children:
            return ()
        axes = read(self._door.send("GET", f"{of_parent}/options/all"), _axes)
        known = [found for axis in axes if (found := self._attribute(axis))]
        variants = [_variant(one, known, len(axes)) for one in children]
        ranks = {(label, value): at for _, label, values in known for at, value in enumerate(values.values())}
        return tuple(sorted(variants, key=lambda one: [ranks[option] for option in one.options]))

    def _attribute(self, axis: _Axis) -> tuple[str, str, dict[str, str]] | None:
        """Its code, its label and the words of its options by their numbers; None where Magento does not tell."""
        path = f"products/attributes/{axis.attribute}?fields={quote('attribute_code,options[label,value]', safe='')}"
        try:
            code, values = read(self._door.send("GET", path), _choices)
        except ConnectorError as error:
            if error.status not in UNTOLD:
                raise
            return None
        return code, axis.label or code, values

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


def _list(body: Any) -> list[Any]:
    """The answer as a list: with `fields`, Magento gives an empty one as null."""
    return objects(body) if body is not None else []


def _axes(body: Any) -> list[_Axis]:
    """In the shop's order."""
    entries = [thing(one) for one in _list(body)]
    return [
        _Axis(str(number(one, "attribute_id")), text(one, "label"))
        for one in sorted(entries, key=lambda one: whole(one, "position") or 0)
    ]


def _choices(body: Any) -> tuple[str, dict[str, str]]:
    """The attribute's code, and the words of its options by their numbers, in the shop's order."""
    entry = thing(body)
    options = [thing(one) for one in objects(entry.get("options") or [])]
    words = {text(one, "value"): text(one, "label").strip() for one in options}
    return needed(entry, "attribute_code"), {value: label for value, label in words.items() if value and label}


def _variant(body: Any, known: Sequence[tuple[str, str, dict[str, str]]], axes: int) -> Variant:
    entry = thing(body)
    custom = [thing(one) for one in objects(entry.get("custom_attributes") or [])]
    values = {text(one, "attribute_code"): str(one.get("value")) for one in custom}
    options = tuple((label, words[values[code]]) for code, label, words in known if values.get(code) in words)
    return Variant(product_of(entry), options, entry.get("status") == DISABLED, axes - len(options))


def product_of(body: Any) -> Product:
    """A product as a list or an answer tells it."""
    entry = thing(body)
    return Product(
        id=number(entry, "id"),
        sku=needed(entry, "sku"),
        name=text(entry, "name"),
        type=text(entry, "type_id") or "simple",
        price=amount(entry, "price"),
    )
