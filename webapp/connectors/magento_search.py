"""Magento's search criteria as a query string: values side by side, few enough and short enough for every server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

# Ten filters or more of one group change the order in which Magento sorts an OAuth signature's parameters.
MOST_SINGLE = 8
MOST_VALUES = 100
LONGEST_VALUES = 3000
PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one field; the value as Magento wants it, not yet escaped."""

    field: str
    value: str
    condition: str = "in"


def any_of(field: str, values: Iterable[str]) -> tuple[Filter, ...]:
    """Filters that together mean "the field has one of these values": `in` takes a comma list, so a value with a
    comma in it stands alone."""
    plain, single = _parted(values)
    listed = (Filter(field, ",".join(plain)),) if plain else ()
    return listed + tuple(Filter(field, value, "eq") for value in single)


def batches(values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The values, each once and without empty ones, in parts that fit into one address."""
    batch: list[str] = []
    length = single = 0
    for value in dict.fromkeys(filter(None, values)):
        size, is_single = len(_escaped(value)) + 3, "," in value
        if batch and (length + size > LONGEST_VALUES or len(batch) >= MOST_VALUES or single + is_single > MOST_SINGLE):
            yield tuple(batch)
            batch, length, single = [], 0, 0
        batch.append(value)
        length, single = length + size, single + is_single
    if batch:
        yield tuple(batch)


def query(
    groups: Sequence[Sequence[Filter]], fields: str, *, page: int = 1, page_size: int = PAGE_SIZE, sort: str = ""
) -> str:
    """The query string. Groups are all met, of a group's filters one; blanks are %20, which OAuth needs.

    With `sort`, a field, entries come lowest first, those of one value by their ids, so that pages do not overlap.
    """
    pairs: list[tuple[str, str]] = []
    for g, group in enumerate(groups):
        for f, one in enumerate(group):
            start = f"searchCriteria[filter_groups][{g}][filters][{f}]"
            pairs += [(f"{start}[field]", one.field), (f"{start}[value]", one.value)]
            pairs += [(f"{start}[condition_type]", one.condition)]
    for at, name in enumerate((sort, "entity_id") if sort else ()):
        start = f"searchCriteria[sortOrders][{at}]"
        pairs += [(f"{start}[field]", name), (f"{start}[direction]", "ASC")]
    pairs += [("searchCriteria[pageSize]", str(page_size)), ("searchCriteria[currentPage]", str(page))]
    pairs += [("fields", fields)]
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in pairs)


def _parted(values: Iterable[str]) -> tuple[list[str], list[str]]:
    plain: list[str] = []
    single: list[str] = []
    for value in values:
        (single if "," in value else plain).append(value)
    return plain, single


def _escaped(value: str) -> str:
    return quote(value, safe="")
