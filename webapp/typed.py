"""What people type into a form: read and checked, every mistake said at its field; nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from webapp.settings import current

LONGEST = 200


class Mistakes(Exception):
    """What was typed cannot be used: a sentence for each field."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__(" ".join(by_field.values()))
        self.by_field = dict(by_field)


@dataclass(slots=True)
class Reader:
    """A form being read; mistakes are collected, so that all of them are said at once."""

    form: Mapping[str, str]
    mistakes: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, missing: str = "") -> str:
        """A short text without blanks around it; `missing` is what is said where it is empty."""
        value = self.form.get(name, "").strip()
        if not value and missing:
            self.mistakes[name] = missing
        if len(value) > LONGEST or not value.isprintable():
            self.mistakes[name] = f"At most {LONGEST} ordinary characters."
            return ""
        return value

    def end(self) -> None:
        """Raise Mistakes where there were any."""
        if self.mistakes:
            raise Mistakes(self.mistakes)


@dataclass(frozen=True, slots=True)
class Address:
    """Where calls go; `public_only` where it was typed into a page: then it must lead to the open internet."""

    url: str
    public_only: bool


def address(reader: Reader, name: str, kept: Address | None, *, example: str, default: str = "") -> Address:
    """The address that was typed: https and public, unless this server's settings name its host.

    What is stored already keeps its standing. `example` is shown to whoever typed something else.
    """
    url = (reader.text(name) or default).rstrip("/")
    if kept and url == kept.url:
        return kept
    trouble = url_trouble(url, example)
    is_allowed = not trouble and host_of(url) in current().allowed_hosts_out
    if not trouble and not is_allowed and not url.startswith("https://"):
        trouble = (
            "The address must begin with https://. Another one has to be named in ALLOWED_HOSTS_OUT by whoever runs "
            "this server, or given on the command line."
        )
    if trouble:
        reader.mistakes.setdefault(name, trouble)
    return Address(url, public_only=not is_allowed)


def url_trouble(url: str, example: str) -> str:
    """What is wrong with the form of an address; empty where nothing is. Private ones and http pass here."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return f"That is no address. {example}"
    if parts.scheme not in {"http", "https"} or not host:
        return f"The address begins with https:// and a host. {example}"
    if parts.username is not None or parts.query or parts.fragment:
        return "Give the address alone, without a user name, a question mark or a #."
    return ""


def host_of(url: str) -> str:
    """`host:port`, as ALLOWED_HOSTS_OUT names it."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    except ValueError:
        return ""
