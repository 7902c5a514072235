"""The first steps as they are shown: each with its check, and for admins the page where it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from webapp import onboarding
from webapp.onboarding import Place, Step
from webapp.people import Role
from webapp.views import door


@dataclass(frozen=True, slots=True)
class Shown:
    """A step with its link; `url` is empty for people who may not take it."""

    title: str
    is_done: bool
    said: str
    url: str
    is_needed: bool


def shown(only_open: bool = False) -> Sequence[Shown]:
    """All steps; with `only_open` none where nothing that orders need is missing."""
    found = onboarding.steps()
    if only_open and not onboarding.is_open(found):
        return ()
    may = door.me().may(Role.ADMIN)
    urls = [_url(one.place, one.key) if may and one.place else "" for one in found]
    return [_shown(one, url) for one, url in zip(found, urls, strict=True)]


def _shown(step: Step, url: str) -> Shown:
    return Shown(step.title, step.is_done, step.said, url, step.is_needed)


def _url(place: Place, key: str) -> str:
    match place:
        case Place.NEW_STORE:
            return url_for("store_settings.new")
        case Place.STORE:
            return url_for("store_settings.show", key=key)
        case Place.STOCK:
            return url_for("store_settings.show", key=key, _anchor="stock")
        case Place.NEW_ACCOUNT:
            return url_for("account_settings.new")
        case Place.ACCOUNT:
            return url_for("account_settings.show", key=key)
        case Place.ALERTS:
            return url_for("alerts.index")
