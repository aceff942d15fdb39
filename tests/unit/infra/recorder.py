"""Runs a Pulumi program against mocks and records everything that it declares, as plain data."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec

import pulumi
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import rpc, settings, stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockEngine, MockMonitor, MockSettings, _resolve_callbacks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.sync_await import _ensure_event_loop, _sync_await

from automation.stacks.lean_sdk import lean_sdk
from tests.unit.infra.fake_cloud import FakeCloud

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"

PROJECT = "node-on-ecs"
P = ParamSpec("P")


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi encrypts in the state."""

    value: Any


@dataclass(frozen=True)
class Unknown:
    """A value that is unknown in a preview."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource, as the program declared it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    provider: str
    providers: dict[str, str]
    protect: bool
    retain_on_delete: bool
    remote: bool
    dependencies: frozenset[str]
    property_dependencies: dict[str, frozenset[str]]
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    replacement_trigger: Any
    former_names: tuple[str, ...]
    timeouts: dict[str, str]
    hooks: dict[str, tuple[str, ...]]
    """Names of resource hooks, by their event."""
    transforms: tuple[
        Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None], ...
    ] = field(compare=False)

    @property
    def is_component(self) -> bool:
        return self.type.startswith(f"{PROJECT}:")


@dataclass(frozen=True)
class Invoked:
    """A call of a provider's function."""

    token: str
    arguments: dict[str, Any]
    provider: str


@dataclass
class Graph:
    """Everything that one run declared; complete, so that tests can assert absence."""

    resources: list[Declared] = field(default_factory=list)
    invokes: list[Invoked] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Registered outputs of the stack and its components, by URN."""

    def all(self, token: str) -> list[Declared]:
        return [resource for resource in self.resources if resource.type == token]

    def one(self, token: str, name: str | None = None) -> Declared:
        matches = [resource for resource in self.all(token) if name is None or resource.name == name]
        assert len(matches) == 1, f"{token} {name or ''}: {self.names(token)}"
        return matches[0]

    def names(self, token: str) -> list[str]:
        return sorted(resource.name for resource in self.all(token))

    def calls(self, token: str) -> list[Invoked]:
        return [invoked for invoked in self.invokes if invoked.token == token]

    @property
    def exports(self) -> dict[str, Any]:
        return next(outputs for urn, outputs in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn)

    def containers(self, task_definition: str) -> dict[str, dict[str, Any]]:
        """Return the container definitions of a task definition, by name."""
        inputs = self.one("aws:ecs/taskDefinition:TaskDefinition", task_definition).inputs
        return {container["name"]: container for container in json.loads(inputs["containerDefinitions"])}

    def statements(self, role_policy: str) -> dict[str, dict[str, Any]]:
        """Return the statements of a role's inline policy, by Sid."""
        document = json.loads(self.one("aws:iam/rolePolicy:RolePolicy", role_policy).inputs["policy"])
        return {statement.get("Sid", ""): statement for statement in document["Statement"]}

    def trust(self, role: str) -> dict[str, Any]:
        """Return the only statement of a role's trust policy."""
        document = json.loads(self.one("aws:iam/role:Role", role).inputs["assumeRolePolicy"])
        (statement,) = document["Statement"]
        return statement

    def component_outputs(self, token: str, name: str) -> dict[str, Any]:
        return self.outputs[self.one(token, name).urn]


