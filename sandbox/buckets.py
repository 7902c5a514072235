"""Token buckets: how many calls are left now, and when the next one comes back."""

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of asking for a token; `next_at` is epoch seconds."""

    allowed: bool
    left: int
    next_at: float


class TokenBucket:
    """A bucket of `per_minute` tokens that refills steadily; it begins full."""

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self.per_minute = per_minute
        self.burst = per_minute if burst is None else burst
        self._tokens = self.burst
        self._filled_at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> Taken:
        """Take one token if there is one, and say what is left."""
        with self._lock:
            now = time.monotonic()
            rate = self.per_minute / 60
            self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * rate)
            self._filled_at = now
            allowed = self._tokens >= 1
            if allowed:
                self._tokens -= 1
            missing = max(0.0, 1 - self._tokens)
            wait = missing / rate if rate else 3600.0
            return Taken(allowed, int(self._tokens), time.time() + wait)
