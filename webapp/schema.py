"""The database's schema and its steps under `migrations/`.

The command line alone loads this: Alembic takes 4 MB and more, and no service needs it.
"""

from __future__ import annotations

import flask_migrate
from flask import Flask

from webapp.models import db
from webapp.settings import CHECKOUT


def attach(app: Flask) -> None:
    """Tie the steps to an application, for `flask db` and for `upgrade`."""
    flask_migrate.Migrate(app, db, directory=str(CHECKOUT / "migrations"))


def upgrade() -> None:
    """Take every step that is missing. Needs the context of an application to which the steps are tied."""
    flask_migrate.upgrade()
