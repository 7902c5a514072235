"""Magento's REST door: `/rest/{store|all}/V1/…`, from the raw request to a JSON answer or a refusal."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from flask import Request, Response

from sandbox.faults import Faults
from sandbox.magento_auth import ANONYMOUS, Gate
from sandbox.magento_errors import FATAL, FatalError, MagentoError, internal_error, wrong_type
from sandbox.magento_oauth import Signed
from sandbox.magento_search import Criteria, pairs, parse, parse_fields
from sandbox.magento_shapes import json_body
from sandbox.magento_shop import Shop
from sandbox.magento_stores import BY_CODE

log = logging.getLogger(__name__)

NO_ROUTE = "Request does not match any route."
BAD_STORE = "Specified request cannot be processed."
MAINTENANCE = """<!doctype html>
<html xmlns="http://www.w3.org/1999/xhtml" >
<head>
    <title>Error 503: Service Unavailable</title>
</head>
<body><h1>Service Temporarily Unavailable</h1>
<p>The server is temporarily unable to service your request due to maintenance downtime
or capacity problems. Please try again later.</p></body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in: where it goes, what it carries, and how old its reads must be."""

    shop: Shop
    gate: Gate
    store: str | None
    path: dict[str, str]
    query: str
    data: bytes
    content_type: str
    stale: float

    def body(self) -> dict[str, Any]:
        """The JSON object of the request."""
        return json_body(self.data, self.content_type)

    def criteria(self) -> Criteria:
        """The `searchCriteria` of the request; mandatory."""
        return parse(self.query)

    def id(self, name: str = "id") -> int:
        """A number in the path."""
        text = self.path[name]
        if not text.isdigit():
            raise wrong_type(name, text, "int")
        return int(text)


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as `orders/:id/cancel`, the right it needs, and what answers it."""

    method: str
    path: str
    resource: str
    handler: Handler
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r":([a-zA-Z]+)", r"(?P<\1>[^/]+)", self.path)
        object.__setattr__(self, "pattern", re.compile(pattern))


class Door:
    """Answers every call below `/rest/`, in the order a real shop checks things."""

    def __init__(self, shop: Shop, gate: Gate, faults: Faults, routes: tuple[Route, ...]) -> None:
        self._shop, self._gate, self._faults, self._routes = shop, gate, faults, routes

    def answer(self, request: Request) -> Response:
        """The response to a call, refusals and breakdowns included."""
        if self._shop.settings.maintenance:
            return Response(MAINTENANCE, 503, content_type="text/html; charset=UTF-8")
        try:
            return _json(self._run(request), 200)
        except MagentoError as error:
            return _json(error.body(), error.status)
        except FatalError:
            return Response(FATAL, 500, content_type="text/plain; charset=UTF-8")
        except Exception:
            log.exception("the stand-in shop broke")
            return _json(internal_error().body(), 500)

    def _run(self, request: Request) -> Any:
        raw = str(request.environ.get("RAW_URI") or request.full_path)
        target, _, query = raw.partition("?")
        store, rest = split_path(target)
        route, found = self._find(request.method, rest)
        self._let_in(request, target, query, route)
        stale = self._faults.stale_seconds(request.method, request.path) if request.method == "GET" else 0
        call = Call(
            shop=self._shop,
            gate=self._gate,
            store=store,
            path={name: unquote(value) for name, value in found.items()},
            query=query,
            data=request.get_data(),
            content_type=request.headers.get("Content-Type", ""),
            stale=stale,
        )
        answer = route.handler(call)
        wanted = parse_fields(dict(pairs(query)).get("fields", ""))
        return wanted.trim(answer) if wanted else answer

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        for route in self._routes:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route, found.groupdict()
        raise MagentoError(404, NO_ROUTE)

    def _let_in(self, request: Request, target: str, query: str, route: Route) -> None:
        if route.resource == ANONYMOUS:
            return
        url = f"{request.scheme}://{request.host}{target}"
        settings = self._shop.settings
        self._gate.check(
            request.headers.get("Authorization", ""),
            Signed(request.method, url, query),
            route.resource,
            bearer=settings.bearer_enabled,
            rights=settings.rights,
        )


def split_path(target: str) -> tuple[str | None, str]:
    """The store code and the path after `V1/`, still percent-encoded; 400 for an unknown store code."""
    parts = target.strip("/").split("/")[1:]
    store = None
    if parts and parts[0] != "V1":
        store = unquote(parts.pop(0))
        if store != "all" and store not in BY_CODE:
            raise MagentoError(400, BAD_STORE)
    if not parts or parts[0] != "V1":
        raise MagentoError(404, NO_ROUTE)
    return store, "/".join(parts[1:])


def _json(body: Any, status: int) -> Response:
    data = json.dumps(body, separators=(",", ":")).encode()
    return Response(data, status, content_type="application/json; charset=utf-8")
