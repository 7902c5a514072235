"""What the words mean: on one page, and beside each word of the list."""

from __future__ import annotations

from functools import cache

from flask import Blueprint, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from webapp.domain.help import MARKS, REASONS, STATUSES, UNDER_WAY
from webapp.views.render import page

bp = Blueprint("glossary", __name__)


@bp.get("/help")
def index() -> AnyResponse:
    """Statuses, the marks beside them, and reasons to wait."""
    groups = (("Statuses", STATUSES), ("Marks and lists", MARKS), ("Why an order waits", (UNDER_WAY, *REASONS)))
    return page("help.html", groups=groups)


@cache
def helps() -> Markup:
    """The same explanations as popovers, `help-` and the word's slug: any button may open one, without a script."""
    return Markup(render_template("orders/_helps.html", helps=(*STATUSES, *MARKS, UNDER_WAY, *REASONS)))
