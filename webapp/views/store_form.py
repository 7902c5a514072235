"""The form of a Magento store: what stands in its fields, whatever it is filled from, and never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp import shop_choices
from webapp.accounts import Store
from webapp.store_changes import told
from webapp.store_test import Found

TEXTS = ("name", "url", "admin_url", "way", "store_view", "mode", "like")
LONGEST = 300


@dataclass(frozen=True, slots=True)
class StoreForm:
    """The fields with what stands in them, and a sentence for each mistake; `views` by their codes, once known."""

    values: Mapping[str, str]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)


def empty(like: Store | None = None) -> StoreForm:
    """A new store; with `like` another store view of that one's shop."""
    values = dict.fromkeys(TEXTS, "") | {"way": "oauth", "mode": "direct"}
    if like is None:
        return StoreForm(values)
    connection = like.connection
    values |= {"url": connection.url, "way": connection.way_in, "admin_url": like.admin_url, "like": like.key}
    return StoreForm(values, {}, known_views(like))


def of_store(store: Store) -> StoreForm:
    """What is stored."""
    return StoreForm(told(store), {}, known_views(store))


def as_sent(
    sent: Mapping[str, str], mistakes: Mapping[str, str], found: Found | None = None, of: Store | None = None
) -> StoreForm:
    """What somebody typed, to be typed on; secrets have to be typed again."""
    values = {name: sent.get(name, "")[:LONGEST] for name in TEXTS}
    return StoreForm(values, mistakes, views_of(found) or (known_views(of) if of else {}))


def known_views(store: Store) -> Mapping[str, str]:
    """The store views that the last test of the shop found."""
    known = shop_choices.found_in(store.id)
    return views_of(known[0]) if known else {}


def views_of(found: Found | None) -> Mapping[str, str]:
    """By code, each with its name, website and currency."""
    return (
        {view.code: " · ".join(filter(None, (view.name, view.website, view.currency))) for view in found.views}
        if found
        else {}
    )
