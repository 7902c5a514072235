"""Magento's `searchCriteria` and `fields`: which documents a list call gives, and how much of each."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from sandbox.magento_errors import MagentoError, required

Document = dict[str, Any]
PART = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Filter:
    field: str
    value: str = ""
    condition: str = "eq"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a list call asks for: groups are joined by AND, the filters of a group by OR."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    sorts: tuple[tuple[str, str], ...] = ()
    page_size: int | None = None
    page: int | None = None

    @property
    def fields(self) -> set[str]:
        """Every field that is filtered or sorted by."""
        return {f.field for group in self.groups for f in group} | {name for name, _ in self.sorts}


@dataclass(slots=True)
class _Node:
    value: str = ""
    under: dict[str, "_Node"] = field(default_factory=dict)

    def at(self, *names: str) -> "_Node | None":
        return next((self.under[name] for name in names if name in self.under), None)

    def text(self, *names: str) -> str | None:
        node = self.at(*names)
        return None if node is None else node.value

    def listed(self, *names: str) -> list["_Node"]:
        node = self.at(*names)
        return [] if node is None else list(node.under.values())


def pairs(query: str) -> list[tuple[str, str]]:
    """The decoded name and value pairs of a query string."""
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def parse(query: str) -> Criteria:
    """The criteria of a list call; without any `searchCriteria` 400 (observed on 2.4.7-p3)."""
    root, seen = _Node(), False
    for name, value in pairs(query):
        head = name.split("[", 1)[0]
        if head not in ("searchCriteria", "search_criteria"):
            continue
        seen, node = True, root
        for part in PART.findall(name):
            node = node.under.setdefault(part, _Node())
        node.value = value
    if not seen:
        raise required("searchCriteria")
    groups = (_group(node) for node in root.listed("filter_groups", "filterGroups"))
    return Criteria(
        groups=tuple(group for group in groups if group),
        sorts=tuple(_sort(node) for node in root.listed("sortOrders", "sort_orders")),
        page_size=_count(root.text("pageSize", "page_size")),
        page=_count(root.text("currentPage", "current_page")),
    )


def _group(node: _Node) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            one.text("field") or "",
            one.text("value") or "",
            one.text("condition_type", "conditionType") or "eq",
        )
        for one in node.listed("filters")
    )


def _sort(node: _Node) -> tuple[str, str]:
    direction = (node.text("direction") or "ASC").upper()
    if direction not in ("ASC", "DESC"):
        raise MagentoError(400, "Sort order direction must be ASC or DESC.")
    return node.text("field") or "", direction


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and int(text) > 0 else None


def echo(criteria: Criteria) -> Document:
    """The criteria as Magento repeats them in a list answer."""
    told: Document = {
        "filter_groups": [
            {"filters": [{"field": f.field, "value": f.value, "condition_type": f.condition} for f in group]}
            for group in criteria.groups
        ]
    }
    if criteria.sorts:
        told["sort_orders"] = [{"field": name, "direction": way} for name, way in criteria.sorts]
    if criteria.page_size:
        told["page_size"] = criteria.page_size
    if criteria.page:
        told["current_page"] = criteria.page
    return told


def select(documents: Iterable[Document], criteria: Criteria) -> list[Document]:
    """The matching documents in the wanted order, all pages of them."""
    found = [
        document
        for document in documents
        if all(any(matches(document, one) for one in group) for group in criteria.groups)
    ]
    for name, way in reversed(criteria.sorts):
        found.sort(key=lambda document: _sort_key(document.get(name)), reverse=way == "DESC")
    return found


def page_of(found: list[Document], criteria: Criteria) -> list[Document]:
    """One page of the found documents; a page past the last is empty (observed on 2.4.7-p3)."""
    if not criteria.page_size:
        return found
    start = ((criteria.page or 1) - 1) * criteria.page_size
    return found[start : start + criteria.page_size]


def _sort_key(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, int | float) else (1, 0.0, str(value).casefold())


def matches(document: Document, one: Filter) -> bool:
    """Whether the document passes one filter; an unknown condition lets nothing pass."""
    return CONDITIONS.get(one.condition, _never)(document.get(one.field), one.value)


def _never(value: Any, wanted: str) -> bool:
    return False


def _comparable(value: Any, wanted: str) -> tuple[Any, Any]:
    """Both sides as a database with a case-insensitive collation compares them."""
    if isinstance(value, int | float):
        try:
            return float(value), float(wanted or 0)
        except ValueError:
            return float(value), 0.0
    return str(value).casefold().rstrip(), _moment(wanted).casefold().rstrip()


def _moment(text: str) -> str:
    """An ISO time as the column holds it; other texts unchanged."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)?", text)
    return f"{found[1]} {found[2]}" if found else text


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, str], bool]:
    def compared(value: Any, wanted: str) -> bool:
        return value is not None and test(*_comparable(value, wanted))

    return compared


