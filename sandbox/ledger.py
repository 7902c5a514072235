"""What really happened at a stand-in: an append-only list of effects, and a short memory of calls."""

import threading
from collections import deque
from typing import Any

import msgspec
from werkzeug.datastructures import Headers

from sandbox import clock
from sandbox.documents import Documents

KIND = "ledger"
REMEMBERED_CALLS = 5000
TOLD_HEADERS = ("WM_QOS.CORRELATION_ID", "WM_SVC.NAME", "WM_MARKET", "Content-Type", "Accept", "User-Agent")


class Ledger:
    """The effects, kept in the documents, and the last calls, kept in memory only.

    An effect is written in the transaction of the change it tells of, so one is never there without
    the other.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        documents.cached(self._load)
        # As text: a dictionary takes three times as much, and nearly all of them are never looked at.
        self._calls: deque[bytes] = deque(maxlen=REMEMBERED_CALLS)
        self._calls_lock = threading.Lock()

    def _load(self) -> None:
        self._last = int(max(self._documents.keys(KIND), default=0))

    def add(self, effect: str, key: str, detail: Any = None) -> dict[str, Any]:
        """Append one effect and return its entry."""
        with self._documents.lock:
            number = self._last + 1
            entry = {
                "n": number,
                "at": clock.iso(clock.now()),
                "effect": effect,
                "key": key,
                "detail": detail,
            }
            self._documents.put(KIND, f"{number:09d}", entry)
            self._last = number
        return entry

    def entries(self, effect: str | None = None, key: str | None = None) -> list[dict[str, Any]]:
        """The effects so far, oldest first, all or those of one name and one key."""
        return [
            entry
            for entry in self._documents.all(KIND).values()
            if effect in (None, entry["effect"]) and key in (None, entry["key"])
        ]

    def record_call(self, method: str, path: str, query: str, status: int, seconds: float, headers: Headers) -> None:
        """Remember a call; status 0 means that the connection was cut without an answer."""
        told = {name: headers[name] for name in TOLD_HEADERS if name in headers}
        call = {
            "at": clock.iso(clock.now()),
            "method": method,
            "path": path,
            "query": query,
            "status": status,
            "seconds": round(seconds, 4),
            "headers": told,
        }
        with self._calls_lock:
            self._calls.append(msgspec.json.encode(call))

    def calls(self, method: str | None = None, path: str = "") -> list[dict[str, Any]]:
        """The remembered calls, oldest first, of a method and with a text in their path."""
        with self._calls_lock:
            kept = list(self._calls)
        calls: list[dict[str, Any]] = [msgspec.json.decode(call) for call in kept]
        return [call for call in calls if method in (None, call["method"]) and path in call["path"]]

    def forget_calls(self) -> None:
        with self._calls_lock:
            self._calls.clear()
