"""What a process is started from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: a name, for people and the log file, and the command line.

    A forked one is our own: `argv` is a module, whose `main` is called, and its arguments.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    forked: bool = False
