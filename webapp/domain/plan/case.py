"""One order as the rules of both directions see it: both sides unit by unit, and what was done here already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from webapp.domain.command_keys import anew, base_of
from webapp.domain.command_words import DOING
from webapp.domain.commands import (
    BOTH_WAYS,
    BookRefund,
    CancelLines,
    CancelMagentoOrder,
    Command,
    CommandState,
    ConfirmShipment,
    CorrectTracking,
    CreateCreditMemo,
    CreateShipment,
    Issued,
    RefundLines,
)
from webapp.domain.order import Line
from webapp.domain.plan.seen import Plan, Seen, in_flight, under_way
from webapp.domain.policy import Policy
from webapp.domain.quantities import Floor, Standing, standings
from webapp.domain.shop import Credited, ShopCreditmemo, ShopItem, ShopOrder, ShopShipment

SOON = timedelta(seconds=5)
MARK = "orderbridge:"
"""Stands in the comment of every document that is made here, followed by what names the command."""
REFUND = "refund:"
"""Follows the mark in the comment of a credit memo that was made for a refund."""

MOST_TIMES = 3
"""An effect that was seen to by the other side so often and never shows is nothing to go on with alone."""
MOST_CALLED_OFF, LATELY = 10, timedelta(hours=1)

C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True)
class Case:
    """Both sides, with what was done here and cannot be seen yet counted as done.

    `settles_at` is until when that is believed. `shop` is None where Magento's side is not linked or was not read.
    """

    seen: Seen
    policy: Policy
    issued: tuple[Issued, ...]
    now: datetime
    shop: ShopOrder | None
    standings: tuple[Standing, ...]
    settles_at: datetime | None
    unseen: tuple[Issued, ...] = ()
    """Done here a moment ago, and not to be seen yet."""
    is_old: bool = False
    """The shop shows less than it did before, so nothing is concluded from it."""

    @property
    def lines(self) -> dict[str, Line]:
        return {line.number: line for line in self.seen.order.lines}

    def of(self, kind: type[C]) -> Iterator[tuple[Issued, C]]:
        """All earlier commands of a kind, in the order they were issued."""
        for one in self.issued:
            if isinstance(one.command, kind):
                yield one, one.command

    def is_ours(self, document: ShopShipment | ShopCreditmemo) -> bool:
        """Made here because of what Walmart showed, so it tells Walmart nothing."""
        kind: type[Command] = CreateShipment if isinstance(document, ShopShipment) else CreateCreditMemo
        made = {one.frozen.get("entity_id") for one, _ in self.of(kind)}
        return document.entity_id in made or any(MARK in comment for comment in document.comments)

    def holds_good(self, one: Issued) -> bool:
        """Done, and to be seen or to be seen soon; or sent, and not known to have failed."""
        if one.state is CommandState.DONE:
            return _is_in_flight(one, self.policy, self.now) or _is_visible(one, self.seen)
        return one.is_under_way and one.was_sent

    def in_doubt(self, kind: type[ConfirmShipment] | type[CancelLines], lines: Collection[str]) -> bool:
        """Walmart was told something of these lines, nobody knows whether it heard, and it does not show it."""
        return any(
            one.is_under_way and one.was_sent and not _is_visible(one, self.seen)
            for one, command in self.of(kind)
            if any(unit.line in lines for unit in command.units)
        )

    def want(self, command: Command) -> Plan:
        """This command: issued now, followed up where it is on its way, or why it stands still."""
        kind = type(command).__name__
        before = tuple(one for one in self.issued if _same_cause(one.command, command))
        going = [one for one in before if one.is_under_way and one.command is not None]
        if going:
            return Plan(tuple(one.command for one in going[-1:] if one.command), (under_way(DOING[kind], before),))
        parked = tuple(one.command for one in before if one.state is CommandState.PARKED and one.command is not None)
        if parked:
            return Plan(held=parked, waiting_for=(f"{DOING[kind]} was refused; try it again or give it up.",))
        if any(one.given_up for one in before):
            return Plan(waiting_for=(f"{DOING[kind]}: given up by hand.",))
        settles = in_flight(before, self.policy, self.now)
        if settles:
            return Plan(waiting_for=(f"{DOING[kind]}: waiting until it can be seen.",), look_again_at=settles)
        if sum(one.state is CommandState.DONE for one in before) >= MOST_TIMES:
            return Plan(attention=f"{DOING[kind]} was done {MOST_TIMES} times and cannot be seen. Look at both sides.")
        if sum(one.ended_at is not None and one.ended_at > self.now - LATELY for one in before) >= MOST_CALLED_OFF:
            return Plan(attention=f"{DOING[kind]} was called off again and again. Look at the order on both sides.")
        return Plan((anew(command, before),), (f"{DOING[kind]}.",))


def _same_cause(one: Command | None, other: Command) -> bool:
    return one is not None and type(one) is type(other) and base_of(one) == base_of(other)


def build(seen: Seen, policy: Policy, issued: tuple[Issued, ...], now: datetime) -> Case:
    """The case of an order."""
    recent = tuple(one for one in issued if _is_in_flight(one, policy, now))
    is_old = seen.shop is not None and _lacks_a_cause(seen.shop, issued)
    shop = _with_unseen(seen.shop, recent) if seen.shop is not None and not is_old else None
    floors = (*_floors(recent), *_proven(issued))
    refunding = seen.choices.refund_memos | _own_refunds(shop, issued)
    found = standings(seen.order.lines, shop, seen.behind, floors, refunding) if shop is not None else ()
    unseen = tuple(one for one in recent if one.done_at is not None and not _is_visible(one, seen))
    settles = [one.done_at + policy.settle_after for one in unseen if one.done_at is not None]
    look = min([*settles, now + SOON]) if settles or is_old else None
    return Case(seen, policy, issued, now, shop, found, look, unseen, is_old)


def follow_up(case: Case, planned: Iterable[Command]) -> Plan:
    """What was sent, or what a person asked for, stays until it is known what became of it.

    While the shop cannot be read nothing is called off at all: not seeing it proves nothing.
    """
    asked = set(planned)
    kept = []
    for one in case.issued:
        if not isinstance(one.command, BOTH_WAYS) or not one.is_under_way or one.command in asked:
            continue
        if one.was_sent or one.by_person or case.is_old or (case.seen.is_linked and case.seen.shop_trouble):
            kept.append(one)
    waiting = dict.fromkeys(under_way(DOING[one.kind], (one,)) for one in kept)
    old = ("Magento showed an older state than before; reading again.",) if case.is_old else ()
    return Plan(tuple(one.command for one in kept if one.command is not None), (*old, *waiting))


def _is_in_flight(one: Issued, policy: Policy, now: datetime) -> bool:
    """Done so lately that the other side may not show it yet, or sent with an unknown outcome."""
    if one.is_under_way:
        return one.was_sent
    return one.state is CommandState.DONE and one.done_at is not None and now < one.done_at + policy.settle_after


def _floors(recent: Iterable[Issued]) -> Iterator[Floor]:
    for one in recent:
        floors: Mapping[str, Any] = one.frozen.get("floors") or {}
        for line, count in floors.items():
            if isinstance(one.command, ConfirmShipment):
                yield Floor(line, shipped=int(count))
            elif isinstance(one.command, CancelLines):
                yield Floor(line, cancelled=int(count))


def _proven(issued: Iterable[Issued]) -> Iterator[Floor]:
    """What Walmart showed once, as our own documents in the shop prove; a read that shows less is an old one."""
    shipped, cancelled = Counter[str](), Counter[str]()
    for one in issued:
        if isinstance(one.command, CreateShipment):
            shipped.update({unit.line: unit.quantity for unit in one.command.units if one.done_at})
        elif isinstance(one.command, CreateCreditMemo) and one.command.cancelled:
            cancelled.update({money.line: money.units for money in one.command.lines if one.done_at})
    for line in shipped | cancelled:
        yield Floor(line, shipped[line], cancelled[line])


def _is_visible(one: Issued, seen: Seen) -> bool:
    """The other side shows by now what this command did."""
    lines = {line.number: line for line in seen.order.lines}
    floors: Mapping[str, Any] = one.frozen.get("floors") or {}
    made, shop = one.frozen.get("entity_id"), seen.shop
    match one.command:
        case ConfirmShipment():
            return all(number in lines and lines[number].shipped >= int(count) for number, count in floors.items())
        case CancelLines():
            return all(number in lines and lines[number].cancelled >= int(count) for number, count in floors.items())
        case RefundLines():
            return all(number in lines and lines[number].refunded >= Decimal(count) for number, count in floors.items())
        case CorrectTracking(number=number):
            return any(number in line.numbers for line in seen.order.lines)
        case CreateShipment() if shop is not None and made is not None:
            return any(each.entity_id == made for each in shop.shipments)
        case CreateCreditMemo() if shop is not None and made is not None:
            return any(each.entity_id == made for each in shop.creditmemos)
        case _:
            return True


def _lacks_a_cause(shop: ShopOrder, issued: Iterable[Issued]) -> bool:
    """A document is missing that something was sent to Walmart for: this is the shop as it was before."""
    shipments = {one.entity_id for one in shop.shipments}
    memos = {one.entity_id for one in shop.creditmemos}
    for one in _since_linked(issued):
        if one.state is CommandState.DISMISSED:
            continue
        match one.command:
            case ConfirmShipment(shipment=number) | CorrectTracking(shipment=number) if number not in {0, *shipments}:
                return True
            case RefundLines(memo=number) | BookRefund(memo=number) if number not in {0, *memos}:
                return True
            case CancelLines(cause=cause) if _is_missing(cause, shop, memos):
                return True
            case _:
                pass
    return False


def _since_linked(issued: Iterable[Issued]) -> Iterator[Issued]:
    """What was issued since the Magento order was made that is linked now; documents of a former one are no matter."""
    every = tuple(issued)
    made = [at for at, one in enumerate(every) if one.kind == "CreateMagentoOrder" and one.state is CommandState.DONE]
    return iter(every[made[-1] if made else 0 :])


def _is_missing(cause: str, shop: ShopOrder, memos: Container[int]) -> bool:
    kind, _, number = cause.partition(":")
    if kind == "memo":
        return int(number) not in memos
    return kind == "order" and int(number) == shop.entity_id and not any(item.canceled for item in shop.items)


def _own_refunds(shop: ShopOrder | None, issued: Iterable[Issued]) -> frozenset[int]:
    """Memos that were made here for what Walmart refunded: they are about units that shipped."""
    made = [one for one in issued if isinstance(one.command, CreateCreditMemo) and not one.command.cancelled]
    known = {int(one.frozen["entity_id"]) for one in made if one.frozen.get("entity_id")}
    memos = shop.creditmemos if shop else ()
    marked = {memo.entity_id for memo in memos if any(f"{MARK}{REFUND}" in comment for comment in memo.comments)}
    return frozenset(known | marked)


def _with_unseen(shop: ShopOrder, recent: Iterable[Issued]) -> ShopOrder:
    """The shop's order with the documents that were just made there and that it does not show yet."""
    shipments, memos, items = list(shop.shipments), list(shop.creditmemos), list(shop.items)
    for one in recent:
        made, at, command = one.frozen.get("entity_id"), one.done_at, one.command
        if isinstance(command, CancelMagentoOrder):
            items = _with_cancelled(items, one)
        elif made is None or at is None:
            continue
        elif isinstance(command, CreateShipment) and all(each.entity_id != made for each in shipments):
            shipments.append(ShopShipment(int(made), "", shop.entity_id, at, command.items))
        elif isinstance(command, CreateCreditMemo) and all(each.entity_id != made for each in memos):
            credited = tuple(Credited(each.item_id, each.quantity) for each in command.items)
            memos.append(ShopCreditmemo(int(made), "", shop.entity_id, at, credited))
    return replace(shop, items=tuple(items), shipments=tuple(shipments), creditmemos=tuple(memos))


def _with_cancelled(items: list[ShopItem], one: Issued) -> list[ShopItem]:
    floors = {int(item): Decimal(count) for item, count in (one.frozen.get("floors") or {}).items()}
    return [replace(item, canceled=max(item.canceled, floors.get(item.item_id, item.canceled))) for item in items]
