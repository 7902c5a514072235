"""The application factory: the only place that wires things together."""

from __future__ import annotations

from functools import cache

from flask import Flask

from webapp import cli, database, queue, vault
from webapp.settings import CHECKOUT, Settings, from_environment
from webapp.views import register

LARGEST_FORM = 200 * 1024


@cache
def application() -> Flask:
    """This process's one application, its settings from the environment. A fork finds the one that its parent made."""
    return create_app()


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application; settings come from the environment where none are given."""
    settings = settings or from_environment()
    app = Flask(
        "webapp", template_folder=str(CHECKOUT / "templates"), static_folder=str(CHECKOUT / "webapp" / "static")
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(settings.database_url),
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=5_000,
    )
    app.extensions["orderbridge_settings"] = settings
    app.extensions["orderbridge_keyring"] = vault.keyring(settings.encryption_keys)
    database.attach(app)
    queue.use(settings.redis_url)
    register(app, settings)
    cli.register(app)
    return app
