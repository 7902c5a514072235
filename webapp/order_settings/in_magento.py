"""Settings of what the Magento order is like: whose it is, its e-mails, tax, methods, statuses and invoices."""

from __future__ import annotations

from webapp.domain.amounts import CURRENCIES
from webapp.domain.creation_settings import CART, offers
from webapp.domain.policy import CustomerMode, TaxSource
from webapp.order_settings.kinds import Choice, Group, Number, Place, Setting, ShopChoice, Switch, Text

STATUS = Text(
    "([a-z][a-z0-9_]{0,31})?",
    "A status code as Magento writes it: small letters, digits and _, at most 32. Its name in the admin is another.",
    hints=("pending", "processing"),
)
METHOD = Text("[a-z0-9]+_[A-Za-z0-9_]+", "Carrier and method as Magento writes them, for instance flatrate_flatrate.")
PAYMENT = Text("[A-Za-z0-9_]+", "The method's code as Magento writes it, for instance checkmo.", hints=("checkmo",))


def _tax_sources(place: Place) -> tuple[str, ...]:
    return tuple(source.value for source in offers(place.mode).tax_sources)


def _currency_note(place: Place) -> str:
    orders, store = CURRENCIES.get(place.market, "USD"), place.store_currency
    if store and store != orders:
        return (
            f"Walmart's orders in this market are in {orders}, but the store's base currency is {store}. No order can "
            f"be created: Orderbridge never converts money. Tie the account to a store in {orders}."
        )
    return f"Orders and store are both in {orders}. An order in another currency is not created and says so."


def _mail_note(place: Place) -> str:
    said = (
        "Sent by Magento, with its own templates and only where its store view sends such e-mails (Stores > "
        "Configuration > Sales > Sales Emails). Walmart's buyers have addresses that Walmart forwards, and Walmart "
        "writes to them itself. Where Walmart gives no address nothing is sent."
    )
    if place.mode == CART:
        return f"{said} A cart makes Magento send its order e-mail by itself: switch that off there."
    return said


GROUPS: tuple[Group, ...] = (
    Group(
        "customer",
        "Customer",
        (
            Setting(
                "customer",
                "Customer",
                "Whose order it is in Magento. An existing customer is taken as it is: neither name nor address is "
                "ever changed. To a new customer Magento may send its own welcome.",
                Choice(
                    {
                        CustomerMode.GUEST.value: "a guest",
                        CustomerMode.PREDEFINED.value: "always the same customer",
                        CustomerMode.NEW.value: "a customer of their own, found by e-mail or made",
                    },
                    CustomerMode,
                ),
            ),
            Setting(
                "customer_id",
                "Predefined customer",
                "The id of that same customer, as Magento's customer grid shows it. Only with “always the same”.",
                Number(0, 2_147_483_647, may_be_empty=True),
                default="none",
            ),
            Setting(
                "customer_website",
                "Website of new customers",
                "Only with customers of their own.",
                ShopChoice(lambda place: place.websites, "the store view's own"),
            ),
            Setting(
                "customer_group",
                "Group of new customers",
                "Only with customers of their own. Magento's General is group 1.",
                ShopChoice(lambda place: place.groups, "none"),
            ),
        ),
    ),
    Group(
        "mails",
        "E-mails to the buyer",
        (
            Setting(
                "mail_order",
                "E-mail the buyer when the order is created",
                "Only for orders that Orderbridge creates, once each.",
                Switch(),
                is_offered=lambda place: offers(place.mode).has_order_mail,
            ),
            Setting("mail_invoice", "E-mail the buyer when an invoice is created", "For invoices made here.", Switch()),
            Setting(
                "mail_shipment",
                "E-mail the buyer when a shipment is created",
                "For shipments that are made in Magento because Walmart shows them.",
                Switch(),
            ),
        ),
        note=_mail_note,
    ),
    Group(
        "tax",
        "Tax and currency",
        (
            Setting(
                "tax_source",
                "Tax",
                "Who splits the tax over the lines. The total is Walmart's to the cent either way.",
                Choice(
                    {TaxSource.WALMART.value: "as Walmart charged it", TaxSource.MAGENTO.value: "by Magento's rates"},
                    TaxSource,
                    _tax_sources,
                ),
                is_offered=lambda place: len(_tax_sources(place)) > 1,
            ),
        ),
        note=_currency_note,
    ),
    Group(
        "methods",
        "Shipping and payment in Magento",
        (
            Setting(
                "shipping_method",
                "Shipping method in Magento",
                "In cart mode it has to be switched on in Magento for the buyer's country.",
                METHOD,
            ),
            Setting("payment_method", "Payment method in Magento", "An offline one: Walmart has the money.", PAYMENT),
        ),
    ),
    Group(
        "status",
        "Magento status",
        (
            Setting("status_created", "Magento status while Created", "Empty: Magento's own.", STATUS),
            Setting("status_unshipped", "Magento status while Unshipped", "Empty: Magento's own.", STATUS),
            Setting(
                "status_partially_shipped", "Magento status while Partially Shipped", "Empty: Magento's own.", STATUS
            ),
            Setting(
                "status_shipped",
                "Magento status once Shipped",
                "Empty: Magento's own, which is complete once all is shipped and invoiced.",
                STATUS,
            ),
            Setting(
                "status_canceled",
                "Magento status once Canceled",
                "Empty: Magento's own, canceled or closed.",
                STATUS,
            ),
        ),
        note=lambda place: (
            "Set once, when the Walmart order reaches the status. What you set in Magento after that stays, and a "
            "complete, closed or held order is never moved back."
        ),
    ),
    Group(
        "invoices",
        "Invoices",
        (
            Setting(
                "invoice",
                "Create invoices",
                "Once the order is acknowledged: Walmart has taken the payment.",
                Switch(),
            ),
        ),
    ),
)
