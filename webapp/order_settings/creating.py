"""Settings of what becomes of a Walmart order here: acknowledged, created in Magento, stock held for it."""

from __future__ import annotations

from datetime import timedelta

from webapp.domain.creation_settings import CART, LONGEST_PREFIX, offers
from webapp.domain.policy import (
    ACKNOWLEDGE_WITHIN,
    AcknowledgeWhen,
    MissingProduct,
    UnknownRegion,
)
from webapp.order_settings.kinds import (
    SOURCE,
    Amount,
    Choice,
    Day,
    Group,
    Length,
    Number,
    Place,
    Setting,
    Switch,
    Text,
)

PREFIX = Text(
    rf"[A-Za-z0-9_.\-]{{0,{LONGEST_PREFIX}}}", f"At most {LONGEST_PREFIX} letters, digits, points, - and _, no blanks."
)
VIEW = Text("([a-z][a-z0-9_]{0,31})?", "The code of a store view: small letters, digits and _, at most 32.")


def _number_note(place: Place) -> str:
    return (
        f"An order's number in Magento is: {offers(place.mode).number_source} Walmart's purchase order number is kept "
        "with it in any case, as external number (Magento keeps 32 characters of that, more than Walmart's numbers "
        "have), so that it can be searched for."
    )


def _wfs_note(place: Place) -> str:
    if place.mode == CART:
        return ""
    return (
        "Where their stock is not managed, give them a number prefix of their own: by it the cron line on the store's "
        "page leaves them out. With the same prefix as the others, the line would hold stock that never leaves."
    )


def _reservation_note(place: Place) -> str:
    if place.mode == CART:
        return "The store takes orders through a cart, so Magento reserves their stock itself when it makes the order."
    return (
        "The store creates orders directly. Magento's interface cannot reserve stock for those: the cron line on the "
        "store's page does it every few minutes, for as long as the order is open."
    )


