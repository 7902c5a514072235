"""One address, two faces: the whole page for a browser, one block of the same template for htmx."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import current_app, make_response, redirect, render_template, request, url_for
from flask_htmx import HTMX
from werkzeug.wrappers import Response

htmx = HTMX()
P = ParamSpec("P")


def page(template: str, block: str = "", **context: Any) -> Response:
    """The page, or only its `block` where htmx asked for it; Back in the browser always gets the whole page."""
    if block and wants_fragment():
        return make_response(fragment(template, block, **context))
    return make_response(render_template(template, **context))


def wants_fragment() -> bool:
    """Htmx asks, and not in order to restore a page from its history."""
    return bool(htmx) and not htmx.history_restore_request


def part_of(endpoint: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """For what htmx fetches into a page by itself: anybody else is led to that page, which takes the same arguments."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def led(*args: P.args, **kwargs: P.kwargs) -> Response:
            if wants_fragment():
                return view(*args, **kwargs)
            return redirect(url_for(endpoint, **(request.view_args or {})), 303)

        return led

    return decorate


def fragment(template: str, block: str, **context: Any) -> str:
    """One block of a template, by itself."""
    current_app.update_template_context(context)
    found = current_app.jinja_env.get_template(template)
    return "".join(found.blocks[block](found.new_context(context)))
