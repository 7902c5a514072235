"""What the grid shall show, as it stands in its address: the address is the whole state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from webapp import days
from webapp.columns import SCALE
from webapp.domain.amounts import amount_of
from webapp.domain.facets import Problem, Tab
from webapp.domain.order import OrderStatus

LONGEST = 64
MOST_MONEY = Decimal(10) ** 12
_PROBLEMS = {problem.slug: problem for problem in Problem if problem}
_BY_SLUG = {status.slug: status for status in OrderStatus}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """What a list may be sorted by."""

    SOLD = "sold"
    DUE = "due"
    STATUS = "status"
    TOTAL = "total"


MAGENTO_CHOICES = ("yes", "no", "failed", "waiting", "deleted")
SHIPPED_BY_CHOICES = ("seller", "walmart", "others")
SIDES_CHOICES = ("differ", "agree")
MARKETS = ("us", "ca", "mx", "cl")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the part of it, the sorted value (None where there is none) and the order it lies beside."""

    group: int
    key: int | None
    id: int

    def __str__(self) -> str:
        return f"{self.group}.{'' if self.key is None else self.key}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The inverse of `str`; None for anything else."""
        group, _, rest = text.partition(".")
        key, _, number = rest.rpartition(".")
        if len(text) > 48 or not (_is_whole(group) and _is_whole(number) and (not key or _is_whole(key))):
            return None
        if max(int(group), int(number), abs(int(key or 0))) >= 1 << 62:
            return None
        return cls(int(group), int(key) if key else None, int(number))


def micros(at: datetime) -> int:
    """A time as a whole number that is safe in an address."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(number: int) -> datetime:
    """The inverse; a number beyond all years is the nearest time there is."""
    try:
        return _EPOCH + number * _MICROSECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if number > 0 else datetime.min.replace(tzinfo=UTC)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question. Times and amounts are kept as they were typed; `limits` reads them."""

    tab: Tab = Tab.ALL
    status: OrderStatus | None = None
    account: str = ""
    store: str = ""
    market: str = ""
    magento: str = ""
    sides: str = ""
    problem: Problem = Problem.NONE
    by: str = ""
    sold_from: str = ""
    sold_to: str = ""
    due_from: str = ""
    due_to: str = ""
    total_from: str = ""
    total_to: str = ""
    items: str = ""
    find: str = ""
    """The key under which a search is kept: what was typed may be a buyer's name and never stands in an address."""
    sort: Sort = Sort.SOLD
    descending: bool = True
    after: Cursor | None = None
    before: Cursor | None = None
    at: int = 0
    """How many rows lie before this page, for the words below it."""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read leniently: what makes no sense is left out."""
        sort, descending = _sort(args.get("sort", ""))
        typed = {name: args.get(name, "").strip()[:LONGEST] for name in TYPED}
        after = Cursor.parse(args.get("after", ""))
        return cls(
            tab=_choice(args, "tab", Tab) or Tab.ALL,
            status=_BY_SLUG.get(args.get("status", "")),
            market=_among(args, "market", MARKETS),
            magento=_among(args, "magento", MAGENTO_CHOICES),
            sides=_among(args, "sides", SIDES_CHOICES),
            problem=_PROBLEMS.get(args.get("problem", ""), Problem.NONE),
            by=_among(args, "by", SHIPPED_BY_CHOICES),
            sort=sort,
            descending=descending,
            after=after,
            before=None if after else Cursor.parse(args.get("before", "")),
            at=int(args["at"]) if args.get("at", "").isdecimal() and len(args["at"]) < 10 else 0,
            **typed,
        )

    def to_args(self) -> dict[str, str]:
        """The shortest address arguments that say the same."""
        direction = "-" if self.descending else ""
        given = {
            "tab": self.tab.value if self.tab is not Tab.ALL else "",
            "status": self.status.slug if self.status else "",
            "problem": self.problem.slug if self.problem else "",
            **{name: getattr(self, name) for name in PLAIN},
            "sort": "" if self.is_newest_first else f"{direction}{self.sort}",
            "after": str(self.after) if self.after else "",
            "before": str(self.before) if self.before else "",
            "at": str(self.at) if self.at else "",
        }
        return {name: value for name, value in given.items() if value}

    def but(self, **changes: Any) -> Self:
        """The same with `changes`, from its beginning."""
        return replace(self, **{"after": None, "before": None, "at": 0, **changes})

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of what narrows the list, tab and search aside."""
        return tuple(name for name in FILTERS if getattr(self, name))

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters or self.find or self.tab is not Tab.ALL)

    @property
    def is_newest_first(self) -> bool:
        return self.sort is Sort.SOLD and self.descending

    @property
    def is_at_top(self) -> bool:
        return not (self.after or self.before)


RANGES = ("sold_from", "sold_to", "due_from", "due_to", "total_from", "total_to")
TYPED = ("account", "store", *RANGES, "items", "find")
PLAIN = ("account", "store", "market", "magento", "sides", "by", *RANGES, "items", "find")
FILTERS = ("status", "account", "store", "market", "magento", "sides", "problem", "by", *RANGES, "items")
ARGUMENTS = frozenset(each.name for each in fields(Wanted)) - {"descending"}


def _sort(text: str) -> tuple[Sort, bool]:
    try:
        return Sort(text.removeprefix("-")), text.startswith("-")
    except ValueError:
        return Sort.SOLD, True


def _choice(args: Mapping[str, str], name: str, kind: type[Tab]) -> Tab | None:
    try:
        return kind(args.get(name, ""))
    except ValueError:
        return None


def _among(args: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = args.get(name, "")
    return value if value in choices else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The typed ranges as `[from, until)` per column, and a sentence for each that cannot be read."""

    ranges: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)


_COLUMNS = (
    ("sold", "ordered_at", "The sale date"),
    ("due", "ship_by", "The ship-by date"),
    ("total", "total", "The total"),
)


def limits(wanted: Wanted, zone: tzinfo) -> Limits:
    """Both ends belong to a range: `to 14:30` takes in all of 14:30, and a day is meant to its end."""
    found = Limits()
    for name, column, words in _COLUMNS:
        ends: list[Any] = []
        for end in ("from", "to"):
            typed = getattr(wanted, f"{name}_{end}")
            try:
                ends.append(_end(typed, end == "to", zone, column) if typed else None)
            except (ValueError, OverflowError):
                example = "12.50" if column == "total" else "2026-11-01 or 2026-11-01 14:30"
                found.mistakes[f"{name}_{end}"] = f"{words} “{typed}” cannot be read. Write it like {example}."
        if len(ends) == 2 and None not in ends and ends[0] >= ends[1]:
            found.mistakes[f"{name}_to"] = f"{words} begins after it ends. Exchange From and To."
        elif len(ends) == 2 and any(end is not None for end in ends):
            found.ranges[column] = (ends[0], ends[1])
    return found


def _end(typed: str, is_last: bool, zone: tzinfo, column: str) -> Any:
    if column == "total":
        amount = amount_of(typed)
        if amount is None or amount > MOST_MONEY:
            raise ValueError(typed)
        return amount + Decimal(1) / SCALE if is_last else amount
    if not is_last:
        return days.moment(typed, zone)
    # A time that a clock shows twice, when summer ends, is taken in both times.
    end = days.end(typed, zone)
    if "T" not in typed and ":" not in typed:
        return end
    local = datetime.fromisoformat(typed)
    last = (local if local.tzinfo else local.replace(tzinfo=zone, fold=1)).astimezone(UTC)
    return max(end, last) + (timedelta(minutes=1) if typed.count(":") < 2 else timedelta(seconds=1))
