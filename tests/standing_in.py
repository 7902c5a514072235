"""Neighbours that alerts go to, on loopback: a mail server and an address that takes a POST, and what they got."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Letterbox:
    """What arrived; `refuses` is what the mail server says to each recipient instead of taking it."""

    port: int = 0
    letters: list[Message] = field(default_factory=list)
    refuses: str = ""
    greeted_as: str = ""


@dataclass
class Listener:
    """What was posted, and with which status it is answered: with a redirect to the same path and a slash, or in
    words that repeat the path."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200


@contextmanager
def mail_server(*, logs_in: bool = False) -> Iterator[Letterbox]:
    """As much of SMTP as handing in one letter takes; `logs_in` says that a user and password are taken."""
    box = Letterbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while word := (line := self.rfile.readline()).split(b" ")[0].strip().upper():
                if word == b"EHLO":
                    box.greeted_as = line[5:].decode().strip()
                self.wfile.write(self.answer(word))

        def answer(self, word: bytes) -> bytes:
            if word == b"EHLO" and logs_in:
                return b"250-here\r\n250 AUTH PLAIN\r\n"
            if word == b"RCPT" and box.refuses:
                return f"550 {box.refuses}\r\n".encode()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                box.letters.append(message_from_bytes(b"".join(lines)))
            return b"250 done\r\n"

    with socketserver.TCPServer(("127.0.0.1", 0), Session) as server, _served(server):
        box.port = server.server_address[1]
        yield box


@contextmanager
def listener() -> Iterator[Listener]:
    """Takes whatever is posted."""
    told = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(told.status)
            if told.status == 301:
                self.send_header("Location", f"{told.url}/")
            self.end_headers()
            words = f"channel is archived: {self.path} and {self.path[-11:]}"
            self.wfile.write(words.encode() if told.status != 200 else b"ok")

        def log_message(self, *_args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server, _served(server):
        told.url = f"http://127.0.0.1:{server.server_port}/services/T0/secret-part"
        yield told


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield
    server.shutdown()
    thread.join()
