"""The handlers as a provider of the Pulumi CLI, over gRPC."""

from __future__ import annotations

import importlib.metadata
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from local.provider import values
from local.provider.server import COMMON_SERVICES, EngineLog, Provider, Servers, serve
from local.resources.base import UNKNOWN
from local.resources.cloud import Cloud
from tests.unit.local.provider.client import THING, URN, Client, Served
from tests.unit.local.provider.toys import ENDPOINT, World, package

DIFF_NONE = provider_pb2.DiffResponse.DIFF_NONE


def test_a_provider_reports_version_and_capabilities(client: Client) -> None:
    """The CLI requires the version of the SDK."""
    handshake = client.stub.Handshake(provider_pb2.ProviderHandshakeRequest())

    assert client.stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert (handshake.accept_secrets, handshake.accept_resources) == (True, True)


def test_a_provider_can_be_attached_and_cancelled(client: Client) -> None:
    assert client.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == empty_pb2.Empty()
    assert client.stub.Cancel(empty_pb2.Empty()) == empty_pb2.Empty()


def test_a_configured_provider_accepts_secrets_and_previews(served: Served) -> None:
    configured = served().configure(region="eu-central-1")

    assert (configured.acceptSecrets, configured.supportsPreview) == (True, True)


def test_calls_before_the_configuration_are_refused(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        served().create({"label": "one"})

    assert caught.value.details() == "provider 'toy' is used before it is configured"


def test_a_providers_inputs_are_kept_and_compared(client: Client) -> None:
    checked = client.stub.CheckConfig(provider_pb2.CheckRequest(news=values.encode({"region": "us-east-1"})))
    changed = client.stub.DiffConfig(
        provider_pb2.DiffRequest(
            old_inputs=values.encode({"region": "us-east-1", "same": 1}),
            news=values.encode({"region": "us-east-2", "same": 1}),
        )
    )

    assert values.decode(checked.inputs) == {"region": "us-east-1"}
    assert (list(changed.diffs), list(changed.replaces)) == (["region"], [])


def test_check_derives_an_automatic_name_from_the_seed_and_keeps_it(client: Client) -> None:
    first = values.decode(client.check({"label": "one"}).inputs)

    assert first["name"].startswith("one-")
    assert values.decode(client.check({"label": "one"}).inputs) == first
    assert values.decode(client.check({"label": "two"}, olds=first).inputs)["name"] == first["name"]


def test_check_keeps_secrets_secret(client: Client) -> None:
    checked = values.decode(client.check({"label": "one", "password": values.secret("hush")}).inputs)

    assert checked["password"] == values.secret("hush")


def test_check_refuses_an_unsupported_property(client: Client) -> None:
    (failure,) = client.check({"label": "one", "colour": "red"}).failures

    assert "toy:index:Thing: the local run does not support colour" in failure.reason


def test_an_unsupported_type_is_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.check({}, type_="toy:index:Other")

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert str(caught.value.details()).startswith("toy:index:Other one: the local run has no handler")


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({"size": 1}, {"size": 2}, "UPDATE"),
        ({}, {"size": 2}, "ADD"),
        ({"size": 1}, {}, "DELETE"),
        ({"place": "here"}, {"place": "there"}, "UPDATE_REPLACE"),
        ({}, {"place": "there"}, "ADD_REPLACE"),
        ({"place": "here"}, {}, "DELETE_REPLACE"),
    ],
)
def test_a_difference_has_its_kind(
    client: Client, old: dict[str, Any], new: dict[str, Any], kind: str
) -> None:
    response = client.diff(old, new)

    ((key, detail),) = response.detailedDiff.items()
    assert provider_pb2.PropertyDiff.Kind.Name(detail.kind) == kind
    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert (list(response.diffs), list(response.replaces)) == (
        [key],
        [key] if kind.endswith("REPLACE") else [],
    )


def test_no_difference_is_reported_as_none(client: Client) -> None:
    assert client.diff({"size": 1}, {"size": 1}).changes == DIFF_NONE


def test_only_types_that_cannot_coexist_are_deleted_before_replacement(client: Client) -> None:
    old, new = {"place": "here"}, {"place": "there"}

    assert client.diff(old, new, type_="toy:index:Solo").deleteBeforeReplace
    assert not client.diff(old, new).deleteBeforeReplace


def test_a_resource_is_created_read_updated_and_deleted(client: Client, world: World) -> None:
    inputs = {"label": "one", "name": "one-1", "size": 1}
    made = client.create(inputs)
    read = client.read(made.id, inputs, {})
    changed = client.update(made, inputs, {**inputs, "size": 2})
    client.delete(made)

    assert values.decode(made.properties) == {**inputs, "version": 1, "address": f"{made.id}.toys"}
    assert (read.id, read.properties, values.decode(read.inputs)) == (made.id, made.properties, inputs)
    assert (changed["size"], changed["version"]) == (2, 2)
    assert world.calls == ["create one", "update one", "delete one"]


