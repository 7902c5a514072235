"""What the two ways of creating orders can honour, and what of an account's settings cannot stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.domain.magento_entity import LONGEST_INCREMENT_ID, NOT_IN_NUMBER
from webapp.domain.policy import CustomerMode, Policy, TaxSource, make_alike

DIRECT, CART = "direct", "cart"
SAMPLE_PO = "109000000000001"
SAMPLE_NUMBER = "000000042"
LONGEST_SUFFIX = "-99"
LONGEST_PREFIX = LONGEST_INCREMENT_ID - len(SAMPLE_PO) - len(LONGEST_SUFFIX)
ENDS = frozenset({"complete", "closed", "canceled", "holded"})
"""Statuses that Magento reaches by shipping, refunding, cancelling or holding; merely set, they break the order."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What a mode can honour; nothing else is shown for it."""

    has_prefix: bool
    has_order_mail: bool
    """Whether the shop sends its order e-mail is for us to say."""
    number_source: str
    tax_sources: tuple[TaxSource, ...]


_OFFERS = {
    DIRECT: Offers(True, True, "The prefix and Walmart's purchase order number.", (TaxSource.WALMART,)),
    CART: Offers(False, False, "Magento's own next number.", (TaxSource.WALMART, TaxSource.MAGENTO)),
}


def offers(mode: str) -> Offers:
    """What can be chosen for a store of this mode."""
    return _OFFERS[mode]


FIRST_PREFIX = "WM-"
"""What an account's numbers begin with where nothing is typed and no other account of the store has it."""


def number_sample(policy: Policy, mode: str, *, by_seller: bool = True) -> str:
    """What an order's number will look like. What Walmart ships itself is always created directly."""
    if mode == CART and by_seller:
        return SAMPLE_NUMBER
    return policy.prefix(by_seller=by_seller) + SAMPLE_PO


def problems(policy: Policy, mode: str) -> tuple[str, ...]:
    """A sentence for each setting that this mode cannot honour or Magento would not take; none where all is well."""
    return tuple(mistakes(policy, mode).values())


def mistakes(policy: Policy, mode: str) -> dict[str, str]:
    """The same by the name of the setting."""
    found = (
        *_of_prefixes(policy),
        *_of_wfs(policy),
        *_of_tax(policy, mode),
        *_of_customer(policy),
        *_of_methods(policy),
        *_of_statuses(policy),
    )
    return dict(found)


def _of_prefixes(policy: Policy) -> Iterator[tuple[str, str]]:
    for name in ("number_prefix", "wfs_number_prefix"):
        prefix = getattr(policy, name)
        if len(prefix) > LONGEST_PREFIX:
            yield (
                name,
                f"The number prefix {prefix} has {len(prefix)} characters; at most {LONGEST_PREFIX} leave room for the "
                f"purchase order within the {LONGEST_INCREMENT_ID} that Magento keeps.",
            )
        elif NOT_IN_NUMBER in prefix or not prefix.isprintable() or prefix != prefix.strip():
            yield (
                name,
                f"The number prefix “{prefix}” has a colon, a blank at an end or a sign that cannot be printed.",
            )


def _of_wfs(policy: Policy) -> Iterator[tuple[str, str]]:
    wfs, own = policy.wfs_number_prefix, policy.number_prefix
    if wfs.isdecimal():
        yield (
            "wfs_number_prefix",
            f"The WFS prefix {wfs} is made of digits alone, and so are Magento's own order numbers: nothing would tell "
            "them apart. Put a letter into it, for instance WFS-.",
        )
    elif wfs and wfs != own and make_alike(wfs, own):
        yield (
            "wfs_number_prefix",
            f"Purchase orders are digits, so numbers with {wfs} cannot be told from those with {own}. Choose a prefix "
            "that ends in a letter or a hyphen, for instance WFS-.",
        )
    if policy.wfs_manage_stock and not policy.wfs_shipment_source:
        yield (
            "wfs_shipment_source",
            "Give the source that stands for Walmart's warehouse: stock of WFS orders is taken from it. Or switch that "
            "off above.",
        )


def _of_tax(policy: Policy, mode: str) -> Iterator[tuple[str, str]]:
    if policy.tax_source not in offers(mode).tax_sources:
        yield (
            "tax_source",
            "Orders that are created directly always carry Walmart's tax; Magento reckons tax only in a cart. Choose "
            "Walmart's tax, or cart mode for the store.",
        )


def _of_customer(policy: Policy) -> Iterator[tuple[str, str]]:
    if policy.customer is CustomerMode.PREDEFINED and policy.customer_id < 1:
        yield "customer_id", "Give the id of the Magento customer that the orders go to."
    if policy.customer is CustomerMode.NEW and policy.customer_group < 1:
        yield (
            "customer_group",
            "Give the customer group that new customers come into; a real customer is never in the group of guests.",
        )


def _of_methods(policy: Policy) -> Iterator[tuple[str, str]]:
    carrier, _, method = policy.shipping_method.partition("_")
    if not (carrier and method):
        yield "shipping_method", "Write the shipping method as Magento does, carrier and method: flatrate_flatrate."
    if not policy.payment_method:
        yield "payment_method", "Give the payment method, for instance checkmo."


def _of_statuses(policy: Policy) -> Iterator[tuple[str, str]]:
    for status, chosen in policy.statuses.items():
        if chosen in ENDS:
            yield (
                f"status_{status.slug.replace('-', '_')}",
                f"Magento itself brings an order to {chosen}; set by hand it could not be shipped or refunded any "
                "more.",
            )
