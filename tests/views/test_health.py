"""How the server says that it is well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.conftest import built, settings_in
from tests.views.scene import draw
from webapp import clock
from webapp.models import CommandRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import pulse


def test_live_and_ready_need_nobody(app: Flask, stranger: FlaskClient) -> None:
    assert stranger.get("/health/live").json == {"status": "ok"}
    ready = stranger.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json == {"status": "degraded", "database": "ok", "redis": "down", "oldest_due_seconds": 0.0}


def test_ready_is_503_without_a_database(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path))
    with app.app_context():
        db.drop_all()
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] == "down"
    page = app.test_client().get("/orders")
    assert page.status_code == 303, "a stranger without a cookie needs no database"
    with app.app_context():
        db.engine.dispose()


def test_a_broken_database_still_gives_a_designed_page(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
    answer = admin.get("/orders")
    assert answer.status_code == 500
    assert "That went wrong on our side" in answer.text


@pytest.mark.parametrize(
    ("waited", "headline"), [(0, "Redis is down"), (45, "Redis is down"), (400, "Work has waited 6 min")]
)
def test_the_line_in_the_header_says_it_in_words(app: Flask, viewer: FlaskClient, waited: int, headline: str) -> None:
    with app.app_context():
        draw()
        with unit_of_work() as work:
            work.session.query(CommandRow).filter_by(state="queued").update(
                {"next_attempt_at": clock.now() - timedelta(seconds=waited)}
            )
    assert headline in viewer.get("/pulse").text


def test_when_all_is_well_the_last_order_is_named(
    app: Flask, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "redis_is_up", lambda: True)
    assert "no orders yet" in viewer.get("/pulse").text
    with app.app_context():
        draw()
    text = viewer.get("/pulse").text
    assert "<b>Live</b> · last order <time" in text


def test_metrics_are_for_this_machine_or_for_the_token(tmp_path: Path) -> None:
    app = built(settings_in(tmp_path, metrics_token="let me in"))
    with app.app_context():
        draw()
    client = app.test_client()
    text = client.get("/metrics").text
    assert 'orderbridge_commands{state="parked"} 1.0' in text
    assert "orderbridge_redis_up 0.0" in text
    assert "orderbridge_oldest_due_seconds" in text
    assert "2802123876439" not in text
    away = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_overrides=away).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    allowed = client.get("/metrics", environ_overrides=away, headers={"Authorization": "Bearer let me in"})
    assert allowed.status_code == 200
    assert client.get("/metrics", environ_overrides=away, headers={"Authorization": "Bearer "}).status_code == 403
    with app.app_context():
        db.engine.dispose()
