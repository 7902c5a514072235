"""What a buyer types never runs in somebody's spreadsheet."""

from __future__ import annotations

import pytest

from webapp.domain.spreadsheet import cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "  =cmd|' /C calc'!A0",
    ],
)
def test_what_a_program_may_run_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Maria Gonzalez", "2802", "a=b", "x@shop.example", "  two blanks", "№ -1"])
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert cell(text) == text
