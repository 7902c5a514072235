"""One HTTP call: a total time limit, no redirects, TLS always verified, every call recorded, one class of error."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError

from webapp.connectors import redact
from webapp.connectors.wire import AddressRefused, Flight, flight, pool
from webapp.domain.commands import Side

CHUNK = 64 * 1024
READS = frozenset({"GET", "HEAD"})
USER_AGENT = "Orderbridge/1"
LONGEST_SENTENCE = 600


class ConnectorError(Exception):
    """A neighbour refused, could not be reached or did not answer in time.

    `message` is a plain sentence with the neighbour's own words, free of secrets. `permanent`: the same request
    cannot succeed. `doubtful`: the request may have acted, so the other side must be read before it is repeated;
    False when it was refused or no byte of it left. `unauthorized`: the credentials or their rights are the trouble,
    not this request. `code` is the neighbour's word (`INVALID_REQUEST_CONTENT`) or one of ours (`duplicate_number`).
    """

    def __init__(
        self,
        message: str,
        *,
        side: Side,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        status: int | None = None,
        code: str = "",
        doubtful: bool = False,
        unauthorized: bool = False,
    ) -> None:
        self.message = message if len(message) <= LONGEST_SENTENCE else message[: LONGEST_SENTENCE - 1] + "…"
        super().__init__(self.message)
        self.side = side
        self.permanent = permanent
        self.retry_after = retry_after
        self.status = status
        self.code = code
        self.doubtful = doubtful
        self.unauthorized = unauthorized


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, seconds for the whole call, and the largest answer in bytes after unpacking."""

    connect_seconds: float = 5.0
    total_seconds: float = 25.0
    answer_bytes: int = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """What to send. `effect` False marks a POST that changes nothing (a token); `secrets` never reach a record.

    `hides_answer` keeps the whole answer out of it, since it is itself a secret.
    """

    side: Side
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    correlation_id: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    effect: bool = True
    hides_answer: bool = False
    public_only: bool = False

    @property
    def acts(self) -> bool:
        """The call may change something on the other side."""
        return self.effect and self.method not in READS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `headers` are read without regard to case."""

    call: Call
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig", "replace")


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it is kept and shown: no secret, no buyer data, no typed comment, excerpts of at most 4 kB."""

    side: Side
    at: datetime
    method: str
    url: str
    status: int | None
    duration_ms: int
    correlation_id: str
    request_excerpt: str
    response_excerpt: str
    error: str


Judge = Callable[[Answer], ConnectorError | None]


class Watch(Protocol):
    """Stands at the door of each call."""

    def before(self, call: Call) -> None:
        """Runs right before the call is sent, and may raise to stop it."""

    def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
        """Hears how it went: the answer, if there was one, and what was found wrong."""


def _forget(record: CallRecord) -> None:
    return None


class Caller:
    """Sends the calls of one piece of work, over connections that the whole process shares.

    Nothing is carried from call to call: no cookies, no redirects, no proxy or netrc from the environment.
    `on_call` gets the record of each call, also of a failed one; `watch` sees each call before and after.
    """

    def __init__(
        self,
        *,
        on_call: Callable[[CallRecord], None] = _forget,
        limits: Limits | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._on_call = on_call
        self._watch = watch
        self._limits = limits or Limits()

    def send(self, call: Call, judge: Judge) -> Answer:
        """The answer, if `judge` finds no error in it. Raises ConnectorError."""
        if self._watch is not None:
            self._watch.before(call)
        at, started = datetime.now(UTC), time.monotonic()
        answer: Answer | None = None
        error: ConnectorError | None = None
        try:
            answer = self._exchange(call)
            error = _redirected(answer) or judge(answer)
        except ConnectorError as raised:
            error = raised
        self._on_call(_record(call, answer, error, at, time.monotonic() - started))
        if self._watch is not None:
            self._watch.after(call, answer, error)
        if answer is None or error is not None:
            raise error or AssertionError("a call without an answer has an error")
        return answer

    def _exchange(self, call: Call) -> Answer:
        limits = self._limits
        with flight(limits.total_seconds, limits.connect_seconds, _target(call.url)) as current:
            try:
                prepared = _prepare(call)
                if call.public_only and not call.url.lower().startswith("https://"):
                    raise AddressRefused("only https")
                with pool(public_only=call.public_only).send(
                    prepared, stream=True, timeout=(limits.connect_seconds, limits.total_seconds), verify=True
                ) as response:
                    body = _read(call, response, limits)
                    return Answer(call, response.status_code, response.headers, body)
            except (requests.RequestException, HTTPError, AddressRefused, UnicodeError) as trouble:
                raise _explain(call, trouble, current, limits) from trouble


def _prepare(call: Call) -> requests.PreparedRequest:
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **call.headers}
    return requests.Request(call.method, call.url, headers=headers, data=call.body).prepare()


