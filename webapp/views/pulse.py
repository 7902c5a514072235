"""Is everything alive? One look at the database and the doorbell, said in plain words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import redis
from markupsafe import Markup
from sqlalchemy import ScalarSelect, func, select, text, union_all

from webapp import clock, queue, settings
from webapp.models import CommandRow, EventRow, OrderRow, SyncRow, db
from webapp.views import words

BEHIND = timedelta(seconds=30)
STUCK = timedelta(minutes=5)
_PING_SECONDS = 0.3
_BELIEVED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known at this moment. `oldest_due` is how long the oldest piece of due work has waited."""

    redis_is_up: bool
    oldest_due: timedelta
    last_order_at: datetime | None

    @property
    def tone(self) -> str:
        if self.oldest_due > STUCK:
            return "bad"
        return "ok" if self.redis_is_up and self.oldest_due <= BEHIND else "warn"

    @property
    def headline(self) -> str:
        """The state in a word or two."""
        if self.oldest_due > STUCK:
            return f"Work has waited {words.span(self.oldest_due)}"
        if not self.redis_is_up:
            return "Redis is down"
        return "Live" if self.oldest_due <= BEHIND else f"Behind by {words.span(self.oldest_due)}"

    @property
    def detail(self) -> Markup:
        """What that means for the merchant."""
        if self.oldest_due > STUCK:
            return Markup("nothing is lost; check that the workers run")
        if not self.redis_is_up:
            return Markup("orders are still taken in; work goes on once it is back")
        if self.last_order_at is None:
            return Markup("no orders yet")
        return Markup("last order {}").format(words.ago(self.last_order_at))


def take() -> Pulse:
    """One statement, and a ping whose answer is believed for a few seconds."""
    row = db.session.execute(
        select(
            select(OrderRow.imported_at).order_by(OrderRow.id.desc()).limit(1).scalar_subquery().label("last_order_at"),
            _oldest_due().label("oldest"),
        )
    ).one()
    oldest: datetime | None = row.oldest
    waited = max(clock.now() - oldest, timedelta(0)) if oldest else timedelta(0)
    return Pulse(redis_is_up(), waited, row.last_order_at)


def redis_is_up() -> bool:
    """The doorbell answers; asked at most every few seconds, so that a dead one costs no page its time."""
    return _ping(int(time.monotonic() / _BELIEVED_SECONDS), settings.current().redis_url)


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


def _oldest_due() -> ScalarSelect[datetime]:
    """The conditions are written out, not bound: a partial index is only used for a condition it can be proved from."""
    commands = select(func.min(CommandRow.next_attempt_at).label("due")).where(text("state in ('queued', 'running')"))
    syncs = select(func.min(SyncRow.look_again_at).label("due")).where(text("look_again_at is not null"))
    first = select(EventRow.received_at).where(text("state = 'received'")).order_by(EventRow.id).limit(1).subquery()
    events = select(first.c.received_at.label("due"))
    both = union_all(commands, syncs, events).subquery()
    return select(func.min(both.c.due)).select_from(both).scalar_subquery()
