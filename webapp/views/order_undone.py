"""What was called off or paid back, by whom, why, and how much; and what Magento's credit memos became."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webapp.domain.commands import (
    AskAboutMemo,
    BookRefund,
    CancelLines,
    CommandState,
    CreateCreditMemo,
    Issued,
    RefundLines,
)
from webapp.domain.order import CANCELLED, Line, Order
from webapp.domain.plan import Choices
from webapp.domain.reasons import in_words, refund_in_words
from webapp.domain.shop import ShopCreditmemo, ShopOrder
from webapp.views import words

NO_REASON = "Walmart names no reason"
ELSEWHERE = "you, in Seller Center or by another program"


@dataclass(frozen=True, slots=True)
class Undone:
    """Units that were called off, or money that was paid back. `memo` is one that may be taken for a refund."""

    what: str
    why: str
    amount: str = ""
    memo: int = 0


def undone(order: Order, shop: ShopOrder | None, issued: Sequence[Issued], choices: Choices) -> list[Undone]:
    """Cancellations and refunds at Walmart, those on their way, then what only Magento has."""
    return [
        *_canceled(order, issued),
        *_refunded(order, issued),
        *_going(order, issued),
        *_memos(order, shop, issued, choices),
    ]


def _canceled(order: Order, issued: Sequence[Issued]) -> Iterator[Undone]:
    for line in order.lines:
        mine = [one for one in issued if isinstance(one.command, CancelLines) and one.done_at and _is_about(one, line)]
        for quantity in line.quantities:
            if quantity.status == CANCELLED and quantity.amount:
                who = _by(mine) or _who(quantity.cancellation_reason)
                why = in_words(quantity.cancellation_reason) or NO_REASON
                yield Undone(f"{quantity.amount} × {line.sku} canceled, line {line.number}", f"By {who}: {why}")


def _who(reason: str) -> str:
    """Who called units off that no command of ours did, as far as the reason tells."""
    text = reason.upper()
    if "FRAUD" in text and not text.startswith("SELLER"):
        return "Walmart, for fraud"
    if "AUTO" in text or "EXPIR" in text:
        return "Walmart itself, since it had not shipped in time"
    if text.startswith("CUSTOMER"):
        return "the buyer"
    return ELSEWHERE if text else "Walmart"


def _refunded(order: Order, issued: Sequence[Issued]) -> Iterator[Undone]:
    for line in order.lines:
        if not line.refunded:
            continue
        mine = [one for one in issued if isinstance(one.command, RefundLines) and one.done_at and _is_about(one, line)]
        by_return = f"return {line.return_order_id}" if line.return_order_id and not mine else ""
        reasons = ", ".join(dict.fromkeys(refund_in_words(one.reason) for one in line.refunds if one.reason))
        who = _by(mine) or by_return or ELSEWHERE
        why = f"By {who}: {reasons}" if reasons else f"By {who}"
        yield Undone(f"Refund on {line.sku}, line {line.number}", why, words.money(line.refunded, order.currency))


def _going(order: Order, issued: Sequence[Issued]) -> Iterator[Undone]:
    skus = {line.number: line.sku for line in order.lines}
    for one in issued:
        if not one.is_under_way:
            continue
        by = f"By {_by([one])}"
        if isinstance(one.command, CancelLines):
            for unit in one.command.units:
                yield Undone(f"{unit.quantity} × {skus.get(unit.line, unit.line)} is being canceled", by)
        elif isinstance(one.command, RefundLines):
            for money in one.command.lines:
                amount = words.money(money.total, order.currency)
                yield Undone(f"Refund on {skus.get(money.line, money.line)} is on its way", by, amount)


def _memos(order: Order, shop: ShopOrder | None, issued: Sequence[Issued], choices: Choices) -> Iterator[Undone]:
    made = {one.frozen.get("entity_id") for one in issued if isinstance(one.command, CreateCreditMemo)}
    for memo in shop.creditmemos if shop else ():
        if memo.entity_id in made:
            became, free = "made from here for what Walmart shows", False
        else:
            became = _became(memo, issued)
            free = not became and memo.entity_id not in choices.refund_memos
        both = any(line.open for line in order.lines) and any(line.shipped for line in order.lines)
        said = became or ("taken for a refund of what shipped" if not free else "not settled at Walmart yet")
        amount = words.money(memo.grand_total, order.currency)
        yield Undone(
            f"Magento credit memo {memo.increment_id}",
            f"{said[:1].upper()}{said[1:]}",
            amount,
            memo.entity_id if free and both and memo.items else 0,
        )


def _became(memo: ShopCreditmemo, issued: Iterable[Issued]) -> str:
    """What was done at Walmart about a credit memo; empty where nothing was."""
    said = []
    for one in issued:
        match one.command:
            case RefundLines(memo=number) if number == memo.entity_id and one.state is not CommandState.DISMISSED:
                said.append("refunded at Walmart" if one.done_at else "its refund is on its way")
            case BookRefund(memo=number) if number == memo.entity_id and one.done_at:
                said.append("set against what Walmart had refunded already")
            case AskAboutMemo(memo=number) if number == memo.entity_id and one.state is CommandState.PARKED:
                said.append("asked about above")
            case AskAboutMemo(memo=number) if number == memo.entity_id and one.given_up:
                said.append("settled by you")
            case CancelLines(cause=cause) if cause == f"memo:{memo.entity_id}" and not one.ended_at:
                said.append("its units are being canceled at Walmart")
            case CancelLines(cause=cause) if cause == f"memo:{memo.entity_id}" and one.done_at:
                said.append("its units were canceled at Walmart")
            case _:
                pass
    return ", ".join(dict.fromkeys(said))


def _is_about(one: Issued, line: Line) -> bool:
    match one.command:
        case CancelLines(units=units):
            return any(unit.line == line.number for unit in units)
        case RefundLines(lines=lines):
            return any(money.line == line.number for money in lines)
        case _:
            return False


def _by(issued: Iterable[Issued]) -> str:
    """Who asked for these: people by their addresses, else what in Magento or whose wish it was."""
    said = []
    for one in issued:
        if one.by_person and one.by:
            said.append(one.by)
        elif isinstance(one.command, CancelLines):
            said.append("the buyer" if one.command.cause == "buyer" else f"the shop ({one.command.because})")
        elif isinstance(one.command, RefundLines):
            said.append(f"the shop (credit memo {one.command.memo_number})")
    return ", ".join(dict.fromkeys(said))
