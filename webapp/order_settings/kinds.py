"""Kinds of settings: how each is typed, checked, shown in its field and said in the log of changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, ClassVar

from webapp.domain.amounts import CURRENCIES, OtherCurrency, amount_of
from webapp.domain.creation_settings import DIRECT

LONGEST = 200
MOST_PAIRS = 30
MOST_MONEY = Decimal(10) ** 7
SPARE_ROWS = 3
"""Empty rows below a table of pairs, so that it grows without scripts."""


class Wrong(ValueError):
    """What was typed is no value of this setting; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings hold: what decides which of them can be honoured, and what the shop offers to choose from.

    `views`, `websites` and `groups` map Magento's ids to names; they are empty where the shop was not asked yet.
    """

    market: str = "us"
    mode: str = DIRECT
    zone: tzinfo = UTC
    store_currency: str = ""
    views: Mapping[str, str] = field(default_factory=dict)
    websites: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A setting that is typed as one line of text; the others say what they do differently."""

    widget: ClassVar[str] = "text"

    def gather(self, form: Mapping[str, str], name: str) -> str:
        """What a form holds of the setting, as one text."""
        return form.get(name, "").strip()

    def read(self, text: str, place: Place) -> Any:
        """The value that was typed. Raises Wrong."""
        if len(text) > LONGEST or not text.isprintable():
            raise Wrong(f"At most {LONGEST} ordinary characters.")
        return text

    def show(self, value: Any, place: Place) -> str:
        """The value as it stands in its field."""
        return self.say(value)

    def say(self, value: Any) -> str:
        """The value in words, for people who read what was changed."""
        return str(value)

    def options(self, place: Place) -> Mapping[str, str]:
        """What may be chosen, with its words; none where the value is typed freely."""
        return {}


@dataclass(frozen=True, slots=True)
class Switch(Kind):
    """On or off."""

    widget: ClassVar[str] = "switch"

    def read(self, text: str, place: Place) -> bool:
        return text != ""

    def show(self, value: Any, place: Place) -> str:
        return "on" if value else ""

    def say(self, value: Any) -> str:
        return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """A text of a certain form; `rule` is said to whoever typed another one. `hints` are offered, not demanded."""

    pattern: str = ".*"
    rule: str = ""
    hints: tuple[str, ...] = ()

    def read(self, text: str, place: Place) -> str:
        value: str = Kind.read(self, text, place)
        if not re.fullmatch(self.pattern, value):
            raise Wrong(self.rule)
        return value


SOURCE = Text(r"[A-Za-z0-9_.\-]{0,255}", "The source's code as Magento shows it under Stores, Inventory, Sources.")


def _one_of(options: Mapping[str, str]) -> str:
    return f"Choose one of those that are listed: {', '.join(value for value in options if value)}."


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few words; `limit` narrows them down to what can be honoured in a place."""

    words: Mapping[str, str]
    make: Callable[[str], Any] = str
    limit: Callable[[Place], Collection[str]] | None = None
    widget: ClassVar[str] = "choice"

    def read(self, text: str, place: Place) -> Any:
        if text not in self.options(place):
            raise Wrong(_one_of(self.options(place)))
        return self.make(text)

    def show(self, value: Any, place: Place) -> str:
        return str(value)

    def say(self, value: Any) -> str:
        return self.words.get(str(value), str(value))

    def options(self, place: Place) -> Mapping[str, str]:
        if self.limit is None:
            return self.words
        allowed = self.limit(place)
        return {value: said for value, said in self.words.items() if value in allowed}


@dataclass(frozen=True, slots=True)
class MarketChoice(Kind):
    """One of the words that Walmart takes in the account's market, or none of them."""

    offered: Callable[[Place], Mapping[str, str]]
    none: str
    widget: ClassVar[str] = "choice"

    def read(self, text: str, place: Place) -> str:
        if text not in self.options(place):
            raise Wrong(_one_of(self.options(place)))
        return text

    def show(self, value: Any, place: Place) -> str:
        return str(value)

    def say(self, value: Any) -> str:
        return str(value) or self.none

    def options(self, place: Place) -> Mapping[str, str]:
        return {"": self.none, **self.offered(place)}


