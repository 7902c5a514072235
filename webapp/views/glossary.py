"""What the words mean, on one page."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp.domain.help import MARKS, REASONS, STATUSES, UNDER_WAY
from webapp.views.render import page

bp = Blueprint("glossary", __name__)


@bp.get("/help")
def index() -> AnyResponse:
    """Statuses, the marks beside them, and reasons to wait."""
    groups = (("Statuses", STATUSES), ("Marks beside them", MARKS), ("Why an order waits", (UNDER_WAY, *REASONS)))
    return page("help.html", groups=groups)
