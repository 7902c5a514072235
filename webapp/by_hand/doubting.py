"""What to ask about parcels that Walmart would take: a number that is hardly its carrier's, or that is used already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import order_rows
from webapp.by_hand.finding import Found
from webapp.by_hand.tracking_numbers import doubt
from webapp.domain.commands import ConfirmShipment
from webapp.domain.order import Address, Order
from webapp.domain.words import joined, words_of
from webapp.grid import sql
from webapp.models import OrderRow, db

NAMED = 3
"""So many doubts are said of many parcels; of the others how many they are."""
AT_ONCE = 200
"""So many numbers are looked up by one statement; SQLite takes one of 500 parts."""
OTHERS = 5
"""So many orders that have a number are looked at: the first to another address is named."""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a parcel of an order."""

    found: Found
    carrier: str
    number: str


class Question(str):
    """Doubts as they are asked about. `answer` agrees to exactly these numbers and doubts: any other is asked about."""

    answer: str


def question(labels: Sequence[Label], step: str, *, many: bool = False) -> Question | None:
    """What to ask before these go, with the next `step`; None where there is no doubt. `many`: each names its order."""
    each = doubts(labels, many=many)
    asked = [(label, said) for label, said in zip(labels, each, strict=True) if said]
    if not asked:
        return None
    said = list(dict.fromkeys(sentence for _, some in asked for sentence in some))
    shown = said if len(said) <= NAMED or not many else [*said[:NAMED], f"And {len(said) - NAMED} more."]
    made = Question(" ".join([*shown, step]))
    whole = [(label.found.row.id, label.number, some) for label, some in asked]
    made.answer = blake2s(repr(sorted(whole)).encode(), digest_size=8).hexdigest()
    return made


def doubts(labels: Sequence[Label], *, many: bool = False) -> list[tuple[str, ...]]:
    """Of each label the sentences with what is odd about it, seen together with the others. A statement or two for
    two hundred of them."""
    here: dict[str, dict[int, Address]] = defaultdict(dict)
    for label in labels:
        here[joined(label.number)][label.found.row.id] = label.found.order.address
    elsewhere = _elsewhere(here)
    return [tuple(_of_one(label, here, elsewhere, many)) for label in labels]


def _of_one(
    label: Label,
    here: Mapping[str, Mapping[int, Address]],
    elsewhere: Mapping[str, Mapping[int, Order]],
    many: bool,
) -> Iterable[str]:
    """Two orders to one address may be in one parcel."""
    found, number, plain = label.found, label.number, joined(label.number)
    form = doubt(label.carrier, number)
    if form:
        yield f"{number}: {form}" if many else form
    lines = ", ".join(dict.fromkeys(_lines_with(found, plain)))
    if lines:
        of = f"order {found.order.po}" if many else "this order"
        yield f"Line {lines} of {of} has the number {number} already."
    if any(address != found.order.address for address in here[plain].values()):
        yield f"{number} stands at several orders."
    others = elsewhere.get(plain, {}).items()
    named = [one.po for row_id, one in others if row_id not in here[plain] and one.address != found.order.address]
    if named:
        yield f"Order {named[0]} has the number {number} already."


def _lines_with(found: Found, plain: str) -> Iterable[str]:
    """The lines that have this number at Walmart, or are about to have it."""
    for line in found.order.lines:
        if any(quantity.tracking and joined(quantity.tracking.number) == plain for quantity in line.quantities):
            yield line.number
    for one in found.issued:
        went = one.is_under_way or one.done_at is not None
        if went and isinstance(one.command, ConfirmShipment) and joined(one.command.number) == plain:
            yield from (unit.line for unit in one.command.units)


def _elsewhere(numbers: Iterable[str]) -> Mapping[str, Mapping[int, Order]]:
    """A few of the orders that have one of these numbers at Walmart, by number and id."""
    having: dict[str, dict[int, Order]] = defaultdict(dict)
    wanted = [number for number in numbers if number]
    for at in range(0, len(wanted), AT_ONCE):
        words = [word for number in wanted[at : at + AT_ONCE] for word in words_of(number)]
        ids = db.session.execute(sql.with_numbers(words, OTHERS)).scalars().all() if words else []
        rows = select(OrderRow).where(OrderRow.id.in_(ids)).options(selectinload(OrderRow.lines))
        for row in db.session.execute(rows).scalars():
            order = order_rows.to_order(row)
            for number in order_rows.numbers_of_parcels(order):
                having[joined(number)][row.id] = order
    return having
