"""A worker rehearses once before it forks; nothing of that is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from jobs.rehearsal import rehearse, warm_up
from tests.house import House
from webapp.models import Base, db


def _rows(house: House) -> dict[str, int]:
    with house.app.app_context():
        return {
            name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }


@pytest.mark.parametrize("for_all", [False, True])
def test_a_rehearsal_leaves_nothing_behind_and_rings_no_bell(
    house: House, caplog: pytest.LogCaptureFixture, for_all: bool
) -> None:
    before = _rows(house)
    rehearse(house.app, for_all=for_all)
    assert caplog.messages == [], "it goes the whole way"
    assert not house.app.extensions.get("orderbridge_senders")
    assert _rows(house) == before
    po = house.place()
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_a_rehearsal_leaves_nothing_behind_on_postgresql(postgres_house: House) -> None:
    before = _rows(postgres_house)
    rehearse(postgres_house.app)
    assert _rows(postgres_house) == before


def test_a_drain_on_postgresql_gets_ready_without_a_write(postgres_house: House) -> None:
    """The walk would hold rows that others wait for."""
    warm_up(postgres_house.app)
    with postgres_house.app.app_context():
        numbers = db.session.execute(text("select last_value from stores_id_seq")).scalar_one()
        assert numbers == db.session.execute(text("select max(id) from stores")).scalar_one()
