"""A small threaded HTTP/1.1 server for a WSGI app on loopback that can cut a connection on demand."""

import contextlib
import io
import logging
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote_to_bytes

from flask import Flask

CUT = "sandbox.cut"
MAX_BODY = 16 * 1024 * 1024
IDLE_SECONDS = 300
RESET = struct.pack("ii", 1, 0)

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class StandIn:
    """A neighbour ready to be served: its app, its banner without the url, and its background work.

    `start` is called with the server's url once it listens, `close` when the server has ended.
    """

    kind: str
    app: Flask
    banner: dict[str, Any]
    start: Callable[[str], None] = field(default=lambda url: None)
    close: Callable[[], None] = field(default=_nothing)


class Server:
    """Serves the app on 127.0.0.1, a thread a connection, keep-alive; port 0 takes a free port.

    A handler that sets `environ["sandbox.cut"]` has its connection reset without an answer.
    """

    def __init__(self, app: App, port: int = 0) -> None:
        self._app = app
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._acceptor = threading.Thread(target=self._accept, name=f"accept-{self.port}", daemon=True)

    def start(self) -> Self:
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._acceptor.is_alive():
            self._acceptor.join(5)
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(IDLE_SECONDS)
            with connection.makefile("rb") as stream:
                while not self._closing and self._answer(connection, stream, address):
                    pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _answer(self, connection: socket.socket, stream: io.BufferedReader, address: tuple[str, int]) -> bool:
        """Read one request and answer it; False ends the connection."""
        try:
            environ = read_request(stream, connection, self.port)
        except BadRequest as error:
            connection.sendall(response_bytes(f"{error.status} Bad Request", [], str(error).encode(), True))
            return False
        if environ is None:
            return False
        environ["REMOTE_ADDR"] = address[0]
        status, headers, body = call_app(self._app, environ)
        if environ.get(CUT):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        ends = environ.get("HTTP_CONNECTION", "").lower() == "close" or (environ["SERVER_PROTOCOL"] == "HTTP/1.0")
        connection.sendall(response_bytes(status, headers, body, ends, head=environ["REQUEST_METHOD"] == "HEAD"))
        return not ends


class BadRequest(Exception):
    """The bytes are no HTTP request that this server takes."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def read_request(stream: io.BufferedReader, connection: socket.socket, port: int) -> Environ | None:
    """The next request as a WSGI environ with its whole body, or None at the end of the connection."""
    line = stream.readline(65537)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(65537)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("not a request line")
    environ = _environ(words[0], words[1], words[2], port)
    _read_headers(stream, environ)
    if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _read_body(stream, environ)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _environ(method: str, target: str, protocol: str, port: int) -> Environ:
    if "://" in target[:8]:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": protocol,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def _read_headers(stream: io.BufferedReader, environ: Environ) -> None:
    for _ in range(200):
        line = stream.readline(65537)
        if line in (b"\r\n", b"\n"):
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest("not a header line")
        key = name.strip().upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        value = value.strip()
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    raise BadRequest("too many headers", 431)


def _read_body(stream: io.BufferedReader, environ: Environ) -> bytes:
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return _read_chunks(stream)
    length = environ.get("CONTENT_LENGTH", "0")
    if not length.isdigit():
        raise BadRequest("Content-Length is not a number")
    if int(length) > MAX_BODY:
        raise BadRequest("the body is too large", 413)
    return _exactly(stream, int(length))


def _exactly(stream: io.BufferedReader, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) < size:
        raise ConnectionResetError("the client went away in the middle of a body")
    return data


def _read_chunks(stream: io.BufferedReader) -> bytes:
    parts = bytearray()
    while True:
        try:
            size = int(stream.readline(1024).split(b";")[0], 16)
        except ValueError:
            raise BadRequest("not a chunk") from None
        if len(parts) + size > MAX_BODY:
            raise BadRequest("the body is too large", 413)
        if not size:
            while stream.readline(65537) not in (b"\r\n", b"\n", b""):
                pass
            return bytes(parts)
        parts += _exactly(stream, size)
        stream.readline(1024)


def call_app(app: App, environ: Environ) -> tuple[str, Headers, bytes]:
    """Status, headers and whole body of the app's answer; a crash of the app is a 500."""
    started: list[Any] = ["500 Internal Server Error", []]

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], None]:
        started[:] = [status, headers]
        return lambda data: None

    try:
        parts = app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
    except Exception:
        log.exception("the stand-in's app failed")
        return "500 Internal Server Error", [], b""
    return started[0], started[1], body


def response_bytes(status: str, headers: Headers, body: bytes, ends: bool, *, head: bool = False) -> bytes:
    """The answer as it goes over the wire, in one piece so that it leaves in one packet."""
    if not status[4:].strip():
        status = f"{status[:3]} {_phrase(status[:3])}"
    lines = [f"HTTP/1.1 {status}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers if name.lower() != "content-length"]
    if not any(name.lower() == "date" for name, _ in headers):
        lines.append(f"Date: {formatdate(usegmt=True)}\r\n")
    if not status.startswith(("204", "304")):
        lines.append(f"Content-Length: {len(body)}\r\n")
    lines.append("Connection: close\r\n\r\n" if ends else "Connection: keep-alive\r\n\r\n")
    return "".join(lines).encode("latin-1") + (b"" if head else body)


def _phrase(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return "Unknown"
