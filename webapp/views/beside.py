"""A mistake that stands beside its field after a redirect, in a form that is a part of a page built from its address.

The field's id is the flash's category, and the address that follows names no part of the page: with one, a browser
leaves the focus alone. What a page with the field asks for is told once; fragments are renewed by
themselves, perhaps in another tab, and leave it to the page. A page without the field says it at its top.
"""

from __future__ import annotations

from flask import flash, get_flashed_messages

from webapp.views.render import wants_fragment

PREFIX, OPEN = "at:", "open:"


def tell(field: str, sentence: str) -> None:
    """Say at this field, on the page that comes next, what is wrong with it."""
    flash(sentence, f"{PREFIX}{field}")


def wrong_at(field: str) -> str:
    """What is wrong with this field; empty where nothing is."""
    if wants_fragment():
        return ""
    return " ".join(str(one) for one in get_flashed_messages(category_filter=[f"{PREFIX}{field}"]))


def leave_open(menu: str, button: str) -> None:
    """Have this menu open on the page that comes next, with the button that was pressed in focus."""
    flash(button, f"{OPEN}{menu}")


def left_open(menu: str) -> str:
    """The button that was pressed in a menu that is to be open again; empty where it is not."""
    pressed = [] if wants_fragment() else get_flashed_messages(category_filter=[f"{OPEN}{menu}"])
    return str(pressed[-1]) if pressed else ""


def are_told() -> bool:
    """Some field of this page says what is wrong with it."""
    if wants_fragment():
        return False
    told: list[tuple[str, str]] = list(get_flashed_messages(with_categories=True))  # type: ignore[arg-type]
    return any(kind.startswith(PREFIX) for kind, _ in told)


def told_above(content: str) -> list[tuple[str, str]]:
    """What stands above this content, kind and sentence: all flashes but the mistakes that it says at their fields."""
    flashes: list[tuple[str, str]] = list(get_flashed_messages(with_categories=True))  # type: ignore[arg-type]
    return [
        ("bad" if kind.startswith(PREFIX) else kind, sentence)
        for kind, sentence in flashes
        if not kind.startswith(OPEN)
        and not (kind.startswith(PREFIX) and f'id="m-{kind.removeprefix(PREFIX)}"' in content)
    ]
