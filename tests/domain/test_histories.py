"""A history of eight events, told in any order, doubled, dropped and read late: the end is that of the order told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.domain.factories import NOW, a_line, an_order, seen
from webapp.domain.command_keys import cause_of
from webapp.domain.commands import AcknowledgeOrder, CommandState, Issued
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, CREATED, Order, Quantity, has_gone_backwards
from webapp.domain.plan import plan
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.order_rows import with_first_prices

POLICY = Policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False)
LINES = ("1", "2", "3")


def moved(number: str, status: str) -> Callable[[Order], Order]:
    """The line's unit is in another status now."""

    def change(order: Order) -> Order:
        lines = (
            replace(one, quantities=(Quantity(status, 1),)) if one.number == number else one for one in order.lines
        )
        return replace(order, lines=tuple(lines))

    return change


def wished(order: Order) -> Order:
    lines = (replace(one, intent_to_cancel="Y") if one.number == "3" else one for one in order.lines)
    return replace(order, lines=tuple(lines))


def refunded(order: Order) -> Order:
    lines = (replace(one, refunded=Decimal("4.00")) if one.number == "1" else one for one in order.lines)
    return replace(order, lines=tuple(lines))


HISTORY: tuple[Callable[[Order], Order], ...] = (
    lambda order: order,
    moved("2", CANCELLED),
    wished,
    moved("1", "Shipped"),
    moved("3", CANCELLED),
    moved("1", "Delivered"),
    refunded,
    lambda order: order,
)
"""PO_CREATED and seven more; the last one is news that changes nothing."""


@dataclass
class Bridge:
    """Walmart's side as it was after each step, and what we have made of the events."""

    told: list[Order] = field(default_factory=lambda: [an_order(*(a_line(int(number)) for number in LINES))])
    stored: Order | None = None
    sent: Counter[str] = field(default_factory=Counter)
    issued: tuple[Issued, ...] = ()

    def hear(self, lag: int = 0) -> None:
        """An event: read the order, as it stood `lag` steps ago where the read is stale, and do what is left."""
        shown = self.told[max(len(self.told) - 1 - lag, 0)]
        if self.stored and has_gone_backwards(self.stored.lines, shown.lines):
            shown = self.told[-1]
        self.stored = with_first_prices(shown, self.stored)
        if not self.stored.counts()[CREATED]:
            return
        for command in plan(seen(self.stored), POLICY, self.issued, NOW).commands:
            assert isinstance(command, AcknowledgeOrder)
            if any(one.cause == cause_of(command) for one in self.issued):
                continue
            self.issued += (Issued(type(command).__name__, cause_of(command), CommandState.DONE),)
            self.sent[cause_of(command)] += 1
            self._acknowledge()

    def _acknowledge(self) -> None:
        now = self.told[-1]
        for line in now.lines:
            if line.counts()[CREATED]:
                now = moved(line.number, ACKNOWLEDGED)(now)
        self.told.append(now)


def live(seed: int | None) -> Bridge:
    """Play the history; with a seed its events come shuffled, doubled and dropped. Then one poll."""
    dice, bridge, letters = random.Random(seed), Bridge(), 0
    for step in HISTORY:
        bridge.told.append(step(bridge.told[-1]))
        letters += 1
        if seed is None:
            bridge.hear()
        elif dice.random() < 0.5:
            for _ in range(dice.choice((0, 1, 1, 2))):
                bridge.hear(lag=dice.choice((0, 0, 1, 3)))
    assert letters == 8
    bridge.hear()
    bridge.hear()
    return bridge


def shown(order: Order | None) -> dict[str, object]:
    assert order is not None
    lines = {line.number: (dict(line.counts()), line.refunded, line.intent_to_cancel) for line in order.lines}
    return {"status": order.status, "lines": lines}


def test_a_thousand_ways_to_tell_it_end_as_the_plain_one_does() -> None:
    plain = live(None)
    assert shown(plain.stored) == shown(plain.told[-1])
    for seed in range(1000):
        other = live(seed)
        assert shown(other.stored) == shown(plain.stored), seed
        assert max(other.sent.values(), default=0) <= 1, seed
