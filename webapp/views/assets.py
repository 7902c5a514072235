"""The static files: read once, served from memory, packed, and kept for ever by whoever asked with their digest."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Response, abort, current_app, g, request
from markupsafe import Markup, escape
from rjsmin import jsmin

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
_STYLES = "orderbridge_styles"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes out."""

    body: bytes
    packed: bytes
    digest: str
    type: str


def serve(filename: str) -> Response:
    """A static file; for ever when the address carries its digest, else to be asked for again."""
    asset = _all().get(filename)
    if asset is None:
        abort(404)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(asset.packed if takes_gzip else asset.body, content_type=asset.type)
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == asset.digest else ASK_AGAIN
    response.set_etag(asset.digest + ("-gz" if takes_gzip else ""))
    response.make_conditional(request)
    return response


def address(filename: str) -> str:
    """Where a static file is found, with its digest."""
    return f"/static/{filename}?v={_all()[filename].digest}"


def stylesheet(filename: str) -> Markup:
    """The link to a stylesheet; `told_ahead` names it in the answer's head too."""
    g.setdefault(_STYLES, []).append(address(filename))
    return Markup(f'<link rel="stylesheet" href="{escape(address(filename))}">')


def told_ahead(response: Response) -> Response:
    """Let a browser fetch the page's stylesheets before it has read the page: nothing is painted without them."""
    if styles := g.pop(_STYLES, ()):
        response.headers["Link"] = ", ".join(f"<{each}>; rel=preload; as=style" for each in styles)
    return response


@lru_cache(maxsize=64)
def icon(name: str) -> Markup:
    """A picture of the sprite, for the eye only: words stand beside it."""
    return Markup(
        f'<svg class="i" aria-hidden="true"><use href="{escape(address("sprite.svg"))}#{escape(name)}"/></svg>'
    )


def _all() -> dict[str, Asset]:
    return _read(str(current_app.static_folder))


@lru_cache(maxsize=2)
def _read(folder: str) -> dict[str, Asset]:
    root = Path(folder)
    return {
        str(path.relative_to(root)): _asset(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in _TYPES
    }


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    if path.suffix == ".js" and ".min." not in path.name:
        body = jsmin(body)
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:12], kind)
