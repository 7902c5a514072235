"""Units that the shop gave up before they shipped, by what gave them up, and which of them nothing was done about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.domain.commands import BookRefund, CancelLines, RefundLines
from webapp.domain.plan.case import Case
from webapp.domain.quantities import Credit, Standing


@dataclass(frozen=True, slots=True)
class Cause:
    """What gave units up in the shop: a credit memo, or cancelling the order."""

    key: str
    words: str


def credits_of(standing: Standing) -> list[Credit]:
    """What the group's credit memos mean, oldest first."""
    return sorted((one for item in standing.shop for one in item.credits), key=lambda one: one.memo)


def left_over(case: Case, standing: Standing) -> list[Cause]:
    """Given up, not told to Walmart and not refunded there; one entry a unit, oldest first.

    The newest of them are what Walmart still has open; the oldest are what shipped there all the same. What lies
    between was cancelled at Walmart by somebody else.
    """
    if case.shop is None:
        return []
    told, refunded = _told(case, standing), _refunded(case, standing)
    found: list[Cause] = []
    for memo, credits in _by_memo(case, standing):
        key = f"memo:{memo}"
        cancelled = sum(one.cancelled for one in credits)
        late = max(refunded[memo] - sum(one.refunded for one in credits), 0)
        found += [Cause(key, _words(case, memo))] * (cancelled - told[key] - late)
    by_order = Cause(f"order:{case.shop.entity_id}", f"Magento order {case.shop.increment_id} was canceled")
    units = sum(item.by_order for item in standing.shop)
    return found + [by_order] * (units - told[by_order.key])


def told_of(case: Case, standing: Standing) -> list[Cause]:
    """What Walmart was told to cancel for the shop's documents; one entry a unit, oldest first."""
    return [
        Cause(command.cause, command.because)
        for one, command in case.of(CancelLines)
        if case.holds_good(one) and command.cause.startswith(("memo:", "order:"))
        for unit in command.units
        if unit.line in standing.group.lines
        for _ in range(unit.quantity)
    ]


def shipped_all_the_same(case: Case, standing: Standing) -> list[Cause]:
    """Given up, but shipped at Walmart, and not refunded there yet; one entry a unit. What the shop shipped after it
    had been credited is not among them: that is for the merchant to decide."""
    refunded = _refunded(case, standing)
    done = sum(
        max(refunded[memo] - sum(one.refunded for one in credits), 0) for memo, credits in _by_memo(case, standing)
    )
    return left_over(case, standing)[: max(standing.differences.late - standing.surplus - done, 0)]


def _by_memo(case: Case, standing: Standing) -> Iterator[tuple[int, list[Credit]]]:
    memos = {one.entity_id: one for one in (case.shop.creditmemos if case.shop else ())}
    for number in dict.fromkeys(one.memo for one in credits_of(standing)):
        if not case.is_ours(memos[number]):
            yield number, [one for one in credits_of(standing) if one.memo == number]


def _words(case: Case, memo: int) -> str:
    memos = case.shop.creditmemos if case.shop else ()
    return next(f"credit memo {one.increment_id}" for one in memos if one.entity_id == memo)


def _told(case: Case, standing: Standing) -> Counter[str]:
    """Units that Walmart was told to cancel, by cause."""
    found: Counter[str] = Counter()
    for one, command in case.of(CancelLines):
        if case.holds_good(one):
            found[command.cause] += sum(unit.quantity for unit in command.units if unit.line in standing.group.lines)
    return found


def _refunded(case: Case, standing: Standing) -> Counter[int]:
    """Whole units that were refunded for a memo, or set against what Walmart had refunded."""
    found: Counter[int] = Counter()
    for one in case.issued:
        command = one.command
        if isinstance(command, (RefundLines, BookRefund)) and case.holds_good(one):
            found[command.memo] += sum(m.units for m in command.lines if m.line in standing.group.lines)
    return found
