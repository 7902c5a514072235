"""What Walmart cancelled is given up in Magento: whole and not invoiced by cancelling, the rest by credit memos.

Magento cancels only what is not invoiced, and all of that at once. So the units that stay are invoiced first, its
cancel then takes the open rest, and what was invoiced is credited, with its stock returned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.commands import CancelLines, CancelMagentoOrder, CreateCreditMemo, CreateInvoice, LineMoney
from webapp.domain.order import CANCELLED, ZERO, Charge
from webapp.domain.plan.case import Case
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing
from webapp.domain.shop import ItemUnits, ShopOrder
from webapp.domain.shop_rows import cents


@dataclass(frozen=True, slots=True)
class _Steps:
    """Units of each line of the shop's order: to be cancelled, to be credited, and to be invoiced before either."""

    cancel: tuple[ItemUnits, ...]
    credit: tuple[ItemUnits, ...]
    invoice: tuple[ItemUnits, ...]


def give_up(case: Case) -> Plan:
    """The next step towards a Magento order without the units that Walmart cancelled."""
    # What is in doubt counts as canceled, so that nothing else is done with it; but the shop follows facts alone.
    wanting = [
        one for one in case.standings if one.differences.give_up and not case.in_doubt(CancelLines, one.group.lines)
    ]
    shop = case.shop
    if not wanting or shop is None:
        return Plan()
    if shop.state in {"canceled", "closed"}:
        return Plan(remarks=tuple(_over(shop, standing) for standing in wanting))
    if shop.state == "holded":
        return Plan(
            waiting_for=(f"Canceled at Walmart; Magento order {shop.increment_id} is on hold.",),
            attention=f"Walmart canceled units of Magento order {shop.increment_id}, which is on hold. Release it in "
            "Magento; the rest goes by itself.",
        )
    steps = _steps(case, wanting)
    because = _because(case, wanting)
    if steps.cancel and steps.invoice:
        # A cancel takes all that is not invoiced, so what stays has to be invoiced before it.
        return case.want(CreateInvoice(items=steps.invoice))
    parts = []
    if steps.cancel:
        parts.append(case.want(CancelMagentoOrder(shop.entity_id, steps.cancel, because)))
    elif steps.credit:
        parts.append(case.want(_memo(case, wanting, steps.credit, because)))
    return together(parts)


def _over(shop: ShopOrder, standing: Standing) -> str:
    """Magento takes neither a cancel nor a credit memo any more, so the difference stays."""
    return (
        f"Walmart canceled {standing.differences.give_up} × {standing.group.sku}. Magento order {shop.increment_id} is "
        f"{shop.state} already, so it stays as it is."
    )


def is_giving_up(case: Case) -> bool:
    """Units of the Magento order are about to be given up, so it is not to be invoiced as a whole."""
    return any(standing.differences.give_up for standing in case.standings)


def _steps(case: Case, wanting: list[Standing]) -> _Steps:
    shop = case.shop
    items = {item.item_id: item for item in (shop.items if shop else ())}
    left = {number: int(item.left_to_invoice) for number, item in items.items()}
    gone = _gone(wanting)
    cancel = {number: min(count, left[number]) for number, count in gone.items()}
    credit = {number: count - cancel[number] for number, count in gone.items()}
    invoice = {number: count - cancel.get(number, 0) for number, count in left.items()}
    return _Steps(_units(cancel), _units(credit), _units(invoice))


def _gone(wanting: list[Standing]) -> Counter[int]:
    """How many units of each line of the shop's order are to be given up."""
    found: Counter[int] = Counter()
    for standing in wanting:
        count = standing.differences.give_up
        for item in standing.shop:
            taken = min(count, item.open)
            found[item.item_id] += taken
            count -= taken
    return +found


def _units(counts: dict[int, int]) -> tuple[ItemUnits, ...]:
    return tuple(ItemUnits(number, count) for number, count in counts.items() if count > 0)


def _memo(case: Case, wanting: list[Standing], items: tuple[ItemUnits, ...], because: str) -> CreateCreditMemo:
    lines = _money_of(case, wanting, {one.item_id: one.quantity for one in items})
    shipping = sum((charge.amount for line in lines for charge in line.charges if charge.type != "PRODUCT"), ZERO)
    return CreateCreditMemo(items, lines, shipping, cancelled=True, because=because)


def _money_of(case: Case, wanting: list[Standing], counts: dict[int, int]) -> tuple[LineMoney, ...]:
    """The cancelled Walmart units behind these units of the shop, and what was charged for them at first."""
    found = []
    for standing in wanting:
        count = sum(counts.get(item.item_id, 0) for item in standing.shop)
        given_up = sum(item.cancelled for item in standing.shop)
        cancelled = [line.line for line in standing.walmart for _ in range(line.cancelled)]
        chosen = Counter(cancelled[given_up : given_up + count])
        for number, units in chosen.items():
            line = case.lines[number]
            share = Decimal(units) / Decimal(line.quantity)
            charges = tuple(
                Charge(charge.type, charge.name, cents(charge.amount * share), cents(charge.tax * share))
                for charge in line.charges
            )
            found.append(LineMoney(number, charges, units))
    return tuple(found)


def _because(case: Case, wanting: list[Standing]) -> str:
    """Why Walmart shows it cancelled, in its own words."""
    reasons = dict.fromkeys(
        quantity.cancellation_reason
        for standing in wanting
        for number in standing.group.lines
        if number in case.lines
        for quantity in case.lines[number].quantities
        if quantity.status == CANCELLED and quantity.cancellation_reason
    )
    return ", ".join(reasons)
