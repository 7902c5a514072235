"""A tiny HTTP server that answers as its script says: odd, slow, cut, or not at all."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Request:
    """A request as it arrived, the target untouched."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Step:
    """The raw pieces of an answer, a pause before each but the first; then the connection may be closed."""

    pieces: tuple[bytes, ...] = ()
    pause: float = 0.0
    close: bool = False


CUT = Step(close=True)


def answer(status: int = 200, body: bytes | str = b"", **headers: str) -> Step:
    """A whole answer; header names are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Some Words", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Step(("\r\n".join(lines).encode() + b"\r\n\r\n" + content,))


@dataclass
class Scripted:
    """Serves on 127.0.0.1; the steps are used one after another, the last one for ever."""

    steps: list[Step]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while (request := _read(stream.readline, stream.read)) is not None:
                    if not self._answer(connection, request):
                        return
        except (OSError, ValueError):
            return

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        with self._lock:
            self.requests.append(request)
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        for place, piece in enumerate(step.pieces):
            if place and self._ended.wait(step.pause):
                return False
            connection.sendall(piece)
        if step.close:
            connection.shutdown(socket.SHUT_RDWR)
        return not step.close


def _read(line: Callable[[], bytes], exactly: Callable[[int], bytes]) -> Request | None:
    first = line().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (text := line().decode("latin-1").strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Request(first[0], first[1], headers, exactly(int(headers.get("content-length", "0"))))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def waits_for(condition: Callable[[], bool], seconds: float = 3) -> bool:
    """The condition becomes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False
