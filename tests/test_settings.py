"""What the environment may say, and what is said of it where it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.settings import SettingsError, from_environment

KEYS = {"SECRET_KEY": "s", "ENCRYPTION_KEYS": "k"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgresql://me:pass@db/shop", "postgresql+psycopg://me:pass@db/shop"),
        ("postgres://me:pass@db/shop", "postgresql+psycopg://me:pass@db/shop"),
        ("sqlite:////srv/here.db", "sqlite:////srv/here.db"),
    ],
)
def test_a_database_is_named_as_everywhere(tmp_path: Path, given: str, read: str) -> None:
    assert from_environment({"DATA_DIR": str(tmp_path), "DATABASE_URL": given, **KEYS}).database_url == read


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://me:pass@db/shop", "give postgresql://USER:PASSWORD@HOST/NAME"),
        ("DATABASE_URL", "shop.db", "DATABASE_URL begins with “shop.db”"),
        ("DRAIN_THREADS", "0", "give a whole number above 0"),
        ("MAIL_FROM", "My shop", "MAIL_FROM cannot be used. Write it like orders@shop.example"),
        ("MAIL_FROM", "a@shop.example, b@shop.example", "MAIL_FROM cannot be used."),
        ("MAIL_FROM", "a@shöp.example", "MAIL_FROM cannot be used."),
    ],
)
def test_what_cannot_be_used_is_named_with_what_to_give(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        from_environment({"DATA_DIR": str(tmp_path), name: value, **KEYS})
    assert said in str(raised.value)
    assert "pass" not in str(raised.value).replace("PASSWORD", "")
