"""Rows of the grid as HTML, which is most of a page's work: what was drawn lately is not drawn again."""

from __future__ import annotations

from functools import lru_cache

from flask import current_app
from jinja2 import Template
from markupsafe import Markup

from webapp.views.showing import Row

KEPT = 1_000
"""Twenty pages of fifty; about 3 kB each."""


def drawn(row: Row, columns: tuple[str, ...], may_act: bool, in_list: str, *, oob: bool = False) -> Markup:
    """The row as it stands in the table; `in_list` goes behind the order's address, `oob` has htmx put it in place.

    It depends on nothing else, so a row that says the same as a while ago is the same HTML, down to its minutes.
    """
    return _drawn(current_app.jinja_env.get_template("orders/_row.html"), row, columns, may_act, in_list, oob)


@lru_cache(maxsize=KEPT)
def _drawn(template: Template, row: Row, columns: tuple[str, ...], may_act: bool, in_list: str, oob: bool) -> Markup:
    return Markup(template.render(row=row, columns=columns, may_act=may_act, in_list=in_list, oob=oob))
