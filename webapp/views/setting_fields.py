"""Order settings as form fields: what stands in each, what may be chosen, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp import order_settings
from webapp.domain.creation_settings import FIRST_PREFIX, number_sample
from webapp.domain.policy import Policy
from webapp.order_settings.kinds import SPARE_ROWS, Group, Pairs, Place, Setting

SAMPLED = {"number_prefix": True, "wfs_number_prefix": False}
"""The fields that stand beside a sample of the number they make; True for what the seller ships."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting in a form."""

    name: str
    label: str
    help: str
    default: str
    widget: str
    value: str
    mistake: str
    options: Mapping[str, str]
    rows: tuple[tuple[str, str], ...] = ()
    heads: tuple[str, str] = ("", "")
    hints: tuple[str, ...] = ()
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A group of them, and what holds without being chosen."""

    id: str
    title: str
    note: str
    fields: tuple[Field, ...]


def sections(
    values: Mapping[str, str], mistakes: Mapping[str, str], place: Place, *, only_first: bool = False
) -> list[Section]:
    """The form's sections; those without a field or a note are left out."""
    shown = [one.name for one in order_settings.offered(place, only_first=only_first)]
    found = [
        _section(group, [one for one in group.settings if one.name in shown], values, mistakes, place, only_first)
        for group in order_settings.GROUPS
    ]
    return [section for section in found if section.fields or (section.note and not only_first)]


def sample(prefix: str, place: Place, *, by_seller: bool) -> str:
    """What an order's number will look like with this prefix, as it is being typed."""
    policy = Policy(number_prefix=prefix) if by_seller else Policy(wfs_number_prefix=prefix)
    return number_sample(policy, place.mode, by_seller=by_seller)


def _section(
    group: Group,
    settings: list[Setting],
    values: Mapping[str, str],
    mistakes: Mapping[str, str],
    place: Place,
    only_first: bool,
) -> Section:
    # Of a new account an empty prefix becomes the first one that is free.
    first = FIRST_PREFIX if only_first else ""
    fields = tuple(
        _field(one, values.get(one.name, ""), mistakes.get(one.name, ""), place, values, first) for one in settings
    )
    return Section(group.id, group.title, "" if only_first else group.note(place), fields)


def _field(setting: Setting, value: str, mistake: str, place: Place, values: Mapping[str, str], first: str) -> Field:
    kind = setting.kind
    is_table = isinstance(kind, Pairs)
    by_seller = SAMPLED.get(setting.name)
    prefix = value or (first if by_seller else values.get("number_prefix", ""))
    return Field(
        name=setting.name,
        label=setting.label,
        help=setting.help,
        default=order_settings.default_of(setting),
        widget=kind.widget,
        value=value,
        mistake=mistake,
        options=_with_kept(kind.options(place), value, is_table),
        rows=tuple(kind.rows(value, SPARE_ROWS)) if isinstance(kind, Pairs) else (),
        heads=(kind.left, kind.right) if isinstance(kind, Pairs) else ("", ""),
        hints=getattr(kind, "hints", ()),
        sample="" if by_seller is None else sample(prefix, place, by_seller=by_seller),
    )


def _with_kept(options: Mapping[str, str], value: str, is_table: bool) -> Mapping[str, str]:
    """What is stored stays choosable on sight, also where the shop does not have it any more."""
    if not options or is_table or value in options:
        return options
    return {**options, value: f"{value} (not found in the shop)"}
