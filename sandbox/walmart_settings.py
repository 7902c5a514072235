"""How the Walmart stand-in behaves where Walmart's own behaviour differs, is unknown, or is slow."""

from typing import Any, Literal

import msgspec

from sandbox.documents import Documents

KIND = "settings"


class BadSetting(ValueError):
    """An unknown setting or a value of the wrong kind; the text says which."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switches of `POST /_control/settings`, each with Walmart's usual behaviour as its default."""

    token_ttl: float = 900
    bad_credentials_status: Literal[400, 401, 403] = 401
    expired_token_status: Literal[400, 401] = 401
    limits: dict[str, float] = {}
    limit_scale: float = 1
    bursts: dict[str, float] = {}
    empty_list_as_404: bool = True
    explicit_nulls: bool = False
    strict_acknowledge: bool = True
    cancel_created: bool = True
    partial_multi_line: bool = False
    tracking_update_hours: float = 4
    latency: float = 0
    deliveries_on: bool = True
    delivery_timeout: float = 3
    retry_scale: float = 1
    drop: float = 0
    duplicate: float = 0
    shuffle: float = 0
    hmac_encoding: Literal["hex", "HEX", "base64"] = "hex"
    basic_word: bool = True
    duplicate_subscriptions: Literal["allow", "refuse"] = "allow"


class SettingsBox:
    """The settings in force, kept in the documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        documents.cached(self._load)

    def _load(self) -> None:
        kept = self._documents.get(KIND, "walmart") or {}
        known = {name: value for name, value in kept.items() if name in Settings.__struct_fields__}
        self.now = msgspec.convert(known, Settings)

    def update(self, changes: dict[str, Any]) -> Settings:
        """Change some settings; texts that look like numbers or truth values are taken as such."""
        with self._documents.lock:
            merged = msgspec.to_builtins(self.now) | changes
            try:
                self.now = msgspec.convert(merged, Settings, strict=False)
            except msgspec.ValidationError as error:
                raise BadSetting(str(error)) from None
            self._documents.put(KIND, "walmart", msgspec.to_builtins(self.now))
            return self.now
