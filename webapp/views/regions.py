"""Parts of a page that are renewed one by one while somebody looks at it: only what is other is sent again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from webapp.views import beside

_TOKEN, _REQUEST = f"@{secrets.token_hex(12)}@", f"@{secrets.token_hex(12)}@"
"""Stand in a part while it is drawn for what is another one each time: the form token and the form's number."""


@dataclass(frozen=True, slots=True)
class Region:
    """One part, drawn. `version` is other whenever what it shows is."""

    name: str
    html: Markup
    version: str


def draw(folder: str, names: tuple[str, ...], context: Mapping[str, Any]) -> dict[str, Region]:
    """Each part from its template `folder/_name.html`. A mistake that stands in one does not make it another: it stays
    until the part itself is other, or somebody acts."""
    fixed = {**context, "csrf_token": lambda: _TOKEN, "request_id": lambda: _REQUEST}
    marks, unmarked = beside.are_told(), {**fixed, "wrong_at": lambda field: ""}
    token, number = generate_csrf(), request_id()
    drawn = {}
    for name in names:
        html = render_template(f"{folder}/_{name}.html", **fixed).strip()
        plain = render_template(f"{folder}/_{name}.html", **unmarked).strip() if marks else html
        version = hashlib.blake2s(plain.encode(), digest_size=6).hexdigest()
        drawn[name] = Region(name, Markup(html.replace(_TOKEN, token).replace(_REQUEST, number)), version)
    return drawn


def other(drawn: Mapping[str, Region], seen: str) -> list[Region]:
    """The parts that a browser, which tells `name.version,name.version,…`, does not show as they are now."""
    shown = dict(pair.split(".", 1) for pair in seen[:2000].split(",") if "." in pair)
    return [region for region in drawn.values() if shown.get(region.name) != region.version]


def request_id() -> str:
    """The number of a form: whatever is sent under it is done once, however often it is sent."""
    return secrets.token_urlsafe(12)
