"""Remote components, whose children a stand-in registers with the engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from local.provider import values
from tests.unit.local.provider.client import Client


@dataclass
class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """An engine that creates every registered resource."""

    registered: list[Any] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    refused: str = ""

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.name == self.refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"{request.name} cannot be made")
        self.registered.append(request)
        made = values.decode(request.object)
        if request.custom:
            made["address"] = f"{request.name}.toys"
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:{request.name}",
            id=f"id-{request.name}" if request.custom else "",
            object=values.encode(made),
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.outputs[request.urn] = values.decode(request.outputs)
        return empty_pb2.Empty()


def construct(client: Client, monitor: Monitor, type_: str = "toy:index:Pair") -> Any:
    server = grpc.server(ThreadPoolExecutor(2))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        return client.stub.Construct(
            provider_pb2.ConstructRequest(
                type=type_,
                name="pair",
                parent="urn:parent",
                inputs=values.encode({"size": 4}),
                providers={"toy": "urn:provider::id"},
                protect=True,
                monitorEndpoint=f"127.0.0.1:{port}",
            )
        )
    finally:
        server.stop(None).wait()


def test_a_remote_component_is_registered_with_its_children(client: Client) -> None:
    monitor = Monitor()
    answer = construct(client, monitor)

    pair, first, second = monitor.registered
    assert (pair.name, pair.parent, pair.custom, pair.protect) == ("pair", "urn:parent", False, True)
    assert (first.parent, first.provider, values.decode(first.object)["size"]) == (
        "urn:pair",
        "urn:provider::id",
        4,
    )
    assert (second.parent, values.decode(second.object)["needs"]) == ("urn:pair-first", "pair-first.toys")
    # The engine deletes in the reverse order of these.
    assert list(second.dependencies) == list(second.propertyDependencies["needs"].urns) == ["urn:pair-first"]
    expected = {"address": "pair-second.toys", "first": values.reference("urn:pair-first", "id-pair-first")}
    assert answer.urn == "urn:pair"
    assert values.decode(answer.state) == monitor.outputs["urn:pair"] == expected
    assert list(answer.stateDependencies["address"].urns) == ["urn:pair-second"]


def test_a_failed_child_is_reported_with_its_component(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        construct(client, Monitor(refused="pair-second"))

    assert caught.value.details() == "toy:index:Pair pair: pair-second cannot be made"


def test_an_unsupported_component_is_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        construct(client, Monitor(), "toy:index:Other")

    assert (
        caught.value.details()
        == "toy:index:Other pair: the local run does not support this component: add it in local/resources, or run this stack on AWS"
    )