def test_a_preview_calls_nothing_and_marks_changing_outputs_unknown(client: Client, world: World) -> None:
    inputs = {"label": "one", "name": "one-1", "size": 1}
    expected = values.decode(client.create(inputs, preview=True).properties)
    made = client.create(inputs)
    world.calls.clear()
    changed = client.update(made, inputs, {**inputs, "size": 2}, preview=True)

    assert expected == inputs
    assert (changed["size"], changed["version"], changed["address"]) == (2, UNKNOWN, f"{made.id}.toys")
    assert world.calls == []


def test_a_missing_resource_is_read_without_an_id(client: Client) -> None:
    assert client.read("thing-7", {"label": "one"}, {}).id == ""


def test_manual_changes_are_read_into_the_inputs(client: Client, world: World) -> None:
    """Otherwise the CLI would compare the program with the previous inputs, and find no difference."""
    inputs = {"label": "one", "name": "one-1", "size": 1}
    made = client.create(inputs)
    world.things[made.id]["size"] = 5

    read = client.read(made.id, inputs, {})

    assert values.decode(read.inputs) == {**inputs, "size": 5}


def test_secret_inputs_are_secret_outputs(client: Client) -> None:
    inputs = {"label": "one", "name": "one-1", "password": values.secret("hush")}
    made = client.create(inputs)
    outputs = values.decode(made.properties)
    read = client.read(made.id, inputs, outputs)
    changed = client.update(made, inputs, {**inputs, "size": 2})

    for properties in (outputs, values.decode(read.properties), changed):
        assert properties["password"] == values.secret("hush")
    assert outputs["label"] == "one"


def test_a_failure_is_reported_as_its_message(client: Client, world: World) -> None:
    world.broken.add("one")

    with pytest.raises(grpc.RpcError) as caught:
        client.create({"label": "one"})

    assert caught.value.details() == "one is broken"


def test_a_created_resource_that_cannot_be_read_is_reported_with_its_id(client: Client, world: World) -> None:
    """It exists, so it has to be in the state."""
    world.broken.add("read one")

    with pytest.raises(grpc.RpcError) as caught:
        client.create({"label": "one"})

    details = unfinished(caught.value)
    assert details.id in world.things
    assert list(details.reasons) == ["one cannot be read"]


@pytest.mark.parametrize("operation", ["create", "update"])
def test_an_unfinished_resource_is_kept_with_the_configured_values(
    client: Client, world: World, operation: str
) -> None:
    """As with the official provider: an update with the same inputs changes and repairs nothing."""
    old, new = {"label": "one", "name": "one-1", "size": 1}, {"label": "one", "name": "one-1", "size": 2}
    made = client.create(old) if operation == "update" else None
    world.broken.add("finish one")

    with pytest.raises(grpc.RpcError) as caught:
        client.update(made, old, new) if made else client.create(new)

    details = unfinished(caught.value)
    assert details.id in world.things
    assert values.decode(details.properties)["size"] == 2
    assert list(details.reasons) == ["one is not finished"]


def test_an_unfinished_resource_is_not_repaired_by_the_same_inputs(client: Client, world: World) -> None:
    """The engine then has the previous inputs, and the configured values as outputs."""
    old, new = {"label": "one", "name": "one-1", "size": 1}, {"label": "one", "name": "one-1", "size": 2}
    new["needs"] = "another"
    made = client.create(old)
    made.properties.update(new)
    world.calls.clear()

    assert client.diff(old, new, outputs=values.decode(made.properties)).changes == DIFF_NONE
    assert client.update(made, old, new)["size"] == 1
    assert world.calls == []


def unfinished(error: Any) -> Any:
    """Return the details of an error about a resource that exists."""
    ((_, text),) = (pair for pair in error.trailing_metadata() if pair[0] == "grpc-status-details-bin")
    details = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(text).details[0].Unpack(details)
    return details


def test_a_resource_of_a_killed_run_is_adopted_with_its_name(served: Served, world: World) -> None:
    world.things["thing-lost"] = {"label": "one", "name": "one-lost", "urn": URN, "version": 1}
    client = served(known=[])
    client.configure()

    checked = values.decode(client.check({"label": "one"}).inputs)
    made = client.create(checked)

    assert (checked["name"], made.id) == ("one-lost", "thing-lost")
    assert world.calls == []


