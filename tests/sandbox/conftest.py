"""The stand-in shop for a test, and a client that calls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.magento import MagentoSandbox
from tests.sandbox.magento_client import Client


@pytest.fixture
def shop() -> Iterator[MagentoSandbox]:
    with MagentoSandbox() as shop:
        yield shop


@pytest.fixture
def client(shop: MagentoSandbox) -> Iterator[Client]:
    client = Client(shop.url, shop.token)
    yield client
    client.close()
