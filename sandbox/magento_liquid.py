"""The small part of the Liquid template language that webhook bodies are written in."""

import html
import re
from typing import Any

TOKEN = re.compile(r"\{\{\s*(?P<value>.+?)\s*\}\}|\{%\s*(?P<tag>.+?)\s*%\}", re.DOTALL)
LOOP = re.compile(r"for\s+(\w+)\s+in\s+(\S+)")

Scope = dict[str, Any]


def render(template: str, item: Scope) -> str:
    """The template with `item` in it: `{{ item.x.y | escape }}`, for loops, `unless forloop.last`.

    There is no JSON filter: a quote in a value breaks a JSON body, as it does in the real module.
    """
    text, rest = _render(template, {"item": item}, end=None)
    return text + rest


def _render(template: str, scope: Scope, end: str | None) -> tuple[str, str]:
    """The rendered text up to the closing tag, and what comes after it."""
    out: list[str] = []
    while found := TOKEN.search(template):
        out.append(template[: found.start()])
        template = template[found.end() :]
        tag = found["tag"]
        if found["value"]:
            out.append(_value(found["value"], scope))
        elif tag == end:
            return "".join(out), template
        elif loop := LOOP.fullmatch(tag):
            text, template = _loop(template, scope, loop[1], loop[2])
            out.append(text)
        elif tag.startswith("unless "):
            text, template = _render(template, scope, "endunless")
            out.append("" if _look_up(tag[7:].strip(), scope) else text)
    return "".join(out), template


def _loop(template: str, scope: Scope, name: str, path: str) -> tuple[str, str]:
    rows = _look_up(path, scope) or []
    out: list[str] = []
    for place, row in enumerate(rows):
        inner = scope | {name: row, "forloop": {"last": place == len(rows) - 1}}
        out.append(_render(template, inner, "endfor")[0])
    _, rest = _render(template, scope, "endfor")
    return "".join(out), rest


def _value(expression: str, scope: Scope) -> str:
    path, *filters = (part.strip() for part in expression.split("|"))
    value = _look_up(path, scope)
    text = "" if value is None else str(value)
    return html.escape(text) if "escape" in filters else text


def _look_up(path: str, scope: Scope) -> Any:
    value: Any = scope
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
