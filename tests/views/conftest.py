"""The application on a real SQLite file, with nobody at the other end of the doorbell, and people of each role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests import quick
from webapp import clock, people
from webapp.app import create_app
from webapp.models import UserRow, db
from webapp.settings import Settings
from webapp.unit_of_work import unit_of_work

PEOPLE = {"viewer": "alice@shop.example", "operator": "bob@shop.example", "admin": "carol@shop.example"}

SignIn = Callable[[str], FlaskClient]


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings of a server that lives in `folder`; its Redis is not there."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'test.db'}",
        "redis_url": f"unix://{folder / 'nobody.sock'}",
        "secret_key": "not a secret",
        "encryption_keys": (Fernet.generate_key().decode(),),
        "public_url": "",
        "allowed_hosts_out": frozenset(),
        "metrics_token": "",
        "drain_threads": 1,
    }
    return Settings(**values | changes)


@lru_cache
def _empty_tables() -> bytes:
    """The file of an SQLite database with all tables and nothing in them, made once."""
    with TemporaryDirectory() as folder:
        app = create_app(settings_in(Path(folder)))
        with app.app_context():
            db.create_all()
            db.session.remove()
            db.engine.dispose()
        return (Path(folder) / "test.db").read_bytes()


def built(settings: Settings) -> Flask:
    """An application with its tables."""
    if settings.is_sqlite:
        Path(settings.database_url.removeprefix("sqlite:///")).write_bytes(_empty_tables())
    app = create_app(settings)
    app.config["TESTING"] = False
    with app.app_context():
        quick.prepare(app, db.engine)
        if not settings.is_sqlite:
            db.create_all()
        with unit_of_work() as work:
            for role, email in PEOPLE.items():
                work.add(UserRow(email=email, role=role, created_at=clock.now()))
    return app


def signed_in(app: Flask, role: str) -> FlaskClient:
    """A browser in which the person of this role has used a sign-in link."""
    client = app.test_client()
    with app.app_context():
        path = people.issue_link(PEOPLE[role])
    assert client.get(path).status_code == 303
    return client


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement that runs inside the block."""
    run: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        run.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield run
    event.remove(engine, "before_cursor_execute", note)


def token_on(client: FlaskClient, path: str) -> str:
    """The CSRF token in the forms of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = built(settings_in(tmp_path))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return signed_in(app, "viewer")


@pytest.fixture
def operator(app: Flask) -> FlaskClient:
    return signed_in(app, "operator")


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return signed_in(app, "admin")
