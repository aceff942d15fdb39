"""A provider of the toys, and its client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from local.provider.server import Provider, serve
from tests.unit.local.provider.client import Client, Served
from tests.unit.local.provider.toys import World, package


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with ExitStack() as stack:

        def connect(**more: Any) -> Client:
            server, port = serve(Provider(**package(world), **more))
            stack.callback(lambda: server.stop(None).wait())
            channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
            return Client(provider_pb2_grpc.ResourceProviderStub(channel))

        yield connect


@pytest.fixture
def client(served: Served) -> Client:
    """A client of a configured provider."""
    client = served(version="1.2.3")
    client.configure()
    return client
