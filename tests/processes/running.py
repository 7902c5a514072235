"""A server in a process of its own, watched from outside: what it says, what runs for it, and how it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FAKE = (sys.executable, str(Path(__file__).with_name("fake_server.py")))
REAL = (sys.executable, "-P", "-m", "jobs.supervisor")
OURS = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "PUBLIC_URL", "HOST", "PORT")


class Running:
    """One server; `data` is its folder, `port` its port. What it says is kept in the folder `told`."""

    def __init__(self, program: tuple[str, ...], told: Path, data: Path, port: int, *words: str, **env: str) -> None:
        self.data = data
        self.port = port
        clean = {name: value for name, value in os.environ.items() if name not in OURS}
        self._said = told / f"told-{time.monotonic_ns()}.txt"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [*program, "--port", str(port), "--data", str(data), *words],
                env={**clean, "PYTHONPATH": str(CHECKOUT), "FAKES": "", **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def until(self, words: str, seconds: float = 30) -> str:
        """What it has said, once the words are among it."""
        wait_for(lambda: words in self.said or self.process.poll() is not None, seconds, lambda: self.said)
        assert words in self.said, self.said
        return self.said

    def ready(self) -> str:
        return self.until("Ctrl-C stops it")

    def ends(self, seconds: float = 15) -> int:
        """The exit code."""
        wait_for(lambda: self.process.poll() is not None, seconds, lambda: self.said)
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.ends()

    def processes(self) -> dict[int, str]:
        """Every process that was started for the data folder, by its number, with its command line."""
        return processes_of(self.data)

    def pid(self, word: str) -> int:
        """The oldest process with the word as its name or in its command line."""
        return min(pid for pid, line in self.processes().items() if word in line.split())


def processes_of(data: Path) -> dict[int, str]:
    """Whoever has inherited the children's lock; the supervisor is the one that holds the server's lock as well."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                held = {os.readlink(number) for number in (folder / "fd").iterdir()}
                if str(data / "children.lock") in held and str(data / "server.lock") not in held:
                    line = (folder / "comm").read_text() + (folder / "cmdline").read_text()
                    found[int(folder.name)] = line.replace("\0", " ").replace("\n", " ").strip()
    return found


def wait_for(condition: Callable[[], bool], seconds: float, told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def ended_afterwards(server: Running) -> Iterator[Running]:
    """Leave nothing running, whatever the test found."""
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        for pid in server.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
