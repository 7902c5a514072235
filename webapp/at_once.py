"""What a person asked for, said on the order at once: until its next turn it would say what it waited for before."""

from __future__ import annotations

from collections.abc import Callable

from webapp.domain.command_words import is_doing
from webapp.models import OrderRow


def say(row: OrderRow, sentence: str, is_over: Callable[[str], bool]) -> None:
    """Say what the next turn will, in place of all that `is_over` now; what is done now stands before what waits."""
    waits = [str(one) for one in row.waiting_for if not is_over(str(one))]
    row.waiting_for = list(dict.fromkeys([sentence, *waits] if is_doing(sentence) else [*waits, sentence]))
    if row.attention and is_over(row.attention):
        row.attention = None
