"""Is everything alive? One look at the database and the doorbell, said in plain words on every page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import redis
from flask import url_for
from markupsafe import Markup

from webapp import queue, settings, troubles
from webapp.people import Role
from webapp.troubles import State, Trouble
from webapp.views import door, words

_PING_SECONDS = 0.3
_BELIEVED_SECONDS = 3.0
IN_HAND = "In hand are events that came in and commands that go out, of all accounts"
SHOWN = 3
"""So many troubles stand under the header, the worst first."""
_PLACES = {
    "account": (Role.ADMIN, "account_settings.show", "To the account"),
    "store": (Role.ADMIN, "store_settings.show", "To the store"),
    "accounts": (Role.OPERATOR, "settings.account_list", "To the accounts"),
}
"""Who may open the page that a trouble leads to."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One trouble as it stands under the header, with the way to where more is told."""

    trouble: Trouble
    url: str
    link: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """The line in the header, and what stands under it while something is wrong."""

    state: State
    lines: tuple[Shown, ...]
    more: int

    @property
    def tone(self) -> str:
        return self.state.tone if self.state.troubles else "warn" if self.state.pause else "ok"

    @property
    def headline(self) -> str:
        """The state in a few words, which the header has room for."""
        return (self.lines[0].trouble.short if self.lines else "") or self._full

    @property
    def _full(self) -> str:
        return self.lines[0].trouble.headline.rstrip(".") if self.lines else "Live"

    @property
    def names(self) -> str:
        """What is wrong, by name: it stays the same while that does."""
        return ",".join(sorted({one.name for one in _told(self.state)}))

    @property
    def details(self) -> tuple[Markup, ...]:
        """When the last order, webhook and poll came, and what is in hand; none while something is wrong.

        What matters most comes first: where the header is narrow, the last ones are left out. The same parts stand on
        every page at any load, so that nothing moves aside for another.
        """
        if self.lines:
            return ()
        state = self.state
        came = [_came("last order", state.last_order_at) or Markup("no orders yet")]
        came.append(Markup("{} in hand").format(state.waiting if state.waiting.number else "nothing"))
        came += [_came("webhook", state.last_webhook_at), _came("poll", state.last_poll_at)]
        return tuple(part for part in came if part)

    @property
    def whole(self) -> str:
        """All that the line says, however narrow it is."""
        parts = [self._full, *(part.striptags() for part in self.details)]
        return " · ".join(parts) + (f". {IN_HAND}{self._oldest}." if self.details else "")

    @property
    def _oldest(self) -> str:
        return f"; the oldest for {words.span(self.state.oldest_due)}" if self.state.waiting.number else ""


def take() -> Pulse:
    """One statement as a rule, and a ping whose answer is believed for a few seconds."""
    state = troubles.look(redis_is_up=redis_is_up())
    told = _told(state)
    lines = tuple(_shown(one) for one in told[:SHOWN])
    return Pulse(state, lines, len(told) - len(lines))


def redis_is_up() -> bool:
    """The doorbell answers; asked at most every few seconds, so that a dead one costs no page its time."""
    return _ping(int(time.monotonic() / _BELIEVED_SECONDS), settings.current().redis_url)


def _told(state: State) -> list[Trouble]:
    """What is wrong, and that all is paused: behind what is bad, before what passes by itself."""
    pause = [state.pause] if state.pause else []
    return sorted([*pause, *state.troubles], key=lambda one: one.tone != "bad")


def _shown(trouble: Trouble) -> Shown:
    person = door.current_person()
    if trouble.place in _PLACES and person is not None and person.may(_PLACES[trouble.place][0]):
        _, endpoint, link = _PLACES[trouble.place]
        return Shown(trouble, url_for(endpoint, key=trouble.key or None), link)
    if trouble.place == "polls":
        return Shown(trouble, url_for("polls.index"), "To the polls")
    return Shown(trouble, "", "")


def _came(what: str, at: datetime | None) -> Markup:
    return Markup("{} {}").format(what, words.ago(at)) if at else Markup("")


@lru_cache(maxsize=2)
def _ping(_moment: int, url: str) -> bool:
    try:
        return bool(_client(url).ping())
    except redis.RedisError:
        return False


@lru_cache(maxsize=2)
def _client(url: str) -> redis.Redis:
    if url.startswith("unix://"):
        return queue.connect(url)
    return redis.Redis.from_url(url, socket_timeout=_PING_SECONDS, socket_connect_timeout=_PING_SECONDS)
