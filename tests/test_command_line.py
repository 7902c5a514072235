"""What the command line says when its database is away or old: one sentence with the next step, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import settings_for
from webapp.app import create_app

COMMANDS = (
    ["accounts", "list", "--json"],
    ["alerts", "channels", "list"],
    ["accounts", "webhooks", "Seller"],
    ["accounts", "pause", "Seller"],
    ["orders", "list"],
    ["orders", "show", "1"],
    ["orders", "sync", "1"],
    ["poll"],
    ["sweep"],
    ["reimport", "Seller", "--from", "2026-11-01", "--to", "2026-11-02"],
    ["stores", "list"],
    ["demo", "remove"],
    ["users", "link", "a@shop.example"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///{folder}/nowhere/at-all.db", "The database cannot be used just now. Check DATABASE_URL"),
        ("sqlite:///{folder}/empty.db", "The database is older than this version. Bring it up to date: flask"),
        ("postgresql://nobody@127.0.0.1:9/none", "The database cannot be used just now. Check DATABASE_URL"),
    ],
    ids=["no file", "not migrated", "no server"],
)
def test_a_database_that_cannot_be_used_is_said_in_a_sentence(
    tmp_path: Path, words: list[str], url: str, sentence: str
) -> None:
    app = create_app(settings_for(tmp_path, url.format(folder=tmp_path), "unix:///nowhere"))
    result = app.test_cli_runner().invoke(args=words)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert result.output.startswith(sentence)
    assert len(result.output.splitlines()) == 1
