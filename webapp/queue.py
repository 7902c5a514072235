"""The doorbell: jobs by name, rung over Redis. A ring may be lost, doubled or late, and nothing changes."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.connection import UnixDomainSocketConnection
from redis.driver_info import DriverInfo
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

JOB_TIMEOUT = 120
JOB_LIVES = 120
FLAG_SECONDS = 15
"""How long the flag stands by itself. A drain that runs holds it up (`hold`), so a job that was lost with its host
keeps the other hosts from working for so long at most."""
LONGEST_SOCKET_PATH = 100
RING = """
redis.call('lpush', KEYS[2], '1')
redis.call('ltrim', KEYS[2], 0, 0)
redis.call('expire', KEYS[2], ARGV[1])
if redis.call('set', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 1 end
return 0
"""
"""One round trip: wake the drain that runs, and set the flag. 1 when it did not stand, and so a job is wanted.

A drain is woken whether its flag stands or not: it may have been lost with Redis, while the drain still stands by.
"""
ME = DriverInfo()
"""What each connection says of itself. Left to find it out, every client reads redis-py's package description with an
e-mail parser, and each process would hold a copy of what that touches (2 MB)."""
ANSWERS_WITHIN = 1.0
"""A Redis that hangs counts as away: whoever rings has an answer to give, Walmart's webhook within three seconds."""
_SILENCE = 1.0


class Bell(StrEnum):
    """The two queues; each worker process serves exactly one."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"

    @property
    def job(self) -> str:
        """The job that a ring starts, by dotted name, so that the application never imports its worker."""
        return {"inbound": "jobs.inbound.run", "outbound": "jobs.outbound.run"}[self.value]

    @property
    def flag(self) -> str:
        """Set from the ring until the drain's last look: while it stands, a ring needs no second job."""
        return f"orderbridge:bell:{self.value}"

    @property
    def wake(self) -> str:
        """A list of at most one entry that a drain waits on."""
        return f"orderbridge:wake:{self.value}"


class _LongPathConnection(UnixDomainSocketConnection):
    """A unix socket whose path is longer than the 107 bytes the kernel takes, reached through its folder."""

    def _connect(self) -> socket.socket:
        path = Path(self.path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.path = f"/proc/self/fd/{folder}/{path.name}"
            return super()._connect()  # type: ignore[no-any-return,no-untyped-call]
        finally:
            self.path = str(path)
            os.close(folder)


@lru_cache(maxsize=4)
def connect(url: str, answers_within: float | None = ANSWERS_WITHIN) -> redis.Redis:
    """A client for `url`, the same one for each call. Nothing is sent yet, so this never fails for a dead server."""
    options: dict[str, Any] = {"socket_timeout": answers_within, "retry": _retry(), "driver_info": ME}
    path = urlsplit(url).path
    if url.startswith("unix://") and len(path.encode()) > LONGEST_SOCKET_PATH:
        if not sys.platform.startswith("linux"):
            raise ValueError(f"The path {path} is too long for a socket here. Choose a shorter data folder.")
        pool = redis.ConnectionPool(connection_class=_LongPathConnection, path=path, **options)
        return redis.Redis(connection_pool=pool)
    if url.startswith("unix://"):
        return redis.Redis(unix_socket_path=path, **options)
    return redis.Redis.from_url(url, socket_connect_timeout=ANSWERS_WITHIN, **options)


def _retry() -> Retry:
    """Once and at once, for a connection that a restarted server left behind. By default redis-py waits for seconds."""
    return Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))


class _Doorbell:
    """This process's bell; after a failure it keeps still for a second, so that a dead Redis costs no request time."""

    def __init__(self) -> None:
        self.url = ""
        self.silent_until = 0.0


_doorbell = _Doorbell()


def use(url: str) -> None:
    """Say where Redis is; called by the application factory. What another one did not answer counts no more."""
    _doorbell.url, _doorbell.silent_until = url, 0.0


def client() -> redis.Redis:
    return connect(_doorbell.url)


def patient_client() -> redis.Redis:
    """For RQ's worker, which waits for minutes in one call and sets its own limits."""
    return connect(_doorbell.url, None)


def ring(bell: Bell) -> None:
    """Say that there is work. Never raises for a dead Redis: the scheduler rings again for whatever is due."""
    if time.monotonic() < _doorbell.silent_until:
        return
    try:
        connection = client()
        if connection.eval(RING, 2, bell.flag, bell.wake, FLAG_SECONDS):
            _enqueue(connection, bell)
    except redis.RedisError as error:
        _doorbell.silent_until = time.monotonic() + _SILENCE
        log.warning("bell=%s not rung: %s", bell, error)


def _enqueue(connection: redis.Redis, bell: Bell) -> None:
    queue = Queue(bell.value, connection=connection, serializer=JSONSerializer)
    queue.enqueue(bell.job, job_timeout=JOB_TIMEOUT, result_ttl=0, failure_ttl=3600, ttl=JOB_LIVES)


def stand_by(bell: Bell) -> None:
    """Have a drain stand by for what will come, unless one is, or a job waits to become one."""
    try:
        if not Queue(bell.value, connection=client(), serializer=JSONSerializer).is_empty():
            return
    except redis.RedisError as error:
        log.warning("bell=%s: no drain stands by: %s", bell, error)
        return
    ring(bell)


def wait(bell: Bell, seconds: float) -> bool:
    """Wait until somebody rings, at most so long and less than `ANSWERS_WITHIN`. A dead Redis is like silence."""
    try:
        return client().blpop([bell.wake], timeout=max(seconds, 0.01)) is not None
    except redis.RedisError:
        time.sleep(min(seconds, 0.2))
        return False


def clear(bell: Bell) -> None:
    """Let the next ring start a new job. Call it before the last look for work, never after."""
    try:
        client().delete(bell.flag)
    except redis.RedisError as error:
        log.warning("bell=%s not cleared: %s", bell, error)


def hold(bell: Bell) -> None:
    """A drain is at work: let its flag stand on. One that was cleared stays cleared."""
    try:
        client().expire(bell.flag, FLAG_SECONDS)
    except redis.RedisError as error:
        log.warning("bell=%s not held: %s", bell, error)


def keep(bell: Bell) -> None:
    """The drain goes on after all: rings need no new job again."""
    try:
        client().set(bell.flag, "1", ex=FLAG_SECONDS)
    except redis.RedisError as error:
        log.warning("bell=%s not kept: %s", bell, error)
