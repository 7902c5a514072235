"""Starts servers for a test and ends them after it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes.running import FAKE, Running, ended_afterwards, free_port

Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server with stand-ins: `serve(data=…, port=…, words…, FAKES="web=dies")`."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, data: Path = tmp_path / "data", port: int = 0, **env: str) -> Running:
            return stack.enter_context(
                ended_afterwards(Running(FAKE, tmp_path, data, port or free_port(), *words, **env))
            )

        yield start
