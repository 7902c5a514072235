"""A mistake that stands beside its field after a redirect, in a form that is a part of a page built from its address.

The field's id is the flash's category, and the address that follows names no part of the page: with one, a browser
leaves the focus alone. What a page with the field asks for is told once; fragments are renewed by
themselves, perhaps in another tab, and leave it to the page.
"""

from __future__ import annotations

from flask import flash, get_flashed_messages

from webapp.views.render import wants_fragment

PREFIX = "at:"
"""What `base.html` leaves to the fields."""
SAY_WHY = "Say why it is given up; the reason stays in the order's log."


def tell(field: str, sentence: str) -> None:
    """Say at this field, on the page that comes next, what is wrong with it."""
    flash(sentence, f"{PREFIX}{field}")


def wrong_at(field: str) -> str:
    """What is wrong with this field; empty where nothing is."""
    if wants_fragment():
        return ""
    return " ".join(str(one) for one in get_flashed_messages(category_filter=[f"{PREFIX}{field}"]))
