"""Money back at Walmart: read again first, sent once, and after a doubt never sent a second time without a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from webapp.connectors.http import ConnectorError
from webapp.domain.amounts import money as in_money
from webapp.domain.commands import AskAboutMemo, BookRefund, LineMoney, RefundLines, Side
from webapp.domain.order import ZERO, Line, Order
from webapp.domain.outgoing import LineRefunded
from webapp.domain.reasons import refund_in_words
from webapp.effects import SENT, Effect, effect_of
from webapp.limits import MustWait
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene, read_again

SETTLES_AFTER = timedelta(minutes=15)
"""So long a refund whose answer was lost may stay unseen. It is then parked, not sent again."""


def refund(scene: Scene, command: RefundLines) -> Outcome:
    """Refund lines at Walmart. Raises ConnectorError, Refusal or Unneeded."""
    order, effect = read_again(scene), effect_of(scene)
    if effect.was_sent:
        if _has_arrived(order, command, effect):
            return _done(order, command, effect, "Walmart shows the refund")
        _park_or_wait(effect)
    for money in command.lines:
        _can_be_paid(order, money, by_hand=bool(command.request))
    before = {money.line: str(_line(order, money.line).refunded) for money in command.lines}
    lines = [LineRefunded(m.line, command.is_full, command.reason, command.comment, m.charges) for m in command.lines]
    try:
        answer = effect.send(
            {"before": before}, lambda: scene.both.walmart.refund(order.po, lines, scene.stored.currency)
        )
    except ConnectorError as error:
        if not error.permanent or isinstance(error, MustWait) or error.unauthorized:
            raise
        order = read_again(scene)
        if _has_arrived(order, command, effect):
            return _done(order, command, effect, "Walmart had taken the refund already")
        raise Refusal(error.message) from error
    return _done(answer, command, effect, "Refunded at Walmart")


def book(scene: Scene, command: BookRefund) -> Outcome:
    """Set a memo against what Walmart has refunded, as it stands now."""
    order = read_again(scene)
    parts = [f"{_on_line(order, money.total, money.line)}{_by_whom(order, money)}" for money in command.lines]
    name = f"Credit memo {command.memo_number}"
    if not parts:
        return Outcome(f"{name}: nothing is left to refund at Walmart. {command.note}".strip())
    return Outcome(f"{name}: Walmart had refunded {', '.join(parts)} before, so that is not paid again. {command.note}")


def ask(command: AskAboutMemo) -> Outcome:
    """Nothing is done without the merchant."""
    raise Refusal(command.question)


def _park_or_wait(effect: Effect) -> None:
    try:
        effect.prove_absent(SETTLES_AFTER, Side.WALMART, "The refund")
    except ConnectorError as error:
        if not effect.kept.get("absent_at"):
            raise
        sent = effect.kept[SENT][-1][:16].replace("T", " ")
        raise Refusal(
            f"The refund was sent at {sent} UTC, no answer came, and Walmart does not show it. Look in Seller Center: "
            "if the buyer has the money, dismiss this; if not, try again."
        ) from error


def _has_arrived(order: Order, command: RefundLines, effect: Effect) -> bool:
    """Every line shows at least what was sent beyond what it showed before."""
    before: Mapping[str, str] = effect.kept.get("before") or {}
    return bool(before) and all(
        _line(order, money.line).refunded >= Decimal(before.get(money.line, "0")) + money.total
        for money in command.lines
    )


def _can_be_paid(order: Order, money: LineMoney, *, by_hand: bool) -> None:
    line = _line(order, money.line)
    if line.refunded != money.before and by_hand:
        raise Refusal(
            f"Walmart's refunds of line {money.line} have changed since these amounts were entered: "
            f"{in_money(line.refunded, order.currency)} by now. Give this up, and refund what is still missing."
        )
    if line.refunded != money.before:
        raise Unneeded(f"Walmart's refunds of line {money.line} have changed meanwhile, so it is looked at again.")
    if not line.shipped:
        raise Unneeded(f"Line {money.line} is not shipped at Walmart.")


def _done(order: Order, command: RefundLines, effect: Effect, what: str) -> Outcome:
    """Note what Walmart gave back, which may be more than was asked for, and say it."""
    before: Mapping[str, str] = effect.kept.get("before") or {}
    widened, floors, parts = {}, {}, []
    for money in command.lines:
        was, shown = Decimal(before.get(money.line, "0")), _line(order, money.line).refunded
        given = max(shown - was, money.total)
        floors[money.line] = str(was + given)
        widened[money.line] = str(given - money.total)
        parts.append(_on_line(order, given, money.line))
    effect.note(floors=floors, widened=widened)
    whose = f" for credit memo {command.memo_number}" if command.memo_number else ""
    more = sum((Decimal(one) for one in widened.values()), ZERO)
    added = in_money(more, order.currency)
    beyond = f" {added} of it is tax and shipping that Walmart adds to a full price." if more else ""
    why = refund_in_words(command.reason)
    return Outcome(f"{what}{whose}: {', '.join(parts)}. Reason given: {why}.{beyond} {command.note}".strip())


def _on_line(order: Order, amount: Decimal, number: str) -> str:
    """`$11.00 on MUG-RED (line 1)`."""
    return f"{in_money(amount, order.currency)} on {_line(order, number).sku} (line {number})"


def _by_whom(order: Order, money: LineMoney) -> str:
    line = _line(order, money.line)
    numbers = [refund.refund_id for refund in line.refunds if refund.refund_id]
    numbers += [f"return {line.return_order_id}"] if line.return_order_id else []
    return f" ({', '.join(numbers)})" if numbers else ""


def _line(order: Order, number: str) -> Line:
    found = next((line for line in order.lines if line.number == number), None)
    if found is None:
        raise ConnectorError(f"Walmart does not show line {number} at the moment.", side=Side.WALMART)
    return found
