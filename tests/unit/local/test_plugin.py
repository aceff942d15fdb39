"""The handlers as a provider: what the Pulumi CLI asks for over gRPC, and what it is answered."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from local.engine import wire
from local.plugin import EngineLog, Provider, serve
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
    status_pb2,
)
from tests.unit.local.engine.toys import Stage

from local.resources.base import UNKNOWN

ROOT = Path(__file__).resolve().parents[3]
THING = "toy:index:Thing"
URN = "urn:pulumi:test::toys::toy:index:Thing::one"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@dataclass
class Client:
    """Asks one provider, as the CLI would."""

    stub: Any

    def configure(self, **arguments: Any) -> Any:
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=wire.encode(arguments)))

    def check(self, news: dict[str, Any], olds: dict[str, Any] | None = None, type_: str = THING) -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=URN,
                name="one",
                type=type_,
                news=wire.encode(news),
                olds=wire.encode(olds or {}),
                randomSeed=bytes(range(32)),
            )
        )

    def diff(self, old: dict[str, Any], new: dict[str, Any], type_: str = THING) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=URN, type=type_, old_inputs=wire.encode(old), news=wire.encode(new), olds=wire.encode(old)
            )
        )

    def create(self, properties: dict[str, Any], *, preview: bool = False) -> Any:
        return self.stub.Create(
            provider_pb2.CreateRequest(
                urn=URN, type=THING, name="one", properties=wire.encode(properties), preview=preview
            )
        )

    def read(self, identifier: str, inputs: dict[str, Any], properties: dict[str, Any]) -> Any:
        return self.stub.Read(
            provider_pb2.ReadRequest(
                id=identifier,
                urn=URN,
                type=THING,
                name="one",
                inputs=wire.encode(inputs),
                properties=wire.encode(properties),
            )
        )

    def update(
        self, made: Any, old: dict[str, Any], new: dict[str, Any], *, preview: bool = False
    ) -> dict[str, Any]:
        response = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=URN,
                type=THING,
                name="one",
                olds=made.properties,
                old_inputs=wire.encode(old),
                news=wire.encode(new),
                preview=preview,
            )
        )
        return wire.decode(response.properties)

    def delete(self, made: Any) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=made.id, urn=URN, type=THING, name="one", properties=made.properties
            )
        )


Served = Callable[..., Client]


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    """Serves a provider of the toys over gRPC, and gives a client to it."""
    with ExitStack() as stack:

        def connect(**more: Any) -> Client:
            provider = Provider("toy", catalogue=stage.catalogue, endpoint=stage.target.endpoint, **more)
            server, port = serve(provider)
            stack.callback(lambda: server.stop(None).wait())
            channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
            return Client(provider_pb2_grpc.ResourceProviderStub(channel))

        yield connect


@pytest.fixture
def client(served: Served) -> Client:
    """A client of a provider that is configured."""
    client = served(version="1.2.3")
    client.configure()
    return client


def test_a_plugin_says_what_it_is(client: Client) -> None:
    """The CLI asks for a plugin of the version that the SDK has."""
    handshake = client.stub.Handshake(provider_pb2.ProviderHandshakeRequest())

    assert client.stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert json.loads(client.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema) == {"name": "toy"}
    assert (handshake.accept_secrets, handshake.accept_resources) == (True, True)


def test_a_plugin_takes_part_where_it_has_nothing_to_say(client: Client) -> None:
    """A method that is not there would be an error of the CLI's."""
    assert client.stub.GetMapping(provider_pb2.GetMappingRequest(key="terraform")).provider == ""
    assert list(client.stub.GetMappings(provider_pb2.GetMappingsRequest(key="terraform")).providers) == []
    assert client.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == empty_pb2.Empty()
    assert client.stub.Cancel(empty_pb2.Empty()) == empty_pb2.Empty()


def test_secrets_and_unknowns_reach_a_plugin_that_is_configured(served: Served) -> None:
    configured = served().configure(region="eu-central-1")

    assert (configured.acceptSecrets, configured.supportsPreview) == (True, True)


