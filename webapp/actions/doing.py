"""What an action is told for one order, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.outbox import Refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants it, what was chosen beside it, the number under which one order is acted on once, and the sentence of
    what would be done to it, as it was asked."""

    by: str
    request_id: str
    options: Mapping[str, str]
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What happens now, and the command that tells what comes of it, where one went out at once."""

    sentence: str
    command_id: int | None = None


class PassedOver(Refusal):
    """Nothing was asked of this order."""
