"""The form of a Walmart account: what stands in its fields, whatever it is filled from, and never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo

from webapp import accounts
from webapp.account_changes import ACKNOWLEDGE_WORDS
from webapp.account_entry import MARKETS
from webapp.accounts import Account
from webapp.domain.policy import Policy

SWITCHES = ("acknowledge_guard", "create_orders", "create_wfs_orders", "invoice")
TEXTS = (
    "name",
    "store",
    "marketplace",
    "api_url",
    "client_id",
    "seller_id",
    "acknowledge",
    "acknowledge_guard_before",
    "import_since",
    "number_prefix",
    "wfs_number_prefix",
)
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Form:
    """The fields with what stands in them, and a sentence for each mistake."""

    values: Mapping[str, str]
    on: frozenset[str]
    mistakes: Mapping[str, str] = field(default_factory=dict)

    @property
    def markets(self) -> Mapping[str, str]:
        return MARKETS

    @property
    def stores(self) -> list[str]:
        return [store.name for store in accounts.stores() if not store.is_demo or store.name == self.values["store"]]

    @property
    def whens(self) -> dict[str, str]:
        return {when.value: words for when, words in ACKNOWLEDGE_WORDS.items()}


def empty() -> Form:
    """A new account, with the defaults."""
    real = [store.name for store in accounts.stores() if not store.is_demo]
    texts = {"name": "", "store": real[0] if len(real) == 1 else "", "marketplace": "us"}
    return _form({**texts, "api_url": accounts.API_URL, "client_id": "", "seller_id": ""}, Policy())


def of_account(account: Account) -> Form:
    """What is stored."""
    texts = {
        "name": account.name,
        "store": account.store.name,
        "marketplace": account.marketplace,
        "api_url": account.connection.api_url,
        "client_id": account.connection.client_id,
        "seller_id": account.seller_id,
    }
    return _form(texts, account.policy, account.store.zone)


def as_sent(sent: Mapping[str, str], mistakes: Mapping[str, str]) -> Form:
    """What somebody typed, to be typed on; the secret has to be typed again."""
    values = {name: sent.get(name, "")[:LONGEST] for name in TEXTS}
    return Form(values, frozenset(name for name in SWITCHES if sent.get(name)), mistakes)


def _form(texts: Mapping[str, str], policy: Policy, zone: tzinfo = UTC) -> Form:
    since = policy.import_since.astimezone(zone) if policy.import_since else None
    values = {
        **texts,
        "acknowledge": policy.acknowledge.value,
        "acknowledge_guard_before": f"{policy.acknowledge_guard_before / timedelta(minutes=1):g}",
        "import_since": f"{since:%Y-%m-%d}" if since else "",
        "number_prefix": policy.number_prefix,
        "wfs_number_prefix": policy.wfs_number_prefix,
    }
    return Form(values, frozenset(name for name in SWITCHES if getattr(policy, name)))
