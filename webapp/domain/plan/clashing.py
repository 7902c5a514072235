"""Where the two sides contradict each other and no command can put it right: said at once, with what to do."""

from __future__ import annotations

from webapp.domain.plan.case import Case
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing


def clash(case: Case) -> Plan:
    """Units that left and are cancelled at Walmart, or that were given up in Magento and left all the same."""
    return together(found for standing in case.standings for found in _clashes(case, standing))


def _clashes(case: Case, standing: Standing) -> list[Plan]:
    shop = case.shop
    number = shop.increment_id if shop else ""
    sku, found = standing.group.sku, []
    if standing.differences.clash:
        found.append(
            f"{standing.differences.clash} × {sku} was shipped in Magento but is canceled at Walmart: the buyer does "
            "not pay for it. Stop the parcel if you can, and make a credit memo in Magento."
        )
    if standing.surplus:
        found.append(
            f"{standing.surplus} × {sku} was shipped in Magento after it had been credited. Stop the parcel, or mark "
            "it as shipped at Walmart on the order's page if it is still open there."
        )
    if any(item.late_cancel for item in standing.shop):
        found.append(f"Magento order {number} was canceled after {sku} had shipped. Compare it with Walmart.")
    late = standing.differences.late - standing.surplus
    if late > 0 and any(item.by_order for item in standing.shop):
        found.append(
            f"Magento order {number} was canceled, but Walmart shows {late} × {sku} shipped, so it cannot be canceled "
            "there. Refund it on the order's page if the buyer is to get the money back."
        )
    return [Plan(attention=sentence, waiting_for=(sentence,)) for sentence in found]
