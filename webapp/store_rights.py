"""The rights that Orderbridge needs in a Magento shop: what each is for, and the call that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.creation_settings import CART

SALES, CATALOG, INVENTORY = "Magento_Sales::", "Magento_Catalog::", "Magento_InventoryApi::"
ONE = "searchCriteria%5BpageSize%5D=1&fields=total_count"


class Need(StrEnum):
    """When a right is missed."""

    ALWAYS = "always"
    CART = "cart"
    """Only where orders are created through carts."""
    SOMETIMES = "sometimes"
    """Only by what `use` names."""


@dataclass(frozen=True, slots=True)
class Right:
    """One resource of Magento's access list. The call must answer anything but 401 where the right is given.

    `where` is the box to tick, as Magento's admin shows it. Calls that would act name order 0 and carry a body that
    cannot be read.
    """

    name: str
    where: str
    use: str
    method: str
    path: str
    need: Need = Need.ALWAYS


ACTIONS = "Sales > Operations > Orders > Actions"

RIGHTS: Sequence[Right] = (
    Right(f"{SALES}actions_view", f"{ACTIONS} > View", "reading orders", "GET", f"orders?{ONE}"),
    Right(f"{SALES}create", f"{ACTIONS} > Create", "creating orders", "POST", "orders"),
    Right(f"{SALES}invoice", f"{ACTIONS} > Invoice", "invoicing", "POST", "order/0/invoice"),
    Right(f"{SALES}ship", f"{ACTIONS} > Ship", "shipments made at Walmart", "POST", "order/0/ship"),
    Right(f"{SALES}creditmemo", f"{ACTIONS} > Credit Memos", "refunds made at Walmart", "POST", "order/0/refund"),
    Right(f"{SALES}cancel", f"{ACTIONS} > Cancel", "cancellations by Walmart", "POST", "orders/0/cancel"),
    Right(f"{SALES}comment", f"{ACTIONS} > Comment", "comments and statuses", "POST", "orders/0/comments"),
    Right(
        f"{SALES}emails",
        f"{ACTIONS} > Send Order Email",
        "the order e-mail, where an account's settings ask for it",
        "POST",
        "orders/0/emails",
        Need.SOMETIMES,
    ),
    Right(f"{SALES}hold", f"{ACTIONS} > Hold", "nothing yet", "POST", "orders/0/hold", Need.SOMETIMES),
    Right(f"{SALES}unhold", f"{ACTIONS} > Unhold", "nothing yet", "POST", "orders/0/unhold", Need.SOMETIMES),
    Right(f"{SALES}sales_invoice", "Sales > Operations > Invoices", "reading invoices", "GET", f"invoices?{ONE}"),
    Right(f"{SALES}shipment", "Sales > Operations > Shipments", "reading shipments", "GET", f"shipments?{ONE}"),
    Right(
        f"{SALES}sales_creditmemo", "Sales > Operations > Credit Memos", "reading refunds", "GET", f"creditmemos?{ONE}"
    ),
    Right(f"{CATALOG}products", "Catalog > Inventory > Products", "finding products", "GET", f"products?{ONE}"),
    Right(
        f"{CATALOG}catalog_inventory",
        "Catalog > Inventory",
        "nothing yet",
        "GET",
        "stockItems/0?fields=item_id",
        Need.SOMETIMES,
    ),
    Right(
        f"{CATALOG}attributes_attributes",
        "Stores > Attributes > Product",
        "the options of configurable products",
        "GET",
        f"products/attributes?{ONE}",
        Need.SOMETIMES,
    ),
    Right(f"{INVENTORY}source", "Stores > Inventory > Sources", "what lies where", "GET", f"inventory/sources?{ONE}"),
    Right(
        f"{INVENTORY}stock",
        "Stores > Inventory > Stocks",
        "nothing yet",
        "GET",
        f"inventory/stocks?{ONE}",
        Need.SOMETIMES,
    ),
    Right(
        f"{INVENTORY}stock_source_link",
        "Stores > Inventory",
        "the sources of a website",
        "GET",
        f"inventory/stock-source-links?{ONE}",
    ),
    Right(
        f"{INVENTORY}stock_source_item_assign",
        "Stores > Inventory",
        "holding stock for orders that wait, and the stock of products that Orderbridge creates",
        "POST",
        "inventory/source-items",
        Need.SOMETIMES,
    ),
    Right(
        "Magento_InventorySalesApi::stock",
        "Stores > Inventory",
        "how much may still be sold",
        "GET",
        "inventory/stock-resolver/website/base",
    ),
    Right(
        "Magento_InventorySourceSelectionApi::source_selection_algorithm_post",
        "Stores > Inventory",
        "choosing the source of a shipment",
        "POST",
        "inventory/source-selection-algorithm-result",
        Need.SOMETIMES,
    ),
    Right("Magento_Backend::store", "Stores > Settings > All Stores", "store views", "GET", "store/storeViews"),
    Right("Magento_Cart::manage", "Carts > Manage carts", "orders by cart", "GET", "carts/0", Need.CART),
    Right(
        "Magento_Customer::customer",
        "Customers",
        "customers, where an account's settings ask for them",
        "GET",
        f"customers/search?{ONE}",
        Need.SOMETIMES,
    ),
    Right(
        "Magento_Customer::manage",
        "Customers > All Customers",
        "new customers, where an account's settings ask for them",
        "POST",
        "customers",
        Need.SOMETIMES,
    ),
    Right(
        "Magento_Customer::group",
        "Customers > Customer Groups",
        "the names of customer groups in an account's settings",
        "GET",
        f"customerGroups/search?{ONE}",
        Need.SOMETIMES,
    ),
    Right("Magento_Backend::admin", "(Magento ticks it by itself)", "nothing yet", "GET", "modules", Need.SOMETIMES),
)
"""The list that was tried against Magento 2.4.7, with what of it Orderbridge uses."""


def is_missed(right: Right, mode: str) -> bool:
    """Without this right something that the store always does cannot be done."""
    return right.need is Need.ALWAYS or (right.need is Need.CART and mode == CART)
