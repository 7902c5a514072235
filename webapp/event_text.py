"""Values out of a webhook's body, taken leniently: whoever sent it may have put anything anywhere."""

from __future__ import annotations

import re
from typing import Any

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}\Z")


def first_values(document: Any) -> dict[str, Any]:
    """The first value of each scalar key anywhere in the document, outermost first."""
    found: dict[str, Any] = {}
    level: list[Any] = [document]
    while level:
        deeper: list[Any] = []
        for node in level:
            children = node.items() if isinstance(node, dict) else ((None, child) for child in node)
            for name, value in children:
                if isinstance(value, dict | list):
                    deeper.append(value)
                elif name is not None and value not in (None, ""):
                    found.setdefault(name, value)
        level = deeper
    return found


def identifier(value: Any) -> str | None:
    """The value where it can be an id of anything; None otherwise."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.match(text) else None


def word(value: Any) -> str:
    """What of the value may be shown as a name; empty where nothing may."""
    return re.sub(r"[^A-Za-z0-9_.\-]", "", value)[:64] if isinstance(value, str) else ""
