"""A worker rehearses once before it forks; nothing of that is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from jobs.rehearsal import rehearse
from tests.house import House
from webapp.models import Base, db


def _rows(house: House) -> dict[str, int]:
    with house.app.app_context():
        return {
            name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }


def test_a_rehearsal_leaves_nothing_behind_and_rings_no_bell(house: House, caplog: pytest.LogCaptureFixture) -> None:
    before = _rows(house)
    rehearse(house.app)
    assert caplog.messages == [], "it goes the whole way"
    assert _rows(house) == before
    po = house.place()
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_rehearsal_leaves_nothing_behind_on_postgresql(postgres_house: House) -> None:
    before = _rows(postgres_house)
    rehearse(postgres_house.app)
    assert _rows(postgres_house) == before
