"""The way into a shop's REST API: the address, the proof, JSON both ways, and searches page by page."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from webapp.connectors.access_tokens import TokenSource
from webapp.connectors.http import Answer, Call, Caller, ConnectorError, Judge
from webapp.connectors.loose import Object, Unreadable, document, many, whole
from webapp.connectors.magento_admin import AdminUser, OwnToken
from webapp.connectors.magento_errors import judge
from webapp.connectors.magento_oauth import OAuthKeys, authorization
from webapp.connectors.magento_search import PAGE_SIZE, Filter, query
from webapp.domain.commands import Side

T = TypeVar("T")

MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class MagentoStore:
    """Where a shop is and what opens it. `url` is the shop's base address, without `/rest`.

    One of three ways in: `token`, an integration's, is sent as Bearer; with `oauth` each call is signed, which needs no
    setting in the shop; with `admin` a token is fetched and sent as Bearer.
    """

    url: str
    token: str = field(default="", repr=False)
    store_view: str = "default"
    public_only: bool = False
    oauth: OAuthKeys | None = None
    admin: AdminUser | None = None

    @property
    def way_in(self) -> str:
        """`oauth`, `admin` or `token`."""
        return "oauth" if self.oauth else "admin" if self.admin else "token"


class Door:
    """Sends calls to one store view. Raises ConnectorError with Magento's own sentence.

    `tokens` are the admin user's, shared by those who have the store in common; without it the door fetches its own.
    """

    def __init__(self, caller: Caller, store: MagentoStore, tokens: TokenSource | None = None) -> None:
        self._caller = caller
        self._store = store
        self._tokens = tokens
        if store.admin is not None and tokens is None:
            self._tokens = OwnToken(caller, store.url, store.admin, public_only=store.public_only)

    def search(
        self,
        path: str,
        groups: Sequence[Sequence[Filter]],
        fields: str,
        parse: Callable[[Any], T],
        *,
        most_pages: int = MOST_PAGES,
        sort: str = "",
    ) -> Iterator[T]:
        """Every entry that meets all groups, page after page; by the field `sort`, lowest first, where given."""
        for page in range(1, most_pages + 1):
            answer = self.send("GET", f"{path}?{query(groups, fields, page=page, sort=sort)}")
            entries, total = read(answer, lambda body: _page(body, parse))
            yield from entries
            if not entries or page * PAGE_SIZE >= total:
                return

    def first(
        self, path: str, groups: Sequence[Sequence[Filter]], fields: str, parse: Callable[[Any], T], at_most: int
    ) -> list[T]:
        """The first few entries that meet all groups, in one call."""
        answer = self.send("GET", f"{path}?{query(groups, fields, page_size=at_most)}")
        return read(answer, lambda body: _page(body, parse))[0]

    def send(
        self, method: str, path: str, *, body: Any = None, content: bytes | None = None, judge: Judge = judge
    ) -> Answer:
        """One call below `/rest/<store view>/V1/`, with `body` as JSON or `content` as it is.

        An admin user's token that Magento rejects is renewed once: a refused call has not acted.
        """
        if body is not None:
            content = json.dumps(body, default=_plain_number, allow_nan=False).encode()
        if self._tokens is None or self._store.admin is None:
            return self._caller.send(self._call(method, path, content, ""), judge)
        token = self._tokens.get()
        try:
            return self._caller.send(self._call(method, path, content, token), judge)
        except ConnectorError as error:
            if error.status != 401:
                raise
            other = self._tokens.renew(token)
            if not other:
                raise
        return self._caller.send(self._call(method, path, content, other), judge)

    def _call(self, method: str, path: str, content: bytes | None, token: str) -> Call:
        store = self._store
        view = f"{quote(store.store_view, safe='')}/" if store.store_view else ""
        url = f"{store.url.rstrip('/')}/rest/{view}V1/{path}"
        shown = token or store.token.strip()
        proof = authorization(store.oauth, method, url) if store.oauth else f"Bearer {shown}"
        headers = {"Authorization": proof, "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        return Call(
            side=Side.MAGENTO,
            method=method,
            url=url,
            headers=headers,
            body=content,
            correlation_id=str(uuid.uuid4()),
            secrets=(shown, *((store.oauth.token,) if store.oauth else ())),
            public_only=store.public_only,
        )


def read(answer: Answer, parse: Callable[[Any], T]) -> T:
    """What the answer says. Raises ConnectorError where it makes no sense."""
    try:
        return parse(document(answer.body))
    except Unreadable as error:
        raise ConnectorError(
            f"Magento's answer could not be read: {error}.",
            side=Side.MAGENTO,
            status=answer.status,
            code="unreadable",
            doubtful=answer.call.acts,
        ) from error


def objects(body: Any) -> list[Any]:
    """The answer, which has to be a list."""
    if not isinstance(body, list):
        raise Unreadable("the answer is no list")
    return body


def thing(entry: Any) -> Object:
    """The answer, which has to be an object."""
    if not isinstance(entry, dict):
        raise Unreadable("the answer is no object")
    return entry


def number(entry: Object, key: str) -> int:
    """A whole number that must be there."""
    found = whole(entry, key)
    if found is None:
        raise Unreadable(f"{key} is missing")
    return found


def bare_id(body: Any) -> str:
    """The answer, which has to be an id, bare or in quotes."""
    if isinstance(body, bool) or not isinstance(body, str | int) or not str(body).strip():
        raise Unreadable("the answer is no id")
    return str(body).strip()


def _plain_number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _page(body: Any, parse: Callable[[Any], T]) -> tuple[list[T], int]:
    if not isinstance(body, dict) or "items" not in body:
        raise Unreadable("items is missing")
    entries = [parse(entry) for entry in many(body, "items")]
    total = whole(body, "total_count")
    return entries, len(entries) if total is None else total
