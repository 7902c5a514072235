"""JSON documents that outlive the process: what was stored before an answer is there after a kill."""

import sqlite3
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from sandbox import clock

REMEMBERED_KEYS = 1000
REMEMBERED_VERSIONS = 12
REMEMBERED_BYTES = 2 * 1024 * 1024

SCHEMA = "CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body BLOB, UNIQUE (kind, key))"
PUT = """INSERT INTO documents (kind, key, body) VALUES (?, ?, ?)
         ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"""


class Documents:
    """A thread-safe store of JSON documents by (kind, key), written through to SQLite.

    Every document handed out is a fresh copy, so changing it changes nothing until it is `put` again.
    Without a path the store lives in memory and ends with the object.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self._caches: list[Callable[[], None]] = []
        self._past: OrderedDict[tuple[str, str], deque[tuple[float, bytes | None]]] = OrderedDict()
        self._past_bytes = 0
        self._db = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, cached_statements=64
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -2000")
        self._db.execute(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and make everything put inside one write: all of it is kept, or none."""
        with self.lock:
            self._depth += 1
            if self._depth == 1:
                self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._db.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def put(self, kind: str, key: str, body: Any) -> None:
        """Store the document, replacing an earlier one; a replaced one keeps its place in `all`."""
        data = msgspec.json.encode(body)
        with self.lock:
            self._remember(kind, key)
            self._db.execute(PUT, (kind, key, data))

    def get(self, kind: str, key: str) -> Any | None:
        """The document, or None when there is none."""
        with self.lock:
            data = self._read(kind, key)
        return None if data is None else msgspec.json.decode(data)

    def get_as_of(self, kind: str, key: str, seconds_ago: float) -> Any | None:
        """The document as it stood so many seconds ago, as far as this process remembers it."""
        horizon = clock.now().timestamp() - seconds_ago
        with self.lock:
            data = self._read(kind, key)
            for replaced_at, before in reversed(self._past.get((kind, key), ())):
                if replaced_at <= horizon:
                    break
                data = before
        return None if data is None else msgspec.json.decode(data)

    def all(self, kind: str) -> dict[str, Any]:
        """Every document of a kind by key, in the order of their first storing."""
        with self.lock:
            rows = self._db.execute("SELECT key, body FROM documents WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return {key: msgspec.json.decode(data) for key, data in rows}

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, in the order of their first storing."""
        with self.lock:
            rows = self._db.execute("SELECT key FROM documents WHERE kind = ? ORDER BY rowid", (kind,))
            return [key for (key,) in rows]

    def delete(self, kind: str, key: str) -> bool:
        """Remove the document; False when there was none."""
        with self.lock:
            self._remember(kind, key)
            done = self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))
            return done.rowcount > 0

    def cached(self, load: Callable[[], None]) -> None:
        """Let `load`, which reads something into memory, run now and whenever the documents are brought back."""
        self._caches.append(load)
        load()

    def copy(self) -> bytes:
        """All documents as they are now, for `bring_back`."""
        with self.lock:
            return self._db.serialize()

    def bring_back(self, copied: bytes) -> None:
        """Everything as it was when it was copied, and no memory of what came after; for a store in memory."""
        with self.lock:
            self._db.deserialize(copied)
            self._past.clear()
            self._past_bytes = 0
            for load in self._caches:
                load()

    def close(self) -> None:
        with self.lock:
            self._db.close()

    def _read(self, kind: str, key: str) -> bytes | None:
        row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else bytes(row[0])

    def _remember(self, kind: str, key: str) -> None:
        versions = self._past.setdefault((kind, key), deque())
        versions.append((clock.now().timestamp(), self._read(kind, key)))
        self._past_bytes += len(versions[-1][1] or b"")
        self._past.move_to_end((kind, key))
        if len(versions) > REMEMBERED_VERSIONS:
            self._past_bytes -= len(versions.popleft()[1] or b"")
        while len(self._past) > REMEMBERED_KEYS or self._past_bytes > REMEMBERED_BYTES:
            _, forgotten = self._past.popitem(last=False)
            self._past_bytes -= sum(len(body or b"") for _, body in forgotten)
