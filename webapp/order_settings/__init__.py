"""All order settings of an account, in one place: the page, the command line and the log of changes are made of it.

A new field of the policy is one entry, in `creating`, `in_magento` or `carrying`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from webapp.domain.creation_settings import mistakes
from webapp.domain.policy import Policy
from webapp.order_settings import carrying, creating, in_magento
from webapp.order_settings.kinds import Group, Place, Setting, Switch, Wrong
from webapp.typed import Mistakes

GROUPS: tuple[Group, ...] = (*creating.GROUPS, *in_magento.GROUPS, *carrying.GROUPS)


def all_settings() -> Iterator[Setting]:
    """Every setting, in the order of the page."""
    return (setting for group in GROUPS for setting in group.settings)


def offered(place: Place, *, only_first: bool = False) -> Iterator[Setting]:
    """Those that can be honoured there; `only_first` those that a new account is asked for."""
    return (one for one in all_settings() if one.is_offered(place) and (one.is_first or not only_first))


def read(form: Mapping[str, str], kept: Policy, place: Place, *, is_new: bool = False) -> Policy:
    """The policy that a form describes; what is not offered there stays as it is. Raises Mistakes."""
    chosen: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for setting in offered(place, only_first=is_new):
        typed = setting.kind.gather(form, setting.name)
        if not typed and setting.needs and not is_new:
            wrong[setting.name] = setting.needs
            continue
        try:
            value, old = setting.kind.read(typed, place), getattr(kept, setting.name)
            # A field may show less than is kept, as the day of a moment: what was left as it stood is no change.
            chosen[setting.name] = old if typed == setting.kind.show(old, place) else value
        except Wrong as problem:
            wrong[setting.name] = str(problem)
    wanted = replace(kept, **chosen)
    wrong |= {name: sentence for name, sentence in wrong_in(wanted, place).items() if name in chosen}
    if wrong:
        raise Mistakes(wrong)
    return wanted


def wrong_in(policy: Policy, place: Place) -> dict[str, str]:
    """A sentence for each setting that Magento or Walmart would not take, by its name."""
    return {**mistakes(policy, place.mode), **carrying.mistakes(policy, place)}


def values(policy: Policy, place: Place) -> dict[str, str]:
    """What stands in the fields for a policy."""
    return {one.name: one.kind.show(getattr(policy, one.name), place) for one in all_settings()}


def as_typed(form: Mapping[str, str]) -> dict[str, str]:
    """What stands in the fields of a form that was sent."""
    return {one.name: one.kind.gather(form, one.name) for one in all_settings()}


def option_of(setting: Setting) -> str:
    """Its name on the command line, without the dashes."""
    return setting.option or setting.name.replace("_", "-")


def default_of(setting: Setting) -> str:
    """The default in words."""
    value = getattr(Policy(), setting.name)
    if isinstance(setting.kind, Switch):
        return "on" if value else "off"
    return setting.default or setting.kind.say(value) or "empty"


def version(policy: Policy) -> str:
    """A short mark of what is stored, by which a form that was opened before somebody else's change is known."""
    said = [f"{one.name}={one.kind.say(getattr(policy, one.name))}" for one in all_settings()]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def differences(before: Policy, after: Policy) -> Iterator[tuple[str, str, str]]:
    """Label, old and new value of each setting that differs."""
    for one in all_settings():
        old, new = getattr(before, one.name), getattr(after, one.name)
        if old != new:
            yield one.label, one.kind.say(old), one.kind.say(new)
