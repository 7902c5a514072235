"""The stand-in's websites, store views and configuration, and what it runs on."""

from dataclasses import dataclass
from typing import Any

from sandbox.magento_search import Document
from sandbox.magento_shop import Shop

SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£", "MXN": "MX$", "CLP": "CLP"}
MODULES = (
    "Magento_Store",
    "Magento_Backend",
    "Magento_Catalog",
    "Magento_Sales",
    "Magento_Quote",
    "Magento_Webapi",
    "Magento_Integration",
    "Magento_ConfigurableProduct",
    "Magento_Inventory",
    "Magento_InventoryApi",
    "Magento_InventorySales",
    "Magento_InventorySalesApi",
    "Magento_InventoryShipping",
    "Magento_InventorySourceSelectionApi",
    "Mageplaza_Core",
    "Mageplaza_Webhook",
)


@dataclass(frozen=True, slots=True)
class Website:
    id: int
    code: str
    name: str
    group_id: int


@dataclass(frozen=True, slots=True)
class StoreView:
    id: int
    code: str
    name: str
    website: Website


ADMIN = Website(0, "admin", "Admin", 0)
BASE = Website(1, "base", "Main Website", 1)
OUTLET = Website(2, "outlet", "Outlet", 2)
WEBSITES = (ADMIN, BASE, OUTLET)
STORE_VIEWS = (
    StoreView(1, "default", "Default Store View", BASE),
    StoreView(0, "admin", "Admin", ADMIN),
    StoreView(2, "walmart", "Walmart Marketplace", BASE),
    StoreView(3, "outlet", "Outlet", OUTLET),
)
BY_ID = {view.id: view for view in STORE_VIEWS}
BY_CODE = {view.code: view for view in STORE_VIEWS}


def store_name(shop: Shop, store_id: int | None) -> str | None:
    """The three-line name kept with an order; the default store's without an id, None if unknown."""
    view = BY_ID.get(1 if store_id is None else store_id)
    if view is None:
        return None
    return f"{view.website.name}\n{view.website.name} Store\n{view.name}"


def website_code(store_id: int | None) -> str:
    """The code of the website that an order's store view belongs to."""
    view = BY_ID.get(store_id or 1)
    return view.website.code if view else BASE.code


def symbol(currency: str | None) -> str:
    """How a price of the currency begins."""
    return SYMBOLS.get(currency or "", currency or "$")


def store_views(shop: Shop) -> list[Document]:
    return [
        {
            "id": view.id,
            "code": view.code,
            "name": view.name,
            "website_id": view.website.id,
            "store_group_id": view.website.group_id,
            "is_active": 1,
        }
        for view in STORE_VIEWS
    ]


def websites(shop: Shop) -> list[Document]:
    return [{"id": one.id, "code": one.code, "name": one.name, "default_group_id": one.group_id} for one in WEBSITES]


def store_groups(shop: Shop) -> list[Document]:
    return [
        {
            "id": one.group_id,
            "website_id": one.id,
            "root_category_id": 2 if one.id else 0,
            "default_store_id": {0: 0, 1: 1, 2: 3}[one.id],
            "name": f"{one.name} Store" if one.id else "Default",
            "code": f"{one.code}_store" if one.id else "default",
        }
        for one in WEBSITES
    ]


def store_configs(shop: Shop) -> list[Document]:
    currency, url = shop.settings.base_currency, f"{shop.url}/"
    return [
        {
            "id": view.id,
            "code": view.code,
            "website_id": view.website.id,
            "locale": "en_US",
            "base_currency_code": currency,
            "default_display_currency_code": currency,
            "timezone": "America/Chicago",
            "weight_unit": "lbs",
            "base_url": url,
            "base_link_url": url,
            "base_static_url": f"{url}static/version1/",
            "base_media_url": f"{url}media/",
            "secure_base_url": url,
            "secure_base_link_url": url,
            "secure_base_static_url": f"{url}static/version1/",
            "secure_base_media_url": f"{url}media/",
        }
        for view in sorted(STORE_VIEWS, key=lambda one: one.id)
        if view.id
    ]


def currency(shop: Shop) -> dict[str, Any]:
    code = shop.settings.base_currency
    return {
        "base_currency_code": code,
        "base_currency_symbol": symbol(code),
        "default_display_currency_code": code,
        "default_display_currency_symbol": symbol(code),
        "available_currency_codes": [code],
        "exchange_rates": [{"currency_to": code, "rate": 1}],
    }


def modules(shop: Shop) -> list[str]:
    return list(MODULES)
