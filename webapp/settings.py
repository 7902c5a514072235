"""Settings from the environment: one frozen dataclass, each field with its default and its sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app

from webapp.connectors.mail import MailServer, check_sender

CHECKOUT = Path(__file__).resolve().parent.parent

ADDRESS = "address"


class SettingsError(Exception):
    """The environment cannot be used as it stands; the message says which variable to change and how."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ between two installations."""

    data_dir: Path
    """`DATA_DIR`: where the database, the keys and the logs live (`./var`)."""
    database_url: str
    """`DATABASE_URL`: SQLite in the data folder, or `postgresql+psycopg://…`."""
    redis_url: str
    """`REDIS_URL`: the doorbell; the embedded Valkey's socket in the data folder where it is not given."""
    secret_key: str
    """`SECRET_KEY`: signs the session cookie; made once into the data folder where it is not given."""
    encryption_keys: tuple[str, ...]
    """`ENCRYPTION_KEYS`: Fernet keys, newest first, that encrypt secrets at rest; made once like the above."""
    public_url: str
    """`PUBLIC_URL`: the address others reach this server at; with https cookies are Secure and HSTS is sent."""
    allowed_hosts_out: frozenset[str]
    """`ALLOWED_HOSTS_OUT`: `host:port,…` that may be private or plain http although typed into the pages."""
    metrics_token: str
    """`METRICS_TOKEN`: lets `/metrics` be read from elsewhere than loopback."""
    drain_threads: int
    """`DRAIN_THREADS`: how many orders one worker process works on side by side (16)."""
    buyer_data_days: int = 30
    """`BUYER_DATA_DAYS`: so many days after an order is finished its buyer's data is erased (30)."""
    webhook_body_days: int = 30
    """`WEBHOOK_BODY_DAYS`: so many days the body of a webhook is kept (30)."""
    log_days: int = 90
    """`LOG_DAYS`: so many days what belongs to no order is kept (90); an order's log is kept as long as the order."""
    smtp_url: str = field(default="", repr=False)
    """`SMTP_URL`: the mail server that alerts go out by, `smtps://user:password@host:465`; without it none do."""
    mail_from: str = ""
    """`MAIL_FROM`: the sender of those e-mails; where it is not given, the user of `SMTP_URL` if that is an e-mail
    address, else orderbridge at its host."""

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def address(self) -> str:
        """Where this server is reached: `PUBLIC_URL`, else where script/server last listened."""
        noted = self.data_dir / ADDRESS
        return self.public_url or (noted.read_text().strip() if noted.exists() else "http://127.0.0.1:8000")

    @property
    def mail_server(self) -> MailServer | None:
        """By which e-mail goes out; None where none is set."""
        return MailServer.from_url(self.smtp_url, self.mail_from) if self.smtp_url else None

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError with a sentence that names the variable to change."""
    data_dir = Path(environ.get("DATA_DIR") or CHECKOUT / "var").absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    return Settings(
        data_dir=data_dir,
        database_url=_database_url(environ.get("DATABASE_URL", ""), data_dir),
        redis_url=environ.get("REDIS_URL") or f"unix://{data_dir / 'redis.sock'}",
        secret_key=_key(environ, data_dir, "SECRET_KEY"),
        encryption_keys=tuple(_key(environ, data_dir, "ENCRYPTION_KEYS").split(",")),
        public_url=environ.get("PUBLIC_URL", "").rstrip("/"),
        allowed_hosts_out=frozenset(filter(None, environ.get("ALLOWED_HOSTS_OUT", "").split(","))),
        metrics_token=environ.get("METRICS_TOKEN", ""),
        drain_threads=_number(environ, "DRAIN_THREADS", 16),
        buyer_data_days=_number(environ, "BUYER_DATA_DAYS", 30),
        webhook_body_days=_number(environ, "WEBHOOK_BODY_DAYS", 30),
        log_days=_number(environ, "LOG_DAYS", 90),
        smtp_url=_mail_server(environ),
        mail_from=_mail_from(environ),
    )


def current() -> Settings:
    """The settings of the running application. Needs an application context."""
    settings: Settings = current_app.extensions["orderbridge_settings"]
    return settings


def note_address(environ: Mapping[str, str] = os.environ) -> None:
    """Keep where script/server listens, so that the command line prints addresses that work."""
    host, port = environ.get("HOST") or "127.0.0.1", environ.get("PORT") or "8000"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    (current().data_dir / ADDRESS).write_text(f"http://{host}:{port}\n")


def _database_url(given: str, data_dir: Path) -> str:
    if not given:
        return f"sqlite:///{data_dir / 'orderbridge.db'}"
    for scheme in ("postgres://", "postgresql://"):
        if given.startswith(scheme):
            return "postgresql+psycopg://" + given.removeprefix(scheme)
    if not given.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError(
            f"DATABASE_URL begins with “{given.partition(':')[0][:20]}”; give postgresql://USER:PASSWORD@HOST/NAME, "
            "or leave it out for SQLite in the data folder."
        )
    return given


def _key(environ: Mapping[str, str], data_dir: Path, name: str) -> str:
    given = environ.get(name, "")
    if given:
        return given
    path = data_dir / name
    if not path.exists():
        raise SettingsError(
            f"{name} is not set and {path} does not exist. Start script/server once with this data folder, "
            f"or set {name} in the environment."
        )
    return path.read_text().strip()


def _mail_server(environ: Mapping[str, str]) -> str:
    url = environ.get("SMTP_URL", "")
    try:
        if url:
            MailServer.from_url(url, "")
    except ValueError as error:
        raise SettingsError(f"SMTP_URL cannot be used. {error}") from None
    return url


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    given = environ.get(name, "")
    if not given:
        return default
    if not given.isdecimal() or int(given) < 1:
        raise SettingsError(f"{name} is “{given}”; give a whole number above 0, or leave it out for {default}.")
    return int(given)


def _mail_from(environ: Mapping[str, str]) -> str:
    sender = environ.get("MAIL_FROM", "").strip()
    try:
        if sender:
            check_sender(sender)
    except ValueError as error:
        raise SettingsError(f"MAIL_FROM cannot be used. {error}") from None
    return sender
