"""The form of a Walmart account: what stands in its fields, whatever it is filled from, and never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp import accounts, order_settings
from webapp.account_changes import told
from webapp.account_entry import MARKETS, place_typed
from webapp.accounts import Account
from webapp.domain.policy import Policy
from webapp.order_settings.kinds import Place
from webapp.views import setting_fields
from webapp.views.setting_fields import Section

TEXTS = ("name", "store", "marketplace", "api_url", "client_id", "seller_id")
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Form:
    """The fields with what stands in them, and a sentence for each mistake; `sections` for a new account alone."""

    values: Mapping[str, str]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()

    @property
    def markets(self) -> Mapping[str, str]:
        return MARKETS

    @property
    def stores(self) -> list[str]:
        return [store.name for store in accounts.stores() if not store.is_demo or store.name == self.values["store"]]


def empty() -> Form:
    """A new account, with the defaults."""
    real = [store.name for store in accounts.stores() if not store.is_demo]
    texts = {"name": "", "store": real[0] if len(real) == 1 else "", "marketplace": "us"}
    place = Place()
    sections = _sections(order_settings.values(Policy(), place), {}, place)
    return Form({**texts, "api_url": accounts.API_URL, "client_id": "", "seller_id": ""}, {}, sections)


def of_account(account: Account) -> Form:
    """What is stored."""
    return Form(told(account))


def as_sent(sent: Mapping[str, str], mistakes: Mapping[str, str], *, is_new: bool) -> Form:
    """What somebody typed, to be typed on; the secret has to be typed again."""
    values = {name: sent.get(name, "")[:LONGEST] for name in TEXTS}
    sections = _sections(order_settings.as_typed(sent), mistakes, place_typed(sent)) if is_new else ()
    return Form(values, mistakes, sections)


def _sections(values: Mapping[str, str], mistakes: Mapping[str, str], place: Place) -> tuple[Section, ...]:
    return tuple(setting_fields.sections(values, mistakes, place, only_first=True))
