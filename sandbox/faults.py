"""A stand-in's fault switch: answers that fail, come late, are cut, throttled or out of date."""

import itertools
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.buckets import TokenBucket

KINDS = ("status", "delay", "delay_after", "cut_before", "cut_after", "throttle", "stale_reads")


class BadFault(ValueError):
    """The described fault cannot be switched on; the text says why."""


@dataclass(slots=True)
class Fault:
    """One switched fault; `times` counts down to 0, None means until it is switched off."""

    id: int
    kind: str
    method: str | None = None
    path: str = ""
    status: int = 503
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    times: int | None = None
    skip: int = 0
    chance: float = 1.0
    per_minute: float = 60.0
    bucket: TokenBucket | None = None

    def matches(self, method: str, path: str) -> bool:
        if self.method not in (None, method) or self.times == 0:
            return False
        return self.path in path or re.search(self.path, path) is not None

    def as_json(self) -> dict[str, Any]:
        told = ("id", "kind", "status", "seconds", "times", "skip", "chance", "per_minute")
        return {name: getattr(self, name) for name in told} | {"match": {"method": self.method, "path": self.path}}


def _number(body: Mapping[str, Any], name: str, default: float) -> float:
    value = body.get(name)
    try:
        return default if value in (None, "") else float(str(value))
    except ValueError:
        raise BadFault(f"{name} must be a number") from None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)


def parse_fault(number: int, body: Mapping[str, Any]) -> Fault:
    """A fault from its JSON description, or from a form with `method` and `path` beside the rest."""
    kind = _text(body, "kind")
    if kind not in KINDS:
        raise BadFault(f"kind must be one of {', '.join(KINDS)}")
    match = body.get("match") or body
    path = _text(match, "path")
    try:
        re.compile(path)
    except re.error as error:
        raise BadFault(f"match.path is not a regular expression: {error}") from None
    fault = Fault(
        id=number,
        kind=kind,
        method=_text(match, "method").upper() or None,
        path=path,
        status=int(_number(body, "status", 503)),
        body=_text(body, "body"),
        content_type=_text(body, "content_type") or "application/json",
        headers={str(name): str(value) for name, value in (body.get("headers") or {}).items()},
        seconds=_number(body, "seconds", 1),
        times=None if body.get("times") in (None, "") else int(_number(body, "times", 1)),
        skip=int(_number(body, "skip", 0)),
        chance=_number(body, "chance", 1),
        per_minute=_number(body, "per_minute", 60),
    )
    if kind == "throttle":
        fault.bucket = TokenBucket(fault.per_minute, _number(body, "burst", fault.per_minute))
    return fault


class Faults:
    """The list of switched faults; thread-safe, in memory, gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._list: list[Fault] = []

    def add(self, body: Mapping[str, Any]) -> Fault:
        """Switch a fault on; BadFault when the description makes no sense."""
        fault = parse_fault(next(self._numbers), body)
        with self._lock:
            self._list.append(fault)
        return fault

    def clear(self, number: int | None = None) -> None:
        """Switch one fault off, or all of them."""
        with self._lock:
            self._list = [fault for fault in self._list if number not in (None, fault.id)]

    def all(self) -> list[Fault]:
        """The switched faults, without those that are used up."""
        with self._lock:
            return [fault for fault in self._list if fault.times != 0]

    def take(self, method: str, path: str) -> list[Fault]:
        """The faults that strike this call, counted down: delays first, then at most one other."""
        if not self._list:
            return []
        struck: list[Fault] = []
        with self._lock:
            for fault in self._list:
                is_delay = fault.kind in ("delay", "delay_after")
                taken = any(other.kind not in ("delay", "delay_after") for other in struck)
                if fault.kind == "stale_reads" or (taken and not is_delay):
                    continue
                if fault.matches(method, path) and self._strikes(fault):
                    struck.append(fault)
        return sorted(struck, key=lambda fault: fault.kind != "delay")

    def stale_seconds(self, method: str, path: str) -> float:
        """How old the answer to this read must be; 0 when reads are fresh."""
        if not self._list:
            return 0.0
        with self._lock:
            ages = [f.seconds for f in self._list if f.kind == "stale_reads" and f.matches(method, path)]
        return max(ages, default=0.0)

    def _strikes(self, fault: Fault) -> bool:
        if fault.chance < 1 and random.random() >= fault.chance:
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.times is not None:
            fault.times -= 1
        return True
