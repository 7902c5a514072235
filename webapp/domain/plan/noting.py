"""Notes that people want copied to Magento: only a person asks for them, and only a person gives them up."""

from __future__ import annotations

from webapp.domain.command_words import DOING
from webapp.domain.commands import CopyNote, Issued, issued_of
from webapp.domain.plan.seen import Plan, under_way


def note(issued: tuple[Issued, ...]) -> Plan:
    """Those that are on their way stay wanted."""
    before = tuple(one for one in issued_of(CopyNote, issued) if one.is_under_way and one.command)
    if not before:
        return Plan()
    commands = tuple(one.command for one in before if one.command)
    return Plan(commands, (under_way(DOING["CopyNote"], before),))
