"""Stands where the SDK's `MockMonitor` stands and does what Pulumi's engine would do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from local.engine import state as states
from local.engine import wire
from local.engine.catalogue import Catalogue
from local.engine.clouds import PROVIDER_PREFIX, Clouds
from local.engine.errors import EngineError, StepFailedError, UnsupportedError
from local.engine.events import Event
from local.engine.goal import Goal, goal_of, urn_of
from local.engine.state import STACK_TYPE, ResourceState
from local.engine.steps import Steps, Surroundings, handler_of, state_of
from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.construct import Attribute, Registered, ResourceReference

_STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
_NO_PROVIDER_VERSION: Final = "default"
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
)


class Monitor:
    """Receives what the program registers, on many threads at once."""

    def __init__(
        self,
        *,
        project: str,
        stack: str,
        around: Surroundings,
        steps: Steps,
        catalogue: Catalogue,
        clouds: Clouds,
        backend: Path,
        passphrase: str,
        finish: Callable[[], None],
    ) -> None:
        self._project = project
        self._stack = stack
        self._around = around
        self._steps = steps
        self._catalogue = catalogue
        self._clouds = clouds
        self._backend = backend
        self._passphrase = passphrase
        self._finish = finish
        self._goals: dict[str, Goal] = {}
        self._done: dict[str, ResourceState] = {}
        # Which children a remote component's outputs come from: whoever uses one depends on them.
        self._sources: dict[str, dict[str, set[str]]] = {}
        self._lock = threading.Lock()

    # What the SDK calls; the names are the protocol's.

    def SupportsFeature(self, request: Any) -> Any:  # noqa: D102, N802
        del request
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: D102, N802
        del request
        return resource_pb2.DeploymentInfo(supportedFeatures=list(_FEATURES))

    def RegisterPackage(self, request: Any) -> Any:  # noqa: D102, N802
        raise UnsupportedError(f"package {request.name}: the local run has no parameterised providers")

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: D102, N802
        self._around.callbacks.add_stack_transform(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: D102, N802
        del request
        raise UnsupportedError("invoke transforms: the local run has none")

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: D102, N802
        self._around.callbacks.add_hook(request)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:  # noqa: D102, N802
        raise UnsupportedError(f"error hook {request.name}: the local run has none")

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: D102, N802
        # Deletions belong here: their hooks need the program, which ends when this returns.
        del request
        self._finish()
        return empty_pb2.Empty()

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: D102, N802
        with self._lock:
            old = self._done[request.urn]
            new = replace(old, outputs=wire.decode(request.outputs))
            self._done[request.urn] = new
        self._around.snapshot.settle(new)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: D102, N802
        arguments: Properties = wire.reveal(wire.decode(request.args))
        if request.tok == "pulumi:pulumi:getResource":
            found = self._done.get(arguments["urn"])
            if found is None:
                raise EngineError(f"{arguments['urn']} is asked for and does not exist")
            answer: Properties = {
                "urn": found.urn,
                "id": found.id or UNKNOWN,
                "state": self._outputs_for_program(found),
            }
        else:
            provider = request.provider or self._default_provider(request.tok, request.version)
            answer = self._invoke(request.tok, arguments, self._clouds.of(provider))
        response = resource_pb2.ResourceInvokeResponse()
        # The field's name is a keyword of Python.
        getattr(response, "return").CopyFrom(wire.encode(answer))
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: D102, N802
        with self._failures_told(request):
            state = self._read(request)
        return resource_pb2.ReadResourceResponse(urn=state.urn, properties=wire.encode(state.outputs))

    def RegisterResource(self, request: Any) -> Any:  # noqa: D102, N802
        with self._failures_told(request):
            state = self._register(request)
        response = resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=wire.encode(self._outputs_for_program(state)),
            result=resource_pb2.SUCCESS,
        )
        for key, urns in self._sources.get(state.urn, {}).items():
            response.propertyDependencies[key].urns.extend(sorted(urns))
        return response

    # What it does with it.

    @contextmanager
    def _failures_told(self, request: Any) -> Generator[None]:
        try:
            yield
        except StepFailedError:
            self._around.callbacks.stop()
            raise
        except (EngineError, ResourceError) as error:
            self._around.callbacks.stop()
            urn = urn_of(self._stack, self._project, request.parent, request.type, request.name)
            self._steps.stop(error)
            self._around.listen(Event("failed", "create", urn, request.type, message=str(error)))
            raise

    def _read(self, request: Any) -> ResourceState:
        urn = urn_of(self._stack, self._project, request.parent, request.type, request.name)
        goal = Goal(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=True,
            inputs=wire.decode(request.properties),
            parent=request.parent,
            provider=request.provider or self._default_provider(request.type, request.version),
            dependencies=tuple(sorted(request.dependencies)),
        )
        if request.type == _STACK_REFERENCE:
            inputs: Properties = {"name": goal.inputs.get("name", request.name)}
            outputs = {**inputs, **self._read_stack(str(inputs["name"]))}
        else:
            handler = handler_of(self._catalogue.handlers, request.type, request.name)
            cloud = self._clouds.of(goal.provider)
            read = handler.read(cloud, id=request.id, inputs=wire.reveal(goal.inputs))
            if read is None:
                raise EngineError(f"{request.type} {request.name}: there is none with id {request.id!r}")
            inputs, outputs = goal.inputs, read
        state = replace(state_of(goal, request.id, inputs, outputs, None), external=True)
        self._record(goal, state)
        self._around.listen(Event("done", "read", urn, request.type))
        return state

    def _register(self, request: Any) -> ResourceState:
        if request.type != STACK_TYPE and not request.type.startswith(PROVIDER_PREFIX):
            self._around.callbacks.transform(request)
        parent = self._goals.get(request.parent)
        goal = goal_of(
            request,
            stack=self._stack,
            project=self._project,
            parent_aliases=parent.aliases if parent else (),
        )
        with self._lock:
            if goal.urn in self._goals:
                raise EngineError(f"{goal.urn} is registered twice: give each resource a name of its own")
            self._goals[goal.urn] = goal
        self._around.callbacks.add_transforms(goal.urn, goal.parent, list(request.transforms))
        if goal.type.startswith(PROVIDER_PREFIX):
            return self._provider(goal)
        if goal.remote:
            return self._remote(goal, request)
        if not goal.custom:
            return self._component(goal)
        return self._custom(
            goal
            if goal.provider
            else replace(goal, provider=self._default_provider(goal.type, request.version)),
        )

    def _custom(self, goal: Goal) -> ResourceState:
        state = self._steps.apply(goal)
        with self._lock:
            self._done[goal.urn] = state
        return state

    def _component(self, goal: Goal) -> ResourceState:
        old = self._steps.old_of(goal)
        state = state_of(goal, "", goal.inputs, {}, old)
        self._record(goal, state, old)
        operation = "same" if old else "create"
        self._around.listen(Event("done", operation, goal.urn, goal.type, component=True))
        return state

    def _record(self, goal: Goal, state: ResourceState, old: ResourceState | None = None) -> None:
        with self._lock:
            self._goals[goal.urn] = goal
            self._done[goal.urn] = state
        old = old or self._steps.old_of(goal)
        self._around.snapshot.settle(state, supersedes=old)

    def _provider(self, goal: Goal) -> ResourceState:
        old = self._steps.old_of(goal)
        fresh = "" if self._around.dry_run else str(uuid.uuid4())
        identifier = old.id if old else fresh
        state = state_of(goal, identifier, goal.inputs, goal.inputs, old)
        self._record(goal, state, old)
        self._clouds.add(state)
        operation = "same" if old and old.inputs == goal.inputs else "update" if old else "create"
        self._around.listen(Event("done", operation, goal.urn, goal.type))
        return state

    def _default_provider(self, token: str, version: str) -> str:
        """The reference of the provider that Pulumi makes when the program names none."""
        package = token.split(":", 1)[0]
        name = f"default_{version.replace('.', '_')}" if version else _NO_PROVIDER_VERSION
        kind = f"{PROVIDER_PREFIX}{package}"
        urn = urn_of(self._stack, self._project, "", kind, name)
        with self._lock:
            known = self._done.get(urn)
        if known is None:
            inputs: Properties = {"version": version} if version else {}
            goal = Goal(urn=urn, type=kind, name=name, custom=True, inputs=inputs)
            with self._lock:
                fresh = urn not in self._goals
                self._goals[urn] = goal
            if fresh:
                known = self._provider(goal)
            else:
                return self._default_provider_made_elsewhere(urn)
        return f"{urn}::{known.id or wire.UNKNOWN_TEXT}"

    def _default_provider_made_elsewhere(self, urn: str) -> str:
        """Another thread registers it at this moment: it takes microseconds."""
        while urn not in self._done:
            threading.Event().wait(0.001)
        return f"{urn}::{self._done[urn].id or wire.UNKNOWN_TEXT}"

    def _remote(self, goal: Goal, request: Any) -> ResourceState:
        construct = self._catalogue.constructors.get(goal.type)
        if construct is None:
            raise UnsupportedError(
                f"{goal.type} {goal.name}: the local run has no stand-in for this component"
            )
        provider = goal.providers.get("aws") or self._default_provider("aws:", "")
        self._default_provider(goal.type, request.version)
        state = self._component(goal)
        children = _Children(self, provider)
        outputs = construct(children, name=goal.name, urn=goal.urn, inputs=wire.reveal(goal.inputs))
        sources: dict[str, set[str]] = {key: set() for key in outputs}
        finished = replace(
            state,
            outputs={key: _resolve(value, sources[key]) for key, value in outputs.items()},
        )
        with self._lock:
            self._sources[goal.urn] = sources
            self._done[goal.urn] = finished
        self._around.snapshot.settle(finished)
        return finished

    def _invoke(self, token: str, arguments: Properties, cloud: Cloud) -> Properties:
        function = self._catalogue.invokes.get(token)
        if function is None:
            raise UnsupportedError(
                f"function {token}: the local run does not have it; add it in local/resources"
            )
        return function(cloud, arguments)

    def _read_stack(self, name: str) -> Properties:
        """The outputs of another stack, as a StackReference shows them."""
        parts = name.split("/")
        project, stack = (parts[-2] if len(parts) > 1 else self._project), parts[-1]
        path = states.path_of(self._backend, project, stack)
        if not path.exists():
            there = ", ".join(states.stacks(self._backend, project)) or "none"
            raise EngineError(
                f"stack {name!r} does not exist on this machine (there are: {there}); `make up` it first"
            )
        outputs = states.load(path, project, stack, self._passphrase).outputs()
        return {
            "outputs": outputs,
            "secretOutputNames": sorted(key for key, value in outputs.items() if wire.secret_paths(value)),
        }

    def _outputs_for_program(self, state: ResourceState) -> Properties:
        return {**state.inputs, **state.outputs} if state.custom else state.outputs


class _Children:
    """Registers a remote component's children for its stand-in."""

    def __init__(self, monitor: Monitor, provider: str) -> None:
        self._monitor = monitor
        self._provider = provider

    def register(
        self,
        token: str,
        name: str,
        inputs: Properties,
        *,
        parent: str,
        depends_on: Sequence[str] = (),
    ) -> Registered:
        dependencies: dict[str, set[str]] = {}
        plain = {key: _resolve(value, dependencies.setdefault(key, set())) for key, value in inputs.items()}
        request = resource_pb2.RegisterResourceRequest(
            type=token,
            name=name,
            custom=True,
            parent=parent,
            object=wire.encode(plain),
            provider=self._provider,
            dependencies=sorted({*depends_on, *(urn for urns in dependencies.values() for urn in urns)}),
        )
        for key, urns in dependencies.items():
            request.propertyDependencies[key].urns.extend(sorted(urns))
        state = self._monitor._register(request)  # noqa: SLF001 -- one mind in two classes  # pyright: ignore[reportPrivateUsage]
        return Registered(state.urn, state.id or None, wire.reveal(state.outputs))

    def invoke(self, token: str, arguments: Properties) -> Properties:
        return self._monitor._invoke(token, arguments, self._monitor._clouds.of(self._provider))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _resolve(value: Any, urns: set[str]) -> Any:
    """The plain value of what a stand-in gives, noting in `urns` which resources it comes from."""
    match value:
        case Attribute():
            urns.add(value.urn)
            return value.value
        case ResourceReference():
            urns.add(value.urn)
            return wire.reference(value.urn, value.id)
        case Mapping():
            return {key: _resolve(item, urns) for key, item in cast("Mapping[str, Any]", value).items()}
        case list() | tuple():
            return [_resolve(item, urns) for item in cast("list[Any]", value)]
        case _:
            return value
