"""Tokens that end after a while: what a client is given, and where it gets another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and when it ends (aware UTC)."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenSource(Protocol):
    """Where a client gets its token from; shared by all workers of an account or store."""

    def get(self) -> str:
        """A token that is still good."""

    def renew(self, rejected: str) -> str:
        """Another token than the rejected one; empty where there is no sense in another."""
