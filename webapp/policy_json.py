"""An account's policy as it is stored: only what differs from the defaults."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from webapp.domain.policy import Policy


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """Only what differs from the defaults, so that a better default reaches those who never chose."""
    default = Policy()
    kept = {}
    for each in fields(Policy):
        value = getattr(policy, each.name)
        if value != getattr(default, each.name) and each.name != "number_prefix":
            kept[each.name] = _plain(value)
    return kept


def policy_from_json(kept: dict[str, Any], *, number_prefix: str) -> Policy:
    """The inverse of `policy_to_json`; names that this version does not know are left out."""
    default = Policy()
    known = {each.name for each in fields(Policy)}
    chosen = {name: _typed(getattr(default, name), value) for name, value in kept.items() if name in known}
    if kept.get("import_since"):
        chosen["import_since"] = datetime.fromisoformat(kept["import_since"])
    if kept.get("auto_cancel_after") is not None:
        chosen["auto_cancel_after"] = timedelta(seconds=kept["auto_cancel_after"])
    for name in ("canceled_limit", "late_limit", "hold_above"):
        if kept.get(name) is not None:
            chosen[name] = Decimal(kept[name])
    return Policy(**{**chosen, "number_prefix": number_prefix})


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(default: Any, value: Any) -> Any:
    if isinstance(default, timedelta):
        return timedelta(seconds=value)
    return type(default)(value) if isinstance(default, StrEnum) else value
