"""Signs that turn the direction of the text after them do nothing on a page, wherever they came from.

They are taken out of pages that are drawn, not out of what is stored, and never out of a form's values: these come back
as they are. Arabic and Hebrew need none of them, since each text on a page has a direction of its own.
"""

from __future__ import annotations

import re

from flask import Response

from webapp.domain.turning import MARKS, SHOWN, TURNING

_MARKS = tuple(mark.encode() for mark in MARKS)
_TURNING = tuple(sign.encode() for sign in TURNING)
_SIGN = re.compile(b"|".join((*_MARKS, *_TURNING)))
_TAG = re.compile(rb"<[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*+>")
_TOLD = re.compile(rb"\s(?:title|alt|placeholder|aria-[a-z]+)=\"[^\"]*\Z")


def settled(response: Response) -> Response:
    """The page, with no sign in what it says that turns text: a mark is left out, any other is seen as one sign."""
    if response.mimetype == "text/html" and not response.is_streamed and _SIGN.search(response.data):
        response.data = _SIGN.sub(_said, response.data)
    return response


def _said(found: re.Match[bytes]) -> bytes:
    # Texts and attributes are escaped: the last < before the sign begins the tag that is around or before it.
    page, at = found.string, found.start()
    tag = _TAG.match(page, page.rfind(b"<", 0, at))
    is_inside = tag is not None and at < tag.end()
    if tag and (not _TOLD.search(page, tag.start(), at) if is_inside else tag[0].startswith(b"<textarea")):
        return found[0]
    return b"" if found[0] in _MARKS else SHOWN.encode()
