"""Ports: whether one is free, keeping it, and a pair that stays the same over restarts."""

import contextlib
import errno
import json
import random
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from jobs.refusal import CannotStart

# Below the range that systems hand out for outgoing connections, so that a pair is still free after a restart.
PAIRS = range(20_000, 30_000, 2)


@contextlib.contextmanager
def held(host: str, port: int) -> Iterator[None]:
    """Keep the port for our web server, which may come and go; nobody else gets it meanwhile."""
    family = _family(host)
    with socket.socket(family, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((host, port))
        except OSError as error:
            raise CannotStart(_why(error, host, port)) from error
        if sys.platform == "linux":
            # From here on only a listener of the same user that shares ports, as our web server does, can have it.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            holder.close()
        yield


def pair(saved: Path) -> int:
    """A port that is free together with the next one: the saved one if it is, else a new one, which is saved."""
    before = _saved(saved)
    if before and _is_pair_free(before):
        return before
    start = random.randrange(len(PAIRS))
    for place in range(len(PAIRS)):
        port = PAIRS[(start + place) % len(PAIRS)]
        if _is_pair_free(port):
            saved.write_text(json.dumps({"port": port}) + "\n")
            return port
    raise CannotStart("No two neighbouring ports are free for the sandbox. Start with --no-sandbox.")


def is_live(host: str, port: int) -> bool:
    """Whether GET /health/live is answered with 200."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(
                f"GET /health/live HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            return connection.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False


def reachable(host: str) -> str:
    """The address on which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)


def _family(host: str) -> socket.AddressFamily:
    try:
        return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise CannotStart(
            f"HOST is “{host}”, which is no address of this machine. 127.0.0.1 is the default."
        ) from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. "
            "Stop that program, or start Orderbridge on another port with --port N."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Choose one above 1023 with --port N."
    return f"Orderbridge cannot listen on {host}:{port} ({error.strerror}). Check HOST and --port."


def _saved(path: Path) -> int:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    port = document.get("port") if isinstance(document, dict) else None
    return port if isinstance(port, int) and 0 < port < 65_535 else 0


def _is_pair_free(port: int) -> bool:
    return all(_is_free(number) for number in (port, port + 1))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