@dataclass(frozen=True, slots=True)
class ShopChoice(Kind):
    """The id of something in the shop, chosen by its name where the shop was asked, else typed; 0 where none is."""

    offered: Callable[[Place], Mapping[str, str]]
    none: str
    widget: ClassVar[str] = "shop"

    def read(self, text: str, place: Place) -> int:
        known = self.options(place)
        if not text:
            return 0
        if not text.isdecimal() or len(text) > 9 or (known and text not in known):
            raise Wrong("Choose one of those that are listed." if known else "The id is a number, as Magento shows it.")
        return int(text)

    def show(self, value: Any, place: Place) -> str:
        return str(value) if value else ""

    def say(self, value: Any) -> str:
        return str(value) if value else self.none

    def options(self, place: Place) -> Mapping[str, str]:
        known = self.offered(place)
        return {"": self.none, **known} if known else {}


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A whole number within limits; 0 stands for nothing typed where `may_be_empty`."""

    low: int
    high: int
    may_be_empty: bool = False
    widget: ClassVar[str] = "number"

    def read(self, text: str, place: Place) -> int:
        if not text and self.may_be_empty:
            return 0
        if not text.isdecimal() or not self.low <= int(text[:12]) <= self.high:
            raise Wrong(f"A whole number from {self.low} to {self.high}.")
        return int(text)

    def say(self, value: Any) -> str:
        return "" if value == 0 and self.may_be_empty else str(value)


@dataclass(frozen=True, slots=True)
class Length(Kind):
    """A length of time, typed as a whole number of its unit; None where nothing is typed and that is allowed."""

    unit: timedelta
    low: int
    high: int
    may_be_empty: bool = False
    widget: ClassVar[str] = "number"

    def read(self, text: str, place: Place) -> timedelta | None:
        if not text and self.may_be_empty:
            return None
        return Number(self.low, self.high).read(text, place) * self.unit

    def say(self, value: Any) -> str:
        return "" if value is None else f"{value / self.unit:g}"


@dataclass(frozen=True, slots=True)
class Percent(Kind):
    """A share in percent with at most one decimal; None where nothing is typed."""

    widget: ClassVar[str] = "number"

    def read(self, text: str, place: Place) -> Decimal | None:
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,3}([.,][0-9])?", text) or Decimal(text.replace(",", ".")) > 100:
            raise Wrong("A share from 0 to 100, such as 2 or 2.5, or nothing for Walmart's own figure.")
        return Decimal(text.replace(",", "."))

    def say(self, value: Any) -> str:
        return "" if value is None else f"{value:f}"


@dataclass(frozen=True, slots=True)
class Amount(Kind):
    """An amount of money; None where nothing is typed."""

    widget: ClassVar[str] = "number"

    def read(self, text: str, place: Place) -> Decimal | None:
        if not text:
            return None
        currency = CURRENCIES.get(place.market, "USD")
        try:
            amount = amount_of(text, currency)
        except OtherCurrency:
            raise Wrong(f"The orders of this account are in {currency}.") from None
        if amount is None or amount >= MOST_MONEY:
            raise Wrong("An amount such as 500 or 499.50, or nothing.")
        return amount

    def say(self, value: Any) -> str:
        return "" if value is None else f"{value:f}"


@dataclass(frozen=True, slots=True)
class Day(Kind):
    """The beginning of a day in the store's time zone; None where nothing is typed."""

    widget: ClassVar[str] = "date"

    def read(self, text: str, place: Place) -> datetime | None:
        if not text:
            return None
        try:
            return datetime.fromisoformat(text[:10]).replace(tzinfo=place.zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Wrong("A date such as 2026-11-01, or nothing for all orders.") from error

    def show(self, value: Any, place: Place) -> str:
        return f"{value.astimezone(place.zone):%Y-%m-%d}" if value else ""

    def say(self, value: Any) -> str:
        return f"{value:%Y-%m-%d}" if value else ""


@dataclass(frozen=True, slots=True)
class Pairs(Kind):
    """A table of two columns; as one text a pair is a line with a tab between its halves.

    `offered` is what the right half may well be, without being demanded; `check` says what is wrong with one.
    """

    left: str
    right: str
    offered: Callable[[Place], Sequence[str]] | None = None
    check: Callable[[str], str] | None = None
    widget: ClassVar[str] = "pairs"

    def gather(self, form: Mapping[str, str], name: str) -> str:
        rows = [
            (form.get(f"{name}.{row}.left", "").strip(), form.get(f"{name}.{row}.right", "").strip())
            for row in range(MOST_PAIRS + SPARE_ROWS)
        ]
        return "\n".join(f"{left}\t{right}" for left, right in rows if left or right)

    def read(self, text: str, place: Place) -> dict[str, str]:
        found: dict[str, str] = {}
        for left, right in self.rows(text):
            if not left or not right:
                raise Wrong(f"“{left or right}” stands alone: fill in both columns, or clear the row.")
            if left in found:
                raise Wrong(f"“{left}” stands there twice.")
            found[left] = self._right(right, place)
        if len(found) > MOST_PAIRS:
            raise Wrong(f"At most {MOST_PAIRS} rows.")
        return found

    def show(self, value: Any, place: Place) -> str:
        return "\n".join(f"{left}\t{right}" for left, right in sorted(value.items()))

    def say(self, value: Any) -> str:
        return ", ".join(f"{left} → {right}" for left, right in sorted(value.items()))

    def options(self, place: Place) -> Mapping[str, str]:
        return {one: one for one in self.offered(place)} if self.offered else {}

    @staticmethod
    def rows(text: str, spare: int = 0) -> list[tuple[str, str]]:
        """The pairs of the text, and as many empty ones behind them."""
        pairs = [line.partition("\t") for line in text.split("\n") if line.strip()]
        return [(left.strip(), right.strip()) for left, _, right in pairs] + [("", "")] * spare

    def _right(self, right: str, place: Place) -> str:
        trouble = self.check(right) if self.check else ""
        if trouble:
            raise Wrong(trouble)
        return str(Kind.read(self, right, place))


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of an account's policy, as people meet it: on the page, on the command line, in the log.

    `label` names it in the log too. `option` is its name on the command line, where that is not its field's.
    `is_offered` says where it can be honoured; elsewhere it is not shown. `is_first` puts it on the form of a new
    account; `needs` is said where it is left empty later.
    """

    name: str
    label: str
    help: str
    kind: Kind
    option: str = ""
    default: str = ""
    is_offered: Callable[[Place], bool] = lambda place: True
    is_first: bool = False
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together; `note` says what holds without being chosen."""

    id: str
    title: str
    settings: tuple[Setting, ...]
    note: Callable[[Place], str] = lambda place: ""
