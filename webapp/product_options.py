"""The options of a configurable product: which of its variants a Walmart SKU is, for somebody to say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.connectors.http import ConnectorError
from webapp.domain.shop import Variant
from webapp.product_links import ask_briefly


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen, in the shop's order, or why nothing."""

    variants: tuple[Variant, ...] = ()
    trouble: str = ""

    @property
    def is_unnamed(self) -> bool:
        """Magento does not name every option of some variant: only name and SKU tell it apart."""
        return any(one.lacks or not one.options for one in self.variants)

    def of(self, sku: str) -> Variant | None:
        return next((one for one in self.variants if one.product.sku == sku), None)


def of(store_id: int, parent: str) -> Choice:
    """The variants of a configurable product. Magento's trouble is said, never raised."""
    try:
        return Choice(ask_briefly(store_id).products.variants(parent))
    except ConnectorError as error:
        return Choice(trouble=error.message)


def fitting(variants: Sequence[Variant], title: str) -> Variant | None:
    """The one variant whose options are all known and stand in a title as words of their own; None where none or
    several do."""
    known = [one for one in variants if one.options and not one.lacks]
    fits = [one for one in known if all(_stands_in(value, title) for _, value in one.options)]
    return fits[0] if len(fits) == 1 else None


def _stands_in(value: str, title: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", title, re.IGNORECASE) is not None
