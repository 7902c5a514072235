"""Credit memos become refunds at Walmart, each once, and only for what Walmart has not refunded already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from webapp.domain.commands import (
    AskAboutMemo,
    BookRefund,
    Command,
    CommandState,
    CreateCreditMemo,
    Issued,
    LineMoney,
    RefundLines,
)
from webapp.domain.order import ZERO, Line, is_open
from webapp.domain.plan.case import Case
from webapp.domain.plan.given_up import credits_of, shipped_all_the_same
from webapp.domain.plan.seen import Plan, together
from webapp.domain.quantities import Standing
from webapp.domain.reasons import DEFAULT_REFUND_REASON, can_refund
from webapp.domain.refunds import NOTHING, PRODUCT, Account, Settlement, account, settle
from webapp.domain.shop import ShopCreditmemo
from webapp.domain.shop_rows import cents

OFF = "Not refunded at Walmart: sending credit memos is switched off for this account."
NEVER_CHARGED = "Walmart canceled all of the order before it shipped, so the buyer never paid for it."
CLOCKS_DIFFER = timedelta(minutes=5)
DECIDING = (RefundLines, BookRefund, AskAboutMemo)


def refund(case: Case) -> Plan:
    """Settle the credit memos of the shop, oldest first; the next one once the one before can be seen."""
    if case.shop is None or not case.seen.order.is_fulfilled_by_seller:
        return Plan()
    parts: list[Plan] = []
    for memo in _memos(case):
        before = _decisions(case, memo)
        if before:
            parts.append(Plan(commands=tuple(one.command for one in before if one.is_under_way and one.command)))
            continue
        units, unshipped = _units(case, memo)
        if not units and not unshipped and not _is_money_alone(case, memo):
            continue
        found = _undecided(case, memo, units, unshipped)
        parts.append(found)
        if found.commands or found.needs_returns:
            break
    return together(parts)


def accounts_of(case: Case) -> list[Account]:
    """The money of every line that has shipped."""
    accounted, returns = list(accounted_for(case)), case.seen.returns or ()
    return [account(line, accounted, returns) for line in case.seen.order.lines if line.shipped]


def accounted_for(case: Case) -> Iterator[LineMoney]:
    """What of Walmart's refunds stands in a credit memo of the shop: sent for it, set against it, or made from it.

    What Walmart gave back beyond what was sent (a line's tax and shipping, with its full price) stands in none.
    """
    for one, sent in case.of(RefundLines):
        if sent.memo and (one.state is CommandState.DONE or (one.is_under_way and one.was_sent)):
            yield from sent.lines
    for one, against in case.of(BookRefund):
        if one.state is CommandState.DONE:
            yield from against.lines
    for one, made in case.of(CreateCreditMemo):
        if not made.cancelled and (one.state is CommandState.DONE or (one.is_under_way and one.was_sent)):
            yield from made.lines


def unsettled(case: Case) -> bool:
    """A refund is on its way, or was taken and cannot be seen yet."""
    return any(one.is_under_way or one in case.unseen for one, _ in case.of(RefundLines))


def _memos(case: Case) -> list[ShopCreditmemo]:
    memos = case.shop.creditmemos if case.shop else ()
    return sorted((one for one in memos if not case.is_ours(one)), key=lambda one: (one.created_at, one.entity_id))


def _decisions(case: Case, memo: ShopCreditmemo) -> list[Issued]:
    """Commands that settle this memo; those that were called off because things had changed count for nothing."""
    return [
        one
        for one in case.issued
        if isinstance(one.command, DECIDING)
        and one.command.memo == memo.entity_id
        and (one.state is not CommandState.DISMISSED or one.given_up)
    ]


def _undecided(case: Case, memo: ShopCreditmemo, units: Counter[str], unshipped: int) -> Plan:
    name = f"Credit memo {memo.increment_id}"
    if not case.policy.send_credit_memos:
        return Plan(waiting_for=(OFF,))
    if not can_refund(case.seen.market):
        where = "Walmart takes refunds from other systems in the US and Canada only"
        question = f"{name}: {where}. Refund it in Seller Center, then dismiss this."
        return case.want(AskAboutMemo(memo.entity_id, memo.increment_id, question))
    accounts = accounts_of(case)
    if not accounts and not is_open(case.seen.order.counts()):
        return case.want(BookRefund((), memo.entity_id, memo.increment_id, NEVER_CHARGED))
    if unshipped or not accounts:
        return Plan(waiting_for=(f"{name} is refunded at Walmart once Walmart shows the units shipped.",))
    if unsettled(case):
        return Plan(waiting_for=(f"{name} is refunded after the one before it.",))
    if case.seen.returns is None:
        return Plan(
            waiting_for=(f"{name}: looking at Walmart's returns first.",), look_again_at=case.now, needs_returns=True
        )
    found = settle(memo, units, accounts, _cancelled_shipping(case, memo))
    settles_at = _settles_at(case, memo)
    if settles_at is not None and any(_could_be_paid_twice(accounts, money) for money in found.partial):
        why = "making sure first that Walmart has not given the same money back"
        return Plan(waiting_for=(f"{name} is refunded at {settles_at:%H:%M:%S} UTC: {why}.",), look_again_at=settles_at)
    return _commands(case, memo, found)


def _settles_at(case: Case, memo: ShopCreditmemo) -> datetime | None:
    """Until when a refund that somebody made at Walmart before this memo may be missing in what Walmart shows."""
    age = case.now - memo.created_at
    # A memo from the future tells of a shop's clock that is wrong, which must hold nothing up.
    return memo.created_at + case.policy.settle_after if -CLOCKS_DIFFER < age < case.policy.settle_after else None


def _could_be_paid_twice(accounts: list[Account], money: LineMoney) -> bool:
    """So little of the line's money that Walmart, which gives back no more than was charged, would pay it twice."""
    left = next((one.left for one in accounts if one.line.number == money.line), {})
    return all(charge.amount * 2 <= left.get(charge.type, NOTHING)[0] for charge in money.charges)


def _commands(case: Case, memo: ShopCreditmemo, found: Settlement) -> Plan:
    number, name = memo.entity_id, memo.increment_id
    if found.question:
        return case.want(AskAboutMemo(number, name, found.question))
    wanted: list[Command] = []
    if found.against or not (found.full or found.partial):
        wanted.append(BookRefund(found.against, number, name, found.note))
    reason = case.policy.refund_reason or DEFAULT_REFUND_REASON
    for lines, is_full in ((found.full, True), (found.partial, False)):
        if lines:
            comment = f"Credit memo {name}"
            wanted.append(RefundLines(lines, is_full, reason, comment, number, name, note=found.note))
    return together(case.want(one) for one in wanted)


def _units(case: Case, memo: ShopCreditmemo) -> tuple[Counter[str], int]:
    """The whole units that this memo gives money back for, by the Walmart line that each is set on, and how many more
    Walmart does not show shipped."""
    accounts = {one.line.number: one for one in accounts_of(case)}
    taken = Counter[str]()
    for money in accounted_for(case):
        taken[money.line] += money.units
    found, unshipped = Counter[str](), 0
    for standing in case.standings:
        count = _refunded_by(case, memo, standing)
        shipped = {line.line: case.lines[line.line].shipped - taken[line.line] for line in standing.walmart}
        free = [line for line, units in shipped.items() for _ in range(units)]
        # Units that Walmart refunded before are those that a memo most likely tells of.
        free.sort(key=lambda line: accounts[line].free > 0, reverse=True)
        found.update(free[:count])
        unshipped += max(count - len(free), 0)
    return found, unshipped


def _refunded_by(case: Case, memo: ShopCreditmemo, standing: Standing) -> int:
    """How many units the memo refunds: those that had shipped, and those that shipped at Walmart all the same."""
    credits = credits_of(standing)
    refunded = sum(one.refunded for one in credits if one.memo == memo.entity_id)
    late = sum(cause.key == f"memo:{memo.entity_id}" for cause in shipped_all_the_same(case, standing))
    return refunded - _moot(case, standing)[memo.entity_id] + late


def _moot(case: Case, standing: Standing) -> Counter[int]:
    """Units that shipped and were credited in the shop, but are cancelled at Walmart: nobody ever paid for them."""
    left = standing.differences.moot
    sent = {command.memo for one, command in case.of(RefundLines) if case.holds_good(one)}
    found: Counter[int] = Counter()
    for credit in sorted(credits_of(standing), key=lambda one: one.memo in sent):
        count = min(credit.refunded, left)
        found[credit.memo] += count
        left -= count
    return found


def _is_money_alone(case: Case, memo: ShopCreditmemo) -> bool:
    """Money beside whole units: an adjustment, or shipping beyond that of the units that the memo cancels."""
    shipping = memo.shipping + memo.shipping_tax - _cancelled_shipping(case, memo)
    return memo.adjustment_positive - memo.adjustment_negative > 0 or shipping > 0


def _cancelled_shipping(case: Case, memo: ShopCreditmemo) -> Decimal:
    """The shipping of the units that this memo cancels, which Walmart never takes from the buyer."""
    found = ZERO
    for standing in case.standings:
        count = sum(one.cancelled for item in standing.shop for one in item.credits if one.memo == memo.entity_id)
        lines = [line.line for line in standing.walmart for _ in range(line.cancelled)]
        lines += [line.line for line in reversed(standing.walmart) for _ in range(line.open)]
        found += sum((_shipping_of(case.lines[number]) for number in lines[:count]), ZERO)
    return found


def _shipping_of(line: Line) -> Decimal:
    charges = (charge for charge in line.charges if charge.type != PRODUCT)
    return cents(sum((charge.amount + charge.tax for charge in charges), ZERO) / line.quantity)
