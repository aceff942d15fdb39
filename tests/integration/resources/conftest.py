"""A bench for each test, on the emulator of the session."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest

from local.base_image import base_image
from local.docker import connect
from local.resources.cloud import Cloud
from tests.integration.resources.example import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from local.emulator import Emulator

_numbers = count(1)


@pytest.fixture(scope="session")
def clients(emulator: Emulator) -> Cloud:
    """The session's boto3 clients: creating them takes longer than the calls."""
    return Cloud(emulator.endpoint, region=emulator.region)


@contextmanager
def new_bench(clients: Cloud) -> Iterator[Workbench]:
    """Make a workbench with default tags, as the program's provider has them."""
    cloud = Cloud(
        clients.endpoint,
        region=clients.region,
        default_tags={"Project": "node-on-ecs", "Stack": "test"},
        shared=clients.shared,
    )
    bench = Workbench(cloud, name=f"t{next(_numbers)}")
    try:
        yield bench
    finally:
        bench.clear()


@pytest.fixture
def bench(clients: Cloud) -> Iterator[Workbench]:
    """A workbench for one test."""
    with new_bench(clients) as bench:
        yield bench


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(client: docker.DockerClient) -> str:
    """The base image, which has Node."""
    return base_image(client, lambda _: None)