def test_what_is_asked_before_the_configuration_is_refused(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        served().create({"label": "one"})

    assert caught.value.details() == "provider 'toy' is used before it is configured"


def test_a_providers_own_inputs_are_kept_and_compared(client: Client) -> None:
    checked = client.stub.CheckConfig(provider_pb2.CheckRequest(news=wire.encode({"region": "us-east-1"})))
    changed = client.stub.DiffConfig(
        provider_pb2.DiffRequest(
            old_inputs=wire.encode({"region": "us-east-1", "same": 1}),
            news=wire.encode({"region": "us-east-2", "same": 1}),
        )
    )

    assert wire.decode(checked.inputs) == {"region": "us-east-1"}
    assert (list(changed.diffs), list(changed.replaces)) == (["region"], [])


def test_a_check_gives_the_name_that_the_seed_makes_and_keeps_it(client: Client) -> None:
    first = wire.decode(client.check({"label": "one"}).inputs)

    assert first["name"].startswith("one-")
    assert wire.decode(client.check({"label": "one"}).inputs) == first
    assert wire.decode(client.check({"label": "two"}, olds=first).inputs)["name"] == first["name"]


def test_what_is_secret_stays_secret_through_a_check(client: Client) -> None:
    checked = wire.decode(client.check({"label": "one", "password": wire.secret("hush")}).inputs)

    assert checked["password"] == wire.secret("hush")


def test_a_type_without_a_handler_is_refused_by_name(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.check({}, type_="toy:index:Other")

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert caught.value.details().startswith("toy:index:Other one: the local run has no handler")


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
def test_a_difference_is_told_with_its_kind(
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


def test_no_difference_is_told_as_such(client: Client) -> None:
    assert client.diff({"size": 1}, {"size": 1}).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_only_what_cannot_exist_twice_goes_before_what_replaces_it(client: Client) -> None:
    asked = {"place": "here"}, {"place": "there"}

    assert client.diff(*asked, type_="toy:index:Solo").deleteBeforeReplace
    assert not client.diff(*asked).deleteBeforeReplace


def test_a_resource_is_made_changed_read_and_deleted(client: Client, stage: Stage) -> None:
    inputs = {"label": "one", "name": "one-1", "size": 1}
    made = client.create(inputs)
    read = client.read(made.id, inputs, {})
    changed = client.update(made, inputs, {**inputs, "size": 2})
    client.delete(made)

    assert wire.decode(made.properties) == {**inputs, "version": 1, "address": f"{made.id}.toys"}
    assert (read.id, read.properties, wire.decode(read.inputs)) == (made.id, made.properties, inputs)
    assert (changed["size"], changed["version"]) == (2, 2)
    assert stage.world.calls == ["create one", "update one", "delete one"]


def test_a_preview_makes_nothing_and_tells_what_will_be_known_later(client: Client, stage: Stage) -> None:
    inputs = {"label": "one", "name": "one-1", "size": 1}
    expected = wire.decode(client.create(inputs, preview=True).properties)
    made = client.create(inputs)
    stage.world.calls.clear()
    changed = client.update(made, inputs, {**inputs, "size": 2}, preview=True)

    assert expected == inputs
    assert (changed["size"], changed["version"], changed["address"]) == (2, UNKNOWN, f"{made.id}.toys")
    assert stage.world.calls == []


def test_what_is_gone_is_read_as_nothing(client: Client) -> None:
    assert client.read("thing-7", {"label": "one"}, {}).id == ""


def test_what_was_changed_by_hand_is_read_into_the_inputs(client: Client, stage: Stage) -> None:
    """Else the CLI would compare the program with what it asked for last, and find nothing to mend."""
    inputs = {"label": "one", "name": "one-1", "size": 1}
    made = client.create(inputs)
    stage.world.things[made.id]["size"] = 5

    read = client.read(made.id, inputs, {})

    assert wire.decode(read.inputs) == {**inputs, "size": 5}


def test_secret_inputs_make_secret_outputs(client: Client) -> None:
    inputs = {"label": "one", "name": "one-1", "password": wire.secret("hush")}
    made = client.create(inputs)
    outputs = wire.decode(made.properties)
    read = client.read(made.id, inputs, outputs)
    changed = client.update(made, inputs, {**inputs, "size": 2})

    for properties in (outputs, wire.decode(read.properties), changed):
        assert properties["password"] == wire.secret("hush")
    assert outputs["label"] == "one"


def test_a_failure_is_one_sentence(client: Client, stage: Stage) -> None:
    stage.world.broken.add("one")

    with pytest.raises(grpc.RpcError) as caught:
        client.create({"label": "one"})

    assert caught.value.details() == "one is broken"


def test_what_is_half_made_is_told_with_its_id(client: Client, stage: Stage) -> None:
    """It exists, so that it has to be in the state."""
    stage.world.broken.add("read one")

    with pytest.raises(grpc.RpcError) as caught:
        client.create({"label": "one"})

    ((_, told),) = (pair for pair in caught.value.trailing_metadata() if pair[0] == "grpc-status-details-bin")
    details = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(told).details[0].Unpack(details)
    assert details.id in stage.world.things
    assert list(details.reasons) == ["one cannot be read"]


def test_what_a_killed_run_had_made_is_taken_over_under_its_name(served: Served, stage: Stage) -> None:
    stage.world.things["thing-lost"] = {"label": "one", "name": "one-lost", "urn": URN, "version": 1}
    client = served(known=[])
    client.configure()

    checked = wire.decode(client.check({"label": "one"}).inputs)
    made = client.create(checked)

    assert (checked["name"], made.id) == ("one-lost", "thing-lost")
    assert stage.world.calls == []


def test_what_the_state_knows_is_not_taken_over(served: Served, stage: Stage) -> None:
    """It is another resource's, such as the one that this one replaces."""
    stage.world.things["thing-known"] = {"label": "one", "name": "one-known", "urn": URN, "version": 1}
    client = served(known=[(THING, "thing-known")])
    client.configure()

    client.create({"label": "one", "name": "one-1"})

    assert stage.world.calls == ["create one"]


def test_after_a_run_that_ended_nothing_is_taken_over(client: Client, stage: Stage) -> None:
    stage.world.things["thing-other"] = {"label": "one", "name": "one-other", "urn": URN, "version": 1}

    client.create({"label": "one", "name": "one-1"})

    assert stage.world.calls == ["create one"]


def test_a_function_is_answered_and_a_missing_one_refused_by_name(client: Client) -> None:
    def invoke(token: str) -> Any:
        arguments = wire.encode({"items": [1, 2]})
        return client.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=arguments))

    assert wire.decode(getattr(invoke("toy:index:count"), "return")) == {"count": 2}
    with pytest.raises(grpc.RpcError) as caught:
        invoke("toy:index:nothing")
    assert caught.value.details().startswith("function toy:index:nothing: the local run does not have it")


@dataclass
class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """An engine that makes whatever is registered with it."""

    registered: list[Any] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    refused: str = ""

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.name == self.refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"{request.name} cannot be made")
        self.registered.append(request)
        made = wire.decode(request.object)
        if request.custom:
            made["address"] = f"{request.name}.toys"
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:{request.name}",
            id=f"id-{request.name}" if request.custom else "",
            object=wire.encode(made),
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.outputs[request.urn] = wire.decode(request.outputs)
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
                inputs=wire.encode({"size": 4}),
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
    assert (first.parent, first.provider, wire.decode(first.object)["size"]) == (
        "urn:pair",
        "urn:provider::id",
        4,
    )
    assert (second.parent, wire.decode(second.object)["needs"]) == ("urn:pair-first", "pair-first.toys")
    # An engine deletes in the order that these tell.
    assert list(second.dependencies) == list(second.propertyDependencies["needs"].urns) == ["urn:pair-first"]
    expected = {"address": "pair-second.toys", "first": wire.reference("urn:pair-first", "id-pair-first")}
    assert answer.urn == "urn:pair"
    assert wire.decode(answer.state) == monitor.outputs["urn:pair"] == expected
    assert list(answer.stateDependencies["address"].urns) == ["urn:pair-second"]


