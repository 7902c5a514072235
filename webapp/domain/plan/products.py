"""The products of an order that is to be created: linked, missing, of a kind that cannot be ordered, or to be made."""

from __future__ import annotations

from datetime import datetime

from webapp.domain.command_words import DOING
from webapp.domain.commands import CommandState, CreateProduct, Issued, issued_of
from webapp.domain.plan.asking import NO_PRODUCT
from webapp.domain.plan.seen import Plan, Seen, in_flight, under_way
from webapp.domain.policy import MissingProduct, Policy
from webapp.domain.shop import CONFIGURABLE

WAITS, CANNOT_BE_ORDERED = "Waiting for a product with the SKU", "cannot be ordered by itself."
NOT_CREATED = "Magento refused to create the product"
NOT_SHOWN = "Waiting for Magento to show the product"
IS_CONFIGURABLE = "is a configurable product:"
LINK_THE_SIMPLE = "Link the simple product that is sold"


def waits_for_product(sentence: str) -> bool:
    """Whether a sentence of `waiting_for` says no more than what the plan's `attention` asks of somebody."""
    return sentence.startswith(WAITS) or sentence.endswith(CANNOT_BE_ORDERED)


def lacks_product(sentence: str) -> bool:
    """Whether a sentence of `waiting_for` says that the shop was asked for the products and has not got one."""
    return sentence.startswith((WAITS, NOT_CREATED))


def is_making_product(sentence: str) -> bool:
    """Whether a sentence of `waiting_for` says how far a product is that is made for the order."""
    return sentence.startswith((NOT_CREATED, NOT_SHOWN, DOING["CreateProduct"]))


def blocked_by_products(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan | None:
    """What has to happen before every line has a product that can be ordered; None where each has."""
    skus = {line.sku for line in seen.order.lines if line.uncancelled > 0}
    missing = tuple(sorted(skus - seen.products.keys()))
    if missing:
        return _made(seen, policy, issued, now, missing) or _waits(seen, missing)
    refused = tuple(sorted(sku for sku in skus if not seen.products[sku].can_be_ordered))
    if refused:
        kind, names = seen.products[refused[0]].type, ", ".join(refused)
        return Plan(
            waiting_for=(f"{names} is a {kind} product in Magento and {CANNOT_BE_ORDERED}",),
            attention=_what_to_do(names, kind),
            missing_skus=tuple(seen.links.get(sku, sku) for sku in refused),
        )
    return None


def _what_to_do(names: str, kind: str) -> str:
    if kind == CONFIGURABLE:
        return (
            f"{names} {IS_CONFIGURABLE} Magento has to know which of its variants was sold. Set its options, "
            "or link the variant: the order goes on by itself."
        )
    return (
        f"{names} is a {kind} product. {LINK_THE_SIMPLE}, or give the SKU to that one in Magento: "
        "the order goes on by itself."
    )


def _waits(seen: Seen, missing: tuple[str, ...]) -> Plan:
    wanted = tuple(seen.links.get(sku, sku) for sku in missing)
    names, linked = ", ".join(wanted), [sku for sku in missing if sku in seen.links]
    was_linked = f" {', '.join(linked)} was linked to it." if linked else ""
    return Plan(
        waiting_for=(f"{WAITS} {names} in Magento.",),
        attention=f"{NO_PRODUCT} {names} in Magento.{was_linked} Link a product, or create one with this SKU in "
        "Magento: the order goes on by itself.",
        missing_skus=wanted,
    )


def _made(
    seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime, missing: tuple[str, ...]
) -> Plan | None:
    """The products that the shop lacks, where the account creates them; None where one has to come otherwise.

    What a person linked is never created: the link says that it is there. Nor is what was created once already.
    """
    if policy.missing_product is not MissingProduct.CREATE or any(sku in seen.links for sku in missing):
        return None
    parts = [part for sku in missing if (part := _made_one(sku, policy, issued, now))]
    if len(parts) < len(missing):
        return None
    looks = [part.look_again_at for part in parts if part.look_again_at]
    return Plan(
        commands=tuple(command for part in parts for command in part.commands),
        waiting_for=tuple(sentence for part in parts for sentence in part.waiting_for),
        missing_skus=missing,
        look_again_at=min(looks) if looks else None,
    )


def _made_one(sku: str, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Plan | None:
    before = tuple(one for one in issued_of(CreateProduct, issued) if one.cause.partition(":")[2] == sku)
    if any(one.is_under_way for one in before):
        return Plan((CreateProduct(sku, len(before)),), (under_way(f"{DOING['CreateProduct']} ({sku})", before),))
    if any(one.state is CommandState.PARKED for one in before):
        return Plan(waiting_for=(f"{NOT_CREATED} {sku}; try it again or give it up.",))
    settles = in_flight(before, policy, now)
    if settles:
        return Plan(waiting_for=(f"{NOT_SHOWN} {sku}.",), look_again_at=settles)
    if any(one.given_up or one.state is CommandState.DONE for one in before):
        return None
    return Plan((CreateProduct(sku, len(before) + 1),), (f"{DOING['CreateProduct']} ({sku}).",))
