"""A moment of a house and both its neighbours that a test can come back to, as often as it likes and within
milliseconds: what leads up to it is done once, however many ways it is left from there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House, build
from webapp import clock
from webapp.models import db


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is stored on the three sides, and how far the clock was moved. On SQLite only."""

    database: sqlite3.Connection
    walmart: bytes
    magento: bytes
    ahead: timedelta
    effects: int

    @classmethod
    def of(cls, house: House) -> Moment:
        copied = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(_file(house)) as database:
            database.backup(copied)
        database.close()
        walmart, magento = house.walmart.seller.documents.copy(), house.magento.shop.documents.copy()
        return cls(copied, walmart, magento, clock.now() - datetime.now(UTC), len(_ledgers(house)))

    def come_back(self, house: House) -> None:
        """Faults are off, and old reads show nothing that was done since."""
        house.walmart.clear_faults()
        house.magento.clear_faults()
        house.walmart.seller.documents.bring_back(self.walmart)
        house.magento.shop.documents.bring_back(self.magento)
        with house.app.app_context():
            db.session.remove()
            db.engine.dispose()
        database = sqlite3.connect(_file(house))
        database.execute("PRAGMA synchronous = OFF")
        self.database.backup(database)
        database.close()
        clock.reset()
        clock.move(self.ahead)

    def since(self, house: House) -> list[dict[str, Any]]:
        """The effects of both sides since then."""
        return _ledgers(house)[self.effects :]


@contextmanager
def a_house(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    """A house for a whole module, whose account has chosen a reason for cancelling; with it go its moments."""
    folder: Path = tmp_path_factory.mktemp("house")
    redis.Redis(unix_socket_path=valkey.removeprefix("unix://")).flushall()
    with WalmartSandbox() as walmart, MagentoSandbox() as magento:
        walmart.settings(limit_scale=100)
        with build(folder, f"sqlite:///{folder / 'test.db'}", valkey, walmart, magento) as built:
            built.set_policy(cancel_reason="SELLER_CANCEL_PRICING_ERROR")
            yield built


def _ledgers(house: House) -> list[dict[str, Any]]:
    return sorted(house.walmart.ledger.entries() + house.magento.ledger.entries(), key=lambda one: str(one["at"]))


def _file(house: House) -> str:
    url: str = house.app.extensions["orderbridge_settings"].database_url
    return url.removeprefix("sqlite:///")
