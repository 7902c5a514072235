"""Rows of the grid as HTML, which is most of a page's work: what was drawn lately is not drawn again."""

from __future__ import annotations

import secrets
import time
from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from jinja2 import Template
from markupsafe import Markup, escape

from webapp.views.showing import Row

KEPT = 200
"""Four pages of fifty, some kilobytes each."""
KEPT_SECONDS = 3600.0
"""After so long all are forgotten, since a buyer whose name stands in one may have been erased."""
_DRAWN = "orderbridge_drawn"
_LIST = f"?{secrets.token_hex(12)}"
"""Stands in what is kept for the list that a row is in, so that a row is the same in every list."""


class Drawn:
    """What one application has drawn lately."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._draw = lru_cache(maxsize=KEPT)(_draw)

    def row(self, row: Row, columns: tuple[str, ...], may_act: bool, oob: bool) -> str:
        if time.monotonic() - self._since > KEPT_SECONDS:
            self.forget()
        return self._draw(current_app.jinja_env.get_template("orders/_row.html"), row, columns, may_act, oob)

    def forget(self) -> None:
        self._since = time.monotonic()
        self._draw.cache_clear()


def attach(app: Flask) -> None:
    """Give the application its memory of rows, and its templates `drawn`."""
    app.extensions[_DRAWN] = Drawn()
    app.jinja_env.globals["drawn"] = drawn


def drawn(row: Row, columns: tuple[str, ...], may_act: bool, in_list: str, *, oob: bool = False) -> Markup:
    """The row as it stands in the table; `in_list` goes behind the order's address, `oob` has htmx put it in place.

    It depends on nothing else: a row that says the same as a while ago, down to its minutes, is the same HTML.
    """
    kept: Drawn = current_app.extensions[_DRAWN]
    html = kept.row(row, columns, may_act, oob)
    further = _LIST.replace("?", "&")
    for place, said in ((_LIST, in_list), (str(escape(further)), in_list.replace("?", "&"))):
        html = html.replace(place, str(escape(said)))
    return Markup(html)


def forget(app: Flask) -> None:
    """Draw every row anew from now on."""
    kept: Drawn = app.extensions[_DRAWN]
    kept.forget()


def _draw(page: Template, row: Row, columns: tuple[str, ...], may_act: bool, oob: bool) -> str:
    macros: Any = page.module
    return str(macros.line(row, columns, may_act, _LIST, oob))
