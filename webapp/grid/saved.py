"""Views with a name, own and shared, and searches that nobody else can open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import bindparam, delete, func, select

from webapp import clock, vault
from webapp.columns import NOW
from webapp.grid.wanted import ARGUMENTS
from webapp.models import SavedListRow, db
from webapp.people import Person, Refused
from webapp.unit_of_work import unit_of_work

SEARCH_LIVES = timedelta(hours=12)
MOST_SEARCHES = 40
MOST_VIEWS = 50
LONGEST_NAME = 60
LONGEST_TEXT = 200
NOT_YOURS = "That view is not yours, or was deleted."


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed into the search box, and into the filter by buyer."""

    text: str = ""
    buyer: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A list that somebody gave a name."""

    key: str
    name: str
    asks: Mapping[str, str]
    is_mine: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What one page needs of it."""

    views: tuple[View, ...]
    search: Search | None


_MINE = SavedListRow.user_id == bindparam("person")
_IS_VIEW = SavedListRow.expires_at.is_(None) & (_MINE | SavedListRow.is_shared)
_IS_SEARCH = (SavedListRow.key == bindparam("find")) & _MINE & (SavedListRow.expires_at > NOW)
_THEIRS = select(SavedListRow).where(_IS_VIEW | _IS_SEARCH).order_by(func.lower(SavedListRow.name), SavedListRow.id)


def load(person: Person, find: str) -> Saved:
    """The person's views, those of the team, and the search that `find` names; one statement."""
    asked = {"person": person.id, "find": find, "now": clock.now()}
    rows = db.session.execute(_THEIRS, asked).scalars().all()
    search = next((row for row in rows if row.expires_at is not None), None)
    views = tuple(
        View(row.key, row.name, row.asks, row.user_id == person.id, row.is_shared)
        for row in rows
        if row.expires_at is None
    )
    return Saved(views, Search(str(search.asks.get("text", "")), str(search.asks.get("buyer", ""))) if search else None)


def keep_search(person: Person, search: Search) -> str:
    """Keep what was typed for half a day; the key under which it is found. Older searches go."""
    key, now = vault.new_key(), clock.now()
    mine = SavedListRow.user_id == person.id, SavedListRow.expires_at.is_not(None)
    newest = select(SavedListRow.id).where(*mine).order_by(SavedListRow.id.desc()).limit(MOST_SEARCHES)
    with unit_of_work() as work:
        work.execute(delete(SavedListRow).where(SavedListRow.expires_at < now))
        work.execute(delete(SavedListRow).where(*mine, SavedListRow.id.not_in(newest.scalar_subquery())))
        asks = {"text": search.text[:LONGEST_TEXT], "buyer": search.buyer[:LONGEST_TEXT]}
        row = SavedListRow(key=key, user_id=person.id, asks=asks, made_at=now, expires_at=now + SEARCH_LIVES)
        work.add(row)
    return key


def save_view(person: Person, name: str, asks: Mapping[str, Any], *, is_shared: bool) -> str:
    """Give this list a name; one of the person's own with the same name is replaced. Raises Refused."""
    name = _checked(name)
    kept = {key: str(value) for key, value in asks.items() if key in ARGUMENTS - {"after", "before", "at", "find"}}
    mine = SavedListRow.user_id == person.id, SavedListRow.expires_at.is_(None)
    with unit_of_work() as work:
        work.execute(delete(SavedListRow).where(*mine, func.lower(SavedListRow.name) == name.lower()))
        if work.execute(select(func.count()).select_from(SavedListRow).where(*mine)).scalar_one() >= MOST_VIEWS:
            raise Refused(f"You have {MOST_VIEWS} views. Delete one first.")
        key = vault.new_key()
        row = SavedListRow(
            key=key, user_id=person.id, name=name, asks=kept, is_shared=is_shared, made_at=clock.now(), expires_at=None
        )
        work.add(row)
    return key


def change_view(person: Person, key: str, name: str, *, is_shared: bool) -> None:
    """Rename one of the person's own views, share it or keep it to oneself. Raises Refused."""
    mine = SavedListRow.user_id == person.id, SavedListRow.key == key, SavedListRow.expires_at.is_(None)
    with unit_of_work() as work:
        row = work.execute(select(SavedListRow).where(*mine).with_for_update()).scalar_one_or_none()
        if row is None:
            raise Refused(NOT_YOURS)
        row.name, row.is_shared = _checked(name), is_shared


def delete_view(person: Person, key: str) -> None:
    """Delete one of the person's own views. Raises Refused."""
    mine = SavedListRow.user_id == person.id, SavedListRow.key == key, SavedListRow.expires_at.is_(None)
    with unit_of_work() as work:
        if not work.changed(delete(SavedListRow).where(*mine)):
            raise Refused(NOT_YOURS)


def query_of(view: View) -> str:
    """The view as the arguments of an address."""
    return urlencode({**view.asks})


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("Give the view a name.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name has {LONGEST_NAME} characters at most.")
    return name
