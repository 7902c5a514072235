"""Looks at a shop without changing it: is it Magento, what does it run, and which rights do the credentials have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from webapp.connectors.http import Answer, Call, Caller, ConnectorError
from webapp.connectors.loose import Object, Unreadable, document, http_time, many, text, whole
from webapp.connectors.magento_door import Door, MagentoStore, objects, read, thing
from webapp.connectors.magento_errors import is_gone, judge, message_of
from webapp.domain.commands import Side

BROKEN = b"{"
"""A body that nothing can be made of. Magento checks the right first and then stops: 400 "Decoding error."."""
NO_ROUTE = "Request does not match any route."


@dataclass(frozen=True, slots=True)
class FoundView:
    """A store view as the shop describes it; `id` is the `store_id` of its orders."""

    id: int
    code: str
    name: str
    website_id: int
    website: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class FoundSource:
    """A source of the shop's stock."""

    code: str
    name: str
    is_enabled: bool


class Probe:
    """The calls of a test. Nothing is changed by them; a refusal is an answer like any other."""

    def __init__(self, caller: Caller, store: MagentoStore) -> None:
        self._caller = caller
        self._store = store
        self._door = Door(caller, store)

    def greet(self, store_view: str = "") -> Answer:
        """What the shop answers to anybody who asks for its currency. Raises ConnectorError without an answer."""
        view = f"{quote(store_view, safe='')}/" if store_view else ""
        return self._anonymous(f"rest/{view}V1/directory/currency")

    def version(self) -> str:
        """As far as the shop tells it: edition and minor version, such as `Magento/2.4 (Community)`; else empty."""
        answer = self._anonymous("magento_version")
        said = answer.text.strip()
        return said if answer.status == 200 and said.startswith("Magento/") and len(said) <= 60 else ""

    def ask(self, method: str, path: str) -> Answer:
        """One call with the credentials. What would act gets a body that cannot be read, and so cannot act."""
        return self._door.send(method, path, content=None if method == "GET" else BROKEN, judge=lambda _: None)

    def views(self) -> list[FoundView]:
        """The shop's store views without the admin's own. Raises ConnectorError."""
        websites = {whole(one, "id"): text(one, "name") for one in self._list("store/websites")}
        configs = {text(one, "code"): one for one in self._list("store/storeConfigs")}
        found = [_view(one, websites, configs) for one in self._list("store/storeViews")]
        return [view for view in found if view.id]

    def groups(self) -> dict[str, str]:
        """The names of the customer groups by their ids. Raises ConnectorError."""
        answer = self._door.send("GET", "customerGroups/search?searchCriteria=")
        entries = read(answer, lambda body: many(thing(body), "items"))
        return {str(whole(one, "id")): text(one, "code") for one in entries}

    def sources(self) -> list[FoundSource]:
        """The sources of the shop's stock. Raises ConnectorError."""
        answer = self._door.send("GET", "inventory/sources?searchCriteria=")
        entries = read(answer, lambda body: many(thing(body), "items"))
        return [
            FoundSource(text(one, "source_code"), text(one, "name"), one.get("enabled") not in (False, 0, "0"))
            for one in entries
        ]

    def _list(self, path: str) -> list[Object]:
        return read(self._door.send("GET", path), lambda body: [thing(one) for one in objects(body)])

    def _anonymous(self, path: str) -> Answer:
        call = Call(
            side=Side.MAGENTO,
            method="GET",
            url=f"{self._store.url.rstrip('/')}/{path}",
            headers={"Accept": "application/json, text/plain"},
            public_only=self._store.public_only,
        )
        return self._caller.send(call, lambda _: None)


def their_time(answer: Answer) -> datetime | None:
    """What the shop's clock showed."""
    return http_time(answer.headers.get("Date", ""))


def is_magentos(answer: Answer) -> bool:
    """The answer is one of Magento's REST API: a JSON object, and no plain page."""
    try:
        return isinstance(document(answer.body), dict)
    except Unreadable:
        return False


def error_of(answer: Answer) -> ConnectorError | None:
    """The answer as an error, as every other caller would get it."""
    return judge(answer)


def words_of(answer: Answer) -> str:
    """Magento's sentence, or a page's title."""
    return message_of(answer)


def lacks_right(answer: Answer) -> bool:
    """401 about %resources: the token does not count, or it lacks the right; Magento says the same for both."""
    if answer.status != 401:
        return False
    try:
        body: Any = document(answer.body)
    except Unreadable:
        return False
    return isinstance(body, dict) and "%resources" in text(body, "message")


def has_no_route(answer: Answer) -> bool:
    """Magento does not know the call: its module is switched off."""
    return answer.status == 404 and not is_gone(answer)


def _view(entry: Object, websites: Mapping[int | None, str], configs: Mapping[str, Object]) -> FoundView:
    code, website_id = text(entry, "code"), whole(entry, "website_id") or 0
    config = configs.get(code, {})
    return FoundView(
        id=whole(entry, "id") or 0,
        code=code,
        name=text(entry, "name"),
        website_id=website_id,
        website=websites.get(website_id, ""),
        currency=text(config, "base_currency_code"),
        time_zone=text(config, "timezone"),
    )
