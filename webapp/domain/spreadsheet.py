"""Text for a cell of a spreadsheet, so that no program takes what a buyer typed for a formula."""

from __future__ import annotations

_BEGINS_A_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠")
"""What a spreadsheet program may take for the beginning of a formula or a command; full-width forms count too."""


def cell(text: str) -> str:
    """The text, with an apostrophe before it where a program could run it: also behind leading blanks."""
    return f"'{text}" if text.lstrip(" \u00a0\u3000")[:1] in _BEGINS_A_FORMULA and text.strip(" ") else text