def _among(value: Any, wanted: str) -> bool:
    texts, numbers = _listed(wanted)
    if isinstance(value, int | float):
        return float(value) in numbers
    return value is not None and str(value).casefold().rstrip() in texts


@lru_cache(64)
def _listed(wanted: str) -> tuple[frozenset[str], frozenset[float]]:
    """A comma list as the texts and as the numbers it may be compared with."""
    parts = [_comparable("", part)[1] for part in wanted.split(",")]
    return frozenset(parts), frozenset(_comparable(0, part)[1] for part in parts)


def _like(value: Any, wanted: str) -> bool:
    return value is not None and _pattern(wanted).fullmatch(str(value)) is not None


@lru_cache(64)
def _pattern(wanted: str) -> re.Pattern[str]:
    translated = "".join({"%": ".*", "_": "."}.get(sign) or re.escape(sign) for sign in wanted)
    return re.compile(translated, re.IGNORECASE | re.DOTALL)


_equal = _compare(lambda a, b: a == b)

CONDITIONS: dict[str, Callable[[Any, str], bool]] = {
    "eq": _equal,
    "seq": _equal,
    "neq": _compare(lambda a, b: a != b),
    "in": _among,
    "nin": lambda value, wanted: value is not None and not _among(value, wanted),
    "like": _like,
    "nlike": lambda value, wanted: value is not None and not _like(value, wanted),
    "gt": _compare(lambda a, b: a > b),
    "gteq": _compare(lambda a, b: a >= b),
    "moreq": _compare(lambda a, b: a >= b),
    "from": _compare(lambda a, b: a >= b),
    "lt": _compare(lambda a, b: a < b),
    "lteq": _compare(lambda a, b: a <= b),
    "to": _compare(lambda a, b: a <= b),
    "null": lambda value, wanted: value is None,
    "notnull": lambda value, wanted: value is not None,
    "finset": lambda value, wanted: value is not None and wanted in str(value).split(","),
}


@dataclass(frozen=True, slots=True)
class Fields:
    """A parsed `fields` value: the wanted names, each with what is wanted under it."""

    names: dict[str, "Fields | None"]

    def trim(self, value: Any) -> Any:
        """The value with only the wanted names; an empty list becomes null (observed on 2.4.7-p3)."""
        if isinstance(value, list):
            return [self.trim(one) for one in value] or None
        if not isinstance(value, dict):
            return value
        return {
            name: value[name] if under is None else under.trim(value[name])
            for name, under in self.names.items()
            if name in value
        }


def parse_fields(text: str) -> Fields | None:
    """What `fields=items[entity_id,items[sku,qty]],total_count` asks for; None when nothing readable."""
    names, rest = _parse_names(text)
    return Fields(names) if names and not rest else None


def _parse_names(text: str) -> tuple[dict[str, Fields | None], str]:
    names: dict[str, Fields | None] = {}
    while text:
        found = re.match(r"\s*([A-Za-z0-9_]+)\s*", text)
        if not found:
            break
        name, text = found[1], text[found.end() :]
        under: Fields | None = None
        if text.startswith("["):
            inner, text = _parse_names(text[1:])
            if not text.startswith("]"):
                return {}, text
            under, text = Fields(inner), text[1:]
        names[name] = under
        if not text.startswith(","):
            break
        text = text[1:]
    return names, text