def test_a_resource_in_the_state_is_not_adopted(served: Served, world: World) -> None:
    """It belongs to another resource, such as the one that this one replaces."""
    world.things["thing-known"] = {"label": "one", "name": "one-known", "urn": URN, "version": 1}
    client = served(known=[(THING, "thing-known")])
    client.configure()

    client.create({"label": "one", "name": "one-1"})

    assert world.calls == ["create one"]


def test_a_missing_resource_can_be_created_with_its_old_id(served: Served, world: World) -> None:
    """A refresh has read it before; an id that is made of properties is used again."""
    client = served(known=[])
    client.configure()
    assert client.read("thing-lost", {"label": "one"}, {}).id == ""
    world.things["thing-lost"] = {"label": "one", "name": "one-lost", "urn": URN, "version": 1}

    assert client.create({"label": "one", "name": "one-lost"}).id == "thing-lost"


def test_nothing_is_adopted_after_a_completed_run(client: Client, world: World) -> None:
    world.things["thing-other"] = {"label": "one", "name": "one-other", "urn": URN, "version": 1}

    client.create({"label": "one", "name": "one-1"})

    assert world.calls == ["create one"]


def test_a_function_is_called_and_an_unsupported_one_is_refused(client: Client) -> None:
    def invoke(token: str) -> Any:
        arguments = values.encode({"items": [1, 2]})
        return client.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=arguments))

    assert values.decode(getattr(invoke("toy:index:count"), "return")) == {"count": 2}
    with pytest.raises(grpc.RpcError) as caught:
        invoke("toy:index:nothing")
    assert str(caught.value.details()).startswith(
        "function toy:index:nothing: the local run does not support it"
    )


class RecordingEngine(engine_pb2_grpc.EngineServicer):
    """An engine that records its log requests."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.requests.append(request)
        return empty_pb2.Empty()


def test_progress_is_sent_to_the_engine_while_it_runs() -> None:
    engine, server = RecordingEngine(), grpc.server(ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    log = EngineLog(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()

    log.show(URN, "half of it")
    server.stop(None).wait()
    log.show(URN, "the rest")

    ((urn, message, ephemeral),) = (
        (request.urn, request.message, request.ephemeral) for request in engine.requests
    )
    assert (urn, message, ephemeral) == (URN, "half of it", True)


def test_each_provider_instance_has_its_own_configuration(world: World) -> None:
    """The CLI connects once for each; after a lost connection the last configuration applies."""
    provider = Provider(**package(world), version="1.2.3")
    regions: list[str] = []
    provider._invokes = {"toy:index:region": lambda cloud, _: {"region": regions.append(cloud.region)}}
    server, port = serve(provider)
    # Otherwise both would share one connection.
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.insecure_channel(f"127.0.0.1:{port}", options=options) for _ in range(3)]
    clients = [Client(provider_pb2_grpc.ResourceProviderStub(channel)) for channel in channels]
    try:
        for client, region in zip(clients, ("us-east-1", "eu-central-1"), strict=False):
            client.configure(region=region)
        for client in clients:
            client.stub.Invoke(provider_pb2.InvokeRequest(tok="toy:index:region", args=values.encode({})))
    finally:
        for channel in channels:
            channel.close()
        server.stop(None).wait()

    assert regions == ["us-east-1", "eu-central-1", "eu-central-1"]


def test_a_run_uses_the_clients_that_were_created_early(monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[tuple[str, str]] = []
    loaded = threading.Event()
    monkeypatch.setattr(Cloud, "_make_client", lambda cloud, name: created.append((cloud.region, name)))
    monkeypatch.setattr("local.image_build.buildkit_client", loaded.set)
    servers = Servers(ENDPOINT)
    try:
        servers.prepare_update("eu-central-1")
        assert loaded.wait(30)
        early = [*created]
        provider = servers._providers["aws"]
        provider._invokes = {
            "toy:index:use": lambda cloud, _: {"used": [*map(cloud.client, COMMON_SERVICES)]}
        }
        port = dict(part.split(":") for part in servers.variable.split(","))["aws"]
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = Client(provider_pb2_grpc.ResourceProviderStub(channel))
            client.configure(region="eu-central-1")
            client.stub.Invoke(provider_pb2.InvokeRequest(tok="toy:index:use", args=values.encode({})))
    finally:
        servers.stop()

    assert created == early == [("eu-central-1", name) for name in COMMON_SERVICES]


def test_every_package_is_served_with_the_version_of_its_sdk() -> None:
    servers = Servers(ENDPOINT)
    try:
        ports = dict(part.split(":") for part in servers.variable.split(","))
        for package_, port in ports.items():
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
            assert info.version == importlib.metadata.version(f"pulumi-{package_}")
    finally:
        servers.stop()

    assert set(ports) == {"aws", "awsx", "docker", "docker-build", "random"}
