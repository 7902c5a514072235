"""Two people at one form: who saves second is shown both values at each field, and nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.account_changes import version

SENTENCE = (
    "Somebody changed these settings while you had them open, so nothing was saved. Where yours differ, what is stored "
    "by now stands at the field, and who changed it under Changes. Saving again stores what you typed."
)


def seen(sent: Mapping[str, str], stored: Mapping[str, str], status: int) -> str:
    """What the form on the page is made of: what somebody looked at, until they were shown both values."""
    return (sent.get("seen", "") if status != 409 else "") or version(stored)


def both(stored: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """What is said at each field whose stored value is another one than was typed, and over all of them."""
    differ = [name for name, value in stored.items() if typed.get(name, "") != value]
    return {"": SENTENCE} | {name: f"Stored by now: {stored[name] or 'empty'}." for name in differ}
