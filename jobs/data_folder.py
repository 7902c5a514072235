"""The data folder: made, locked against a second server, and given its keys and log files."""

import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from jobs.refusal import CannotStart

LARGEST_LOG = 10 * 1024 * 1024
REMNANTS_MAY_TAKE = 12.0
LAST_ONES_MAY_TAKE = 4.0
NOT_IN_A_URL = "?#%"


@contextlib.contextmanager
def opened(path: Path, rest: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """Make the folder and lock it. The value is a lock for the children to inherit: it is held until all are gone.

    The end waits for that too: a job's fork leaves its worker's process group, and ends by itself a moment later.
    """
    _make(path)
    with _lock_file(path / "server.lock") as server:
        if not _locks(server):
            raise CannotStart(
                f"Another Orderbridge server is running with the data folder {path}. "
                "Stop it first, or give this one a folder of its own with --data DIR."
            )
        try:
            with _lock_file(path / "children.lock") as children:
                _wait_for_remnants(children, path, rest)
                yield children
        finally:
            _wait_for_the_last(path)


def make_keys(path: Path, environ: Mapping[str, str]) -> None:
    """Make SECRET_KEY and ENCRYPTION_KEYS once, readable by the owner alone, where the environment gives none."""
    made = {
        "SECRET_KEY": secrets.token_hex(32),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    for name, value in made.items():
        if not environ.get(name) and not (path / name).exists():
            _write_private(path / name, value + "\n")


def start_logs(path: Path) -> Path:
    """The folder of the logs; each log of the run before is kept once, as `….log.1`."""
    logs = path / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    for log in logs.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))
    return logs


def cut_logs(logs: Path) -> None:
    """Begin each log anew that has grown too large, keeping what it held as `….log.1`."""
    for log in logs.glob("*.log"):
        if log.stat().st_size > LARGEST_LOG:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def open_log(log: Path) -> int:
    """A descriptor that appends, so that the file may be cut while it is written to."""
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, indented, for the terminal."""
    if not log.exists():
        return "    (nothing)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        lines = file.read().decode(errors="replace").rstrip().splitlines()
    return "\n".join(f"    {line}" for line in lines[-count:]) or "    (nothing)"


def _make(path: Path) -> None:
    if found := sorted({letter for letter in str(path) if letter in NOT_IN_A_URL}):
        raise CannotStart(
            f"The data folder {path} has {' '.join(found)} in its name. Choose one without with --data DIR."
        )
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data folder {path} cannot be written to ({error.strerror}). Choose another one with --data DIR."
        ) from error


@contextlib.contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_remnants(children: int, path: Path, rest: Callable[[float], None]) -> None:
    """Processes of a server that was killed end by themselves within seconds; until then they hold their lock."""
    deadline = time.monotonic() + REMNANTS_MAY_TAKE
    while not _locks(children):
        if time.monotonic() > deadline:
            raise CannotStart(
                f"Processes of an earlier server still use the data folder {path}. End them, then start again; "
                f"the command `fuser {path / 'children.lock'}` lists them."
            )
        rest(0.05)


def _wait_for_the_last(path: Path) -> None:
    deadline = time.monotonic() + LAST_ONES_MAY_TAKE
    with _lock_file(path / "children.lock") as children:
        while not _locks(children) and time.monotonic() < deadline:
            time.sleep(0.02)


def _write_private(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
