"""What was refunded at Walmart becomes a credit memo in Magento, where the account says so."""

from __future__ import annotations

from webapp.domain.amounts import money
from webapp.domain.commands import AskAboutMemo, CommandState, CreateCreditMemo, LineMoney
from webapp.domain.order import ZERO
from webapp.domain.plan.case import Case
from webapp.domain.plan.refunding import accounted_for, accounts_of, unsettled
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing
from webapp.domain.refunds import PRODUCT, Account, as_charges, total
from webapp.domain.shop import ItemUnits


def credit(case: Case, *, memos_are_settled: bool) -> Plan:
    """Credit what Walmart gave back and no credit memo tells of. Memos that are open are settled first."""
    shop = case.shop
    if shop is None or not memos_are_settled or unsettled(case):
        return Plan()
    if not case.policy.create_credit_memos:
        return Plan(remarks=tuple(_remark(one, case.seen.order.currency) for one in accounts_of(case) if _is_news(one)))
    if shop.state in {"closed", "canceled", "holded"} or any(_moves(standing) for standing in case.standings):
        return Plan()
    if any(one.state is CommandState.PARKED for one, _ in case.of(AskAboutMemo)):
        return Plan(
            waiting_for=("Refunded at Walmart; credited in Magento once you have answered for the credit memo.",)
        )
    free = [one for one in accounts_of(case) if _is_news(one)]
    if free and not any(item.invoiced for item in shop.items):
        return Plan(waiting_for=("Refunded at Walmart; credited in Magento once it is invoiced.",))
    return together(case.want(_memo(case, one)) for one in free)


def _is_news(one: Account) -> bool:
    """Walmart gave back more on the line than the shop's credit memos tell of."""
    return one.free > 0 and total(one.refunded) > 0


def _remark(one: Account, currency: str) -> str:
    return (
        f"Walmart gave back {money(one.free, currency)} on line {one.line.number} that no credit memo in Magento "
        "tells of. Making such credit memos is switched off for this account. Make it in Magento yourself: it is set "
        "against this refund, so that the buyer is not paid twice."
    )


def _memo(case: Case, one: Account) -> CreateCreditMemo:
    number = one.line.number
    amounts = {
        kind: (pair[0] - one.accounted.get(kind, (ZERO, ZERO))[0], pair[1] - one.accounted.get(kind, (ZERO, ZERO))[1])
        for kind, pair in one.refunded.items()
    }
    because = f"refunded at Walmart, line {number}"
    taken = sum(money.units for money in accounted_for(case) if money.line == number)
    units = one.line.shipped - taken
    item = _item_behind(case, number, units)
    if item and units > 0 and total(one.left) <= 0:
        shipping = sum((pair[0] for kind, pair in amounts.items() if kind != PRODUCT), ZERO)
        money = LineMoney(number, as_charges(one.line, amounts), units)
        return CreateCreditMemo((ItemUnits(item, units),), (money,), shipping, because=because)
    money = LineMoney(number, as_charges(one.line, amounts))
    return CreateCreditMemo((), (money,), adjustment=one.free, because=because)


def _item_behind(case: Case, number: str, units: int) -> int:
    """The line of the shop's order that has so many units to credit for a Walmart line; 0 where none has."""
    for standing in case.standings:
        if number in standing.group.lines:
            return next((item.item_id for item in standing.shop if item.shipped >= units), 0)
    return 0


def _moves(standing: Standing) -> bool:
    """Its units are about to change in the shop, or its documents are not all there."""
    found = standing.differences
    return standing.unseen or bool(found.ship or found.give_up)