class _Monitor(MockMonitor):
    """Records requests in place of the engine, with the fields that `MockResourceArgs` drops."""

    def __init__(self, graph: Graph, cloud: FakeCloud, *, dry_run: bool) -> None:
        super().__init__(cloud)
        self._graph = graph
        self._cloud = cloud
        self._dry_run = dry_run

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the real engine does: with the types of all ancestors except the stack."""
        if parent and "::pulumi:pulumi:Stack::" not in parent:
            type_ = f"{parent.split('::')[2]}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        given = json_format.MessageToDict(request.object)
        declared = Declared(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=request.parent,
            inputs=_plain(given),
            provider=request.provider,
            providers=dict(request.providers),
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            remote=request.remote,
            dependencies=frozenset(request.dependencies),
            property_dependencies={
                key: frozenset(value.urns) for key, value in request.propertyDependencies.items()
            },
            ignore_changes=tuple(request.ignoreChanges),
            delete_before_replace=request.deleteBeforeReplace,
            replacement_trigger=json_format.MessageToDict(request.replacement_trigger),
            former_names=tuple(alias.spec.name for alias in request.aliases),
            timeouts=json_format.MessageToDict(request.customTimeouts),
            hooks={when.name: tuple(names) for when, names in request.hooks.ListFields()},
            transforms=tuple(_resolve_callbacks(request.transforms)),
        )
        self._graph.resources.append(declared)
        if declared.is_component:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        made = self._cloud.create(declared.type, declared.name, declared.inputs, dry_run=self._dry_run)
        for child, state in made.children.items():
            self.resources[child] = MockMonitor.ResourceRegistration(child, state["id"], state)
        _ensure_event_loop()
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=made.id,
            # A remote component's outputs differ from its inputs: awsx's `natGateways` is a strategy and then gateways.
            object=_sync_await(
                rpc.serialize_properties({**({} if declared.remote else given), **made.outputs}, {})
            ),
        )

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = _plain(json_format.MessageToDict(request.properties))
        self._graph.invokes.append(Invoked(token=request.type, arguments=inputs, provider=request.provider))
        made = self._cloud.create(request.type, request.name, inputs, dry_run=self._dry_run)
        _ensure_event_loop()
        return resource_pb2.ReadResourceResponse(
            urn=urn,
            properties=_sync_await(rpc.serialize_properties(made.outputs, {})),
        )

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        if request.tok != "pulumi:pulumi:getResource":
            arguments = _plain(json_format.MessageToDict(request.args))
            self._graph.invokes.append(
                Invoked(token=request.tok, arguments=arguments, provider=request.provider)
            )
        return super().Invoke(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self._graph.outputs[request.urn] = _plain(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()


def declare(
    program: Callable[[], object],
    *,
    stack_name: str = "dev",
    config: Mapping[str, object] | None = None,
    dry_run: bool = False,
    cloud: FakeCloud | None = None,
    graph: Graph | None = None,
) -> Graph:
    """Run `program` as `pulumi up` or `pulumi preview` would, and return everything that it declares.

    Args:
        program: declares resources.
        stack_name: its stack.
        config: values by namespaced key; like the CLI, structured values are passed as JSON.
        dry_run: run as a preview.
        cloud: answers for AWS.
        graph: also holds the resources that a failing program declared before its error.
    """
    graph = Graph() if graph is None else graph
    monitor = _Monitor(graph, cloud or FakeCloud(), dry_run=dry_run)
    # Else the stack of the previous run, with its exports, would still be the root.
    settings.reset_options()
    settings.configure(
        MockSettings(
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
            engine=MockEngine(None),
            project=PROJECT,
            stack=stack_name,
            organization="organization",
            dry_run=dry_run,
            callbacks=None,
            outputs=set(),
            lock=threading.Lock(),
        ),
    )
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()
    }
    set_all_config(texts, [])

    def run() -> None:
        program()

    async def run_to_end() -> None:
        # A failing program leaves failed futures behind. Their log messages would be written whenever they are
        # collected, such as inside Python 3.11's ast.parse in another test, which is not reentrant.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await stack.run_in_stack(run)

    # Else the SDK would inspect every frame of pytest for each resource.
    with lean_sdk():
        asyncio.run(run_to_end())
    return graph


def once(build: Callable[P, Graph]) -> Callable[P, Graph]:
    """Cache the graphs of a function by its arguments: tests only read them."""
    graphs: dict[str, Graph] = {}

    @wraps(build)
    def run(*args: P.args, **options: P.kwargs) -> Graph:
        bound = signature(build).bind(*args, **options)
        bound.apply_defaults()
        key = repr({name: value for name, value in bound.arguments.items() if value})
        assert " at 0x" not in key, "arguments need a repr that identifies their value"
        if key not in graphs:
            graphs[key] = build(*args, **options)
        return graphs[key]

    return run


def _plain(value: Any) -> Any:
    match value:
        case dict() if _SIGNATURE in value:
            return Secret(_plain(value["value"])) if value[_SIGNATURE] == _SECRET else value["urn"]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case rpc.UNKNOWN:
            return Unknown()
    return value
