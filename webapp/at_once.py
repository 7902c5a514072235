"""What a person asked for, said on the order at once: until its next turn it would say what it waited for before."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from webapp.domain.command_words import is_doing
from webapp.domain.commands import Issued, refused_of
from webapp.models import OrderRow


def say(row: OrderRow, sentence: str, is_over: Callable[[str], bool], others: Iterable[Issued]) -> None:
    """Say what the next turn will, in place of all that `is_over` now; what is done now stands before what waits.

    `others` are the order's commands that are not tried again now. Where what a person was asked for is over, the first
    of them that was refused is asked about next: the row keeps one question at a time.
    """
    waits = [str(one) for one in row.waiting_for if not is_over(str(one))]
    row.waiting_for = list(dict.fromkeys([sentence, *waits] if is_doing(sentence) else [*waits, sentence]))
    if row.attention and is_over(row.attention):
        row.attention = next((one.reason for one in refused_of(others)), None)