def _target(url: str) -> str:
    """Path and query as written; empty where they hold something that has to be escaped first."""
    host, _, path = url.partition("://")[2].partition("#")[0].partition("/")
    is_clean = path.isascii() and path.isprintable() and " " not in path and "?" not in host
    return f"/{path}" if is_clean else ""


def _read(call: Call, response: requests.Response, limits: Limits) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > limits.answer_bytes:
            megabytes = limits.answer_bytes / (1024 * 1024)
            raise ConnectorError(
                f"{call.side} sent an answer of more than {megabytes:g} MB, which was cut off.",
                side=call.side,
                status=response.status_code,
                doubtful=call.acts,
            )
    return bytes(body)


def _redirected(answer: Answer) -> ConnectorError | None:
    if not 300 <= answer.status < 400:
        return None
    there = _elsewhere(answer.call, answer.headers.get("Location", ""))
    return ConnectorError(
        f"{answer.call.side} sends this call elsewhere ({there or 'no address given'}); redirects are not followed. "
        "Correct the address in the settings.",
        side=answer.call.side,
        permanent=True,
        status=answer.status,
        code="redirect",
    )


def _elsewhere(call: Call, location: str) -> str:
    """Where a redirect leads; only the host where the call's own address is a secret, since the new one repeats it."""
    if not any(secret in call.url for secret in call.secrets):
        return redact.address(redact.sentence(location, call.secrets))[:200]
    try:
        return (urlsplit(location).hostname or ("another path of the same host" if location else ""))[:200]
    except ValueError:
        return "an address that cannot be read"


def _explain(call: Call, trouble: Exception, current: Flight, limits: Limits) -> ConnectorError:
    """The sentence for a call that got no answer. In doubt only when a byte of an acting call has left."""
    causes = list(_causes(trouble))
    doubtful = call.acts and current.sent
    if not current.sent:
        sentence, permanent = _why_not_sent(call, causes, limits)
        return ConnectorError(sentence, side=call.side, permanent=permanent, code="not_sent")
    if time.monotonic() >= current.deadline or _has(causes, TimeoutError, ReadTimeoutError, requests.Timeout):
        sentence, code = f"{call.side} did not answer within {limits.total_seconds:g} seconds.", "time_out"
    elif _has(causes, requests.exceptions.ContentDecodingError):
        sentence, code = f"{call.side} sent an answer that cannot be unpacked.", "unreadable"
    else:
        sentence, code = f"The connection to {call.side} broke before the answer was complete.", "cut"
    return ConnectorError(sentence, side=call.side, code=code, doubtful=doubtful)


def _why_not_sent(call: Call, causes: list[BaseException], limits: Limits) -> tuple[str, bool]:
    """The sentence, and whether the address itself is wrong."""
    try:
        host = urlsplit(call.url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    unreached = f"{call.side} could not be reached: "
    if _has(causes, AddressRefused):
        return (
            f"{call.side}'s address {host} may not be used from here: it has to be public and begin with https.",
            True,
        )
    if _has(causes, NameResolutionError):
        return f"{unreached}no host {host} was found.", False
    if _has(causes, NewConnectionError):
        why = "refused the connection" if _has(causes, ConnectionRefusedError) else "cannot be connected to"
        return f"{unreached}{host} {why}.", False
    if _has(causes, ConnectTimeoutError, TimeoutError):
        return f"{unreached}{host} did not answer for {limits.connect_seconds:g} seconds.", False
    if _has(causes, ssl.SSLCertVerificationError):
        return f"{unreached}the certificate of {host} is not valid.", False
    if _has(causes, ssl.SSLError):
        return f"{unreached}{host} does not speak TLS as https demands.", False
    if _has(causes, ValueError):
        return f"{unreached}its address or a header has characters that HTTP forbids.", True
    return f"{unreached}the connection to {host} broke.", False


def _has(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    """The error and everything it came from; requests and urllib3 wrap theirs in different ways."""
    waiting: list[object] = [trouble]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [getattr(cause, "reason", None), cause.__cause__, *cause.args]


def _record(
    call: Call, answer: Answer | None, error: ConnectorError | None, at: datetime, seconds: float
) -> CallRecord:
    sent = (call.body or b"").decode("utf-8", "replace")
    return CallRecord(
        side=call.side,
        at=at,
        method=call.method,
        url=redact.address(call.url),
        status=answer.status if answer else (error.status if error else None),
        duration_ms=round(seconds * 1000),
        correlation_id=call.correlation_id,
        request_excerpt=redact.excerpt(sent, call.secrets),
        response_excerpt=_told(call, answer),
        error=error.message if error else "",
    )


def _told(call: Call, answer: Answer | None) -> str:
    if answer is None:
        return ""
    if call.hides_answer and 200 <= answer.status < 300:
        return redact.MASK
    return redact.excerpt(answer.text, call.secrets)