def test_a_child_that_cannot_be_made_is_told_with_its_component(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        construct(client, Monitor(refused="pair-second"))

    assert caught.value.details() == "toy:index:Pair pair: pair-second cannot be made"


def test_a_component_without_a_stand_in_is_refused_by_name(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        construct(client, Monitor(), "toy:index:Other")

    assert caught.value.details() == "toy:index:Other pair: the local run has no stand-in for this component"


class Listening(engine_pb2_grpc.EngineServicer):
    """An engine that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.told.append(request)
        return empty_pb2.Empty()


def test_progress_is_shown_beside_its_resource_for_as_long_as_there_is_an_engine() -> None:
    engine, server = Listening(), grpc.server(ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    log = EngineLog(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()

    log(URN, "half of it")
    server.stop(None).wait()
    log(URN, "the rest")

    ((urn, message, ephemeral),) = ((told.urn, told.message, told.ephemeral) for told in engine.told)
    assert (urn, message, ephemeral) == (URN, "half of it", True)


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """What the CLI gives to a plugin."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LOCAL_EMULATOR_ENDPOINT": "http://127.0.0.1:1",
        "LOCAL_PLUGINS_LOCK": str(tmp_path / "lock"),
    }


PLUGIN = [sys.executable, "-P", "-m", "local.plugin", "aws", "127.0.0.1:1"]


def test_a_plugin_tells_its_port_serves_and_ends_when_it_is_told_to(surroundings: dict[str, str]) -> None:
    with subprocess.Popen(PLUGIN, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
        process.terminate()

        assert process.wait(timeout=20) == 0
    assert info.version == importlib.metadata.version("pulumi-aws")


def test_a_plugin_ends_after_a_cli_that_was_killed_and_holds_its_lock_until_then(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    """It would stay for ever, and nobody would know what it still makes."""
    program = f"import subprocess; subprocess.run({PLUGIN!r})"
    with subprocess.Popen(
        [sys.executable, "-c", program], env=surroundings, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        int(parent.stdout.readline())
        with (tmp_path / "lock").open() as lock:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            parent.kill()

            ended, _, _ = select.select([parent.stdout], [], [], 20)

            assert ended == [parent.stdout]
            assert parent.stdout.read() == ""
            fcntl.flock(lock, fcntl.LOCK_EX)