GROUPS: tuple[Group, ...] = (
    Group(
        "acknowledgement",
        "Acknowledgement",
        (
            Setting(
                "acknowledge",
                "Acknowledge",
                "Walmart wants it within 4 hours. Once the Magento order exists nothing is promised that the shop "
                "cannot deliver. Where Magento orders are switched off, that means by hand.",
                Choice(
                    {
                        AcknowledgeWhen.ON_IMPORT.value: "as soon as the order arrives",
                        AcknowledgeWhen.AFTER_MAGENTO_ORDER.value: "when the Magento order exists",
                        AcknowledgeWhen.BY_HAND.value: "by hand",
                    },
                    AcknowledgeWhen,
                ),
                is_first=True,
            ),
            Setting(
                "acknowledge_guard",
                "Acknowledge before the deadline in any case",
                "Also for orders that wait for a product. An order that is not acknowledged in time may be lost.",
                Switch(),
                option="guard",
                is_first=True,
            ),
            Setting(
                "acknowledge_guard_before",
                "Minutes before the deadline",
                "How long before the 4 hours end that happens.",
                Length(timedelta(minutes=1), 1, int(ACKNOWLEDGE_WITHIN / timedelta(minutes=1))),
                option="guard-minutes",
                is_first=True,
            ),
        ),
    ),
    Group(
        "creation",
        "Magento orders",
        (
            Setting(
                "create_orders",
                "Create Magento orders",
                "One for each Walmart order that you ship.",
                Switch(),
                is_first=True,
            ),
            Setting(
                "import_since",
                "Create Magento orders from",
                "Orders placed before this day are left alone. Empty: all that Walmart shows.",
                Day(),
                default="a day before the account was connected",
                is_first=True,
            ),
            Setting(
                "missing_product",
                "A product that Magento lacks",
                "Products are found by what you linked, then by SKU. A product that is made has the name, the price "
                "and the SKU of the Walmart line and the quantity that was ordered: enough to take the order, not to "
                "sell it in the shop, where no page shows it.",
                Choice(
                    {
                        MissingProduct.WAIT.value: "the order waits for it, or for your link",
                        MissingProduct.CREATE.value: "is created as a simple product, then the order",
                    },
                    MissingProduct,
                ),
            ),
            Setting(
                "product_tax_class",
                "Tax class of new products",
                "The id of a product tax class, as Magento shows it. Only where products are created.",
                Number(0, 2_147_483_647, may_be_empty=True),
                default="none",
            ),
            Setting(
                "unknown_region",
                "A state that Magento does not know",
                "States are matched by code, then by name. One that is not found is never turned into another one.",
                Choice(
                    {
                        UnknownRegion.AS_TEXT.value: "is written as text",
                        UnknownRegion.REFUSE.value: "stops the order until you decide",
                    },
                    UnknownRegion,
                ),
            ),
            Setting(
                "ship_by_comment",
                "Write the ship-by date into the order's comment",
                "The purchase order and customer order numbers stand there in any case.",
                Switch(),
            ),
        ),
    ),
    Group(
        "holds",
        "Orders to look at first",
        (
            Setting(
                "hold_above",
                "Hold orders above",
                "An order whose total is larger waits for you; in the orders' currency. Empty: none does.",
                Amount(),
                default="none",
            ),
            Setting(
                "hold_skus",
                "Hold orders with these SKUs",
                "Walmart's SKUs, with commas between them. An order with one of them waits for you.",
                Text(),
            ),
            Setting(
                "hold_addresses",
                "Hold orders with a doubtful address",
                "One that lacks the name, the street, the city or the postal code, has a postal code that its country "
                "does not have, or is a post-office box. Where you corrected the address, yours is judged.",
                Switch(),
            ),
        ),
        note=lambda place: (
            "Such an order has no Magento order yet and needs action, with the reason; “Create order” on top of its "
            "page releases it. It is acknowledged as chosen above, before the deadline in any case where that is on."
        ),
    ),
    Group(
        "number",
        "Order number",
        (
            Setting(
                "number_prefix",
                "Order number prefix",
                "Each account of a store has its own, so that no number is made twice. Magento keeps 50 characters of "
                f"a number; {LONGEST_PREFIX} are left for the prefix.",
                PREFIX,
                default="WM-, or the next one that is free, such as WM2-",
                is_offered=lambda place: offers(place.mode).has_prefix,
                is_first=True,
                needs="Give a prefix, for instance WM-.",
            ),
        ),
        note=_number_note,
    ),
    Group(
        "wfs",
        "Orders that Walmart ships (WFS)",
        (
            Setting(
                "create_wfs_orders",
                "Create Magento orders for WFS orders",
                "Also for orders that leave Walmart's own or a third party's warehouse. Nothing is ever written to "
                "Walmart for those. They are always created directly, whatever the store's mode.",
                Switch(),
                is_first=True,
            ),
            Setting("wfs_number_prefix", "Order number prefix for WFS orders", "Empty: the same as above.", PREFIX),
            Setting(
                "wfs_store_view",
                "Store view for WFS orders",
                "Its code in Magento, for instance wfs. It has to sell in the orders' currency. Empty: the store's own "
                "view.",
                VIEW,
                default="the store's own",
            ),
            Setting(
                "wfs_manage_stock",
                "Manage stock for WFS orders",
                "On: such orders are shipped in Magento too, and stock is taken from the source below. Off: they are "
                "never shipped in Magento, and no source's stock changes for them.",
                Switch(),
            ),
            Setting(
                "wfs_shipment_source",
                "Source that stands for Walmart's warehouse",
                "Its code in Magento, as Stores, Inventory, Sources shows it. Only where stock is managed.",
                SOURCE,
                default="none",
            ),
        ),
        note=_wfs_note,
    ),
    Group(
        "stock",
        "Quantity reservation",
        (
            Setting(
                "reserve_stock",
                "Hold stock while an order waits",
                "For orders whose Magento order has to wait: for a product, for the currency, for you. Magento's "
                "interface cannot write a reservation, so the quantity at the source itself is lowered, and raised "
                "again once the Magento order is made, the order is canceled or the days are over. Leave it off where "
                "another program writes stock quantities into Magento: it would overwrite what is held.",
                Switch(),
            ),
            Setting(
                "reserve_for",
                "Days for which stock is held",
                "From 1 to 14, from when it was taken first. Only where stock is held.",
                Length(timedelta(days=1), 1, 14),
                option="reserve-days",
            ),
        ),
        note=_reservation_note,
    ),
)
