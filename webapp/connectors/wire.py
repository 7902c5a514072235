"""The process-wide connection pool: one total time limit a call, addresses checked at connect, safe after a fork."""

from __future__ import annotations

import http.client
import io
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

THREADS = 64
HOSTS = 64
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Exception):
    """The host leads to an address inside the network, which this call may not reach; nothing was sent."""


@dataclass(slots=True)
class Flight:
    """The call that this thread is making: when it must end, its path as written, whether a byte of it has left."""

    deadline: float
    connect_seconds: float
    target: str = ""
    sent: bool = False

    def remaining(self) -> float:
        """Seconds left; TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's total time limit is over")
        return left


_thread = threading.local()


@contextmanager
def flight(total_seconds: float, connect_seconds: float, target: str = "") -> Iterator[Flight]:
    """Everything this thread sends and reads inside the block ends within `total_seconds`.

    A `target` (path and query) goes out as it is written, since a cursor has to go back as it came.
    """
    started = Flight(time.monotonic() + total_seconds, connect_seconds, target)
    _thread.flight = started
    try:
        yield started
    finally:
        _thread.flight = None


def pool(*, public_only: bool) -> HTTPAdapter:
    """The shared pool; with `public_only` one that knows only https and connects to public addresses alone."""
    return _pools[public_only]


def is_public(address: str) -> bool:
    """The IP address belongs to the open internet, also when it is wrapped into an IPv6 one."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast


def _now_flying() -> Flight:
    current: Flight | None = getattr(_thread, "flight", None)
    if current is None:
        raise RuntimeError("a connection of the pool is used outside of a call")
    return current


class _TimedReader(io.RawIOBase):
    """A socket's bytes, each read limited by what is left of the call: a trickle does not outlive it."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_now_flying().remaining())
        read: int | None = self._raw.readinto(buffer)
        self.ended = self.ended or read == 0
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._timed = _TimedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the status and the headers. The standard library takes headers that are cut for complete ones."""
        super().begin()
        if self._timed.ended:
            raise http.client.RemoteDisconnected("the connection ended in the headers")


class _TimedHTTPConnection(HTTPConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        return _open(self, public_only=False)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _depart(self.sock)
        super().send(data)

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, _now_flying().target or url, *args, **kwargs)


class _TimedHTTPSConnection(HTTPSConnection):
    response_class = _TimedResponse
    public_only = False

    def _new_conn(self) -> socket.socket:
        return _open(self, public_only=self.public_only)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _depart(self.sock)
        super().send(data)

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, _now_flying().target or url, *args, **kwargs)


class _PublicHTTPSConnection(_TimedHTTPSConnection):
    public_only = True


def _depart(sock: socket.socket | None) -> None:
    current = _now_flying()
    if sock is not None:
        sock.settimeout(current.remaining())
    current.sent = True


def _open(connection: HTTPConnection, *, public_only: bool) -> socket.socket:
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, reason) from error
    addresses = [entry[4] for entry in found]
    if public_only and not all(is_public(str(address[0])) for address in addresses):
        raise AddressRefused(f"{host} leads to an address that is not public")
    return _connect(connection, host, [(entry[0], entry[4]) for entry in found])


def _connect(connection: HTTPConnection, host: str, addresses: list[tuple[int, Any]]) -> socket.socket:
    """A socket to the first address that answers, all of them together within the connect limit."""
    current = _now_flying()
    until = time.monotonic() + current.connect_seconds
    trouble: OSError = OSError("no address was found")
    for family, address in addresses:
        left = min(until - time.monotonic(), current.remaining())
        if left <= 0:
            trouble = TimeoutError("no time left to connect")
            break
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    if isinstance(trouble, TimeoutError):
        raise ConnectTimeoutError(connection, f"{host} did not take the connection") from trouble
    raise NewConnectionError(connection, str(trouble)) from trouble


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


class _Pool(HTTPAdapter):
    def __init__(self, classes: dict[str, type[HTTPConnectionPool]]) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=THREADS, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = classes


def _fresh() -> dict[bool, HTTPAdapter]:
    return {
        False: _Pool({"http": _HTTPPool, "https": _HTTPSPool}),
        True: _Pool({"https": _PublicHTTPSPool}),
    }


_pools = _fresh()
_of_the_parent: list[dict[bool, HTTPAdapter]] = []


def _after_fork() -> None:
    """Start with an empty pool. The parent's is kept, not closed: a lock in it may have been held at the fork."""
    global _pools
    _of_the_parent.append(_pools)
    _pools = _fresh()


os.register_at_fork(after_in_child=_after_fork)
