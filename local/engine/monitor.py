"""Stands where the SDK's `MockMonitor` stands and does what Pulumi's engine would do."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from local.engine import state as states
from local.engine import wire
from local.engine.catalogue import Catalogue
from local.engine.children import package_of, registration, resolve
from local.engine.clouds import PROVIDER_PREFIX, Clouds
from local.engine.errors import EngineError, StepFailedError, UnsupportedError
from local.engine.events import Event
from local.engine.goal import Goal, goal_of, urn_of
from local.engine.operations import handler_of
from local.engine.state import STACK_TYPE, ResourceState
from local.engine.steps import Steps, Surroundings, state_of
from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.construct import Registered

_STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
_NO_PROVIDER_VERSION: Final = "default"
_PULUMI: Final = "pulumi"
_INTERNAL: Final = "__internal"
"""Where the CLI keeps how to get a plugin; there is nothing in it that is not Pulumi's default."""
_FORBIDDEN_DEFAULTS: Final = "pulumi:disable-default-providers"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_]")
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
        config: Mapping[str, str],
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
        self._config = config
        self._finish = finish
        self._stack_outputs: tuple[str, Properties] | None = None
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
        outputs = wire.decode(request.outputs)
        if self._done[request.urn].type == STACK_TYPE:
            # They count when the run is over: what one that failed does not tell is no output that went.
            self._stack_outputs = (request.urn, outputs)
        else:
            self._settle_outputs(request.urn, outputs)
        return empty_pb2.Empty()

    def settle_outputs(self, *, failed: bool) -> None:
        """Record the stack's outputs at the end of a run."""
        if self._stack_outputs is not None:
            urn, outputs = self._stack_outputs
            self._settle_outputs(urn, (self._done[urn].outputs if failed else {}) | outputs)

    def _settle_outputs(self, urn: str, outputs: Properties) -> None:
        with self._lock:
            new = self._done[urn] = replace(self._done[urn], outputs=outputs)
        self._around.snapshot.settle(new)

    def Invoke(self, request: Any) -> Any:  # noqa: D102, N802
        arguments: Properties = wire.reveal(wire.decode(request.args))
        if request.tok == "pulumi:pulumi:getResource":
            # The CLI asks a provider of its own for it, which it notes in the state.
            self._default_provider(request.tok, "")
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
            parent=parent,
        )
        with self._lock:
            if goal.urn in self._goals:
                raise EngineError(f"{goal.urn} is registered twice: give each resource a name of its own")
            self._goals[goal.urn] = goal
        self._around.callbacks.add_transforms(goal.urn, goal.parent, list(request.transforms))
        if goal.type.startswith(PROVIDER_PREFIX):
            return self._provider(goal, request.version)
        if goal.remote:
            return self._remote(goal, request)
        if not goal.custom:
            return self._component(goal)
        return self._custom(
            goal
            if goal.provider
            else replace(goal, provider=self._default_provider(goal.type, request.version, goal.urn)),
        )

    def _custom(self, goal: Goal) -> ResourceState:
        state = self._steps.apply(goal)
        with self._lock:
            self._done[goal.urn] = state
        return state

    def _component(self, goal: Goal) -> ResourceState:
        old = self._steps.old_of(goal)
        # Until it registers its outputs, it has those that it had.
        kept = old.outputs if old is not None and old.inputs == goal.inputs else {}
        state = state_of(goal, "", goal.inputs, kept, old)
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

    def _provider(self, goal: Goal, version: str) -> ResourceState:
        inputs: Properties = dict(goal.inputs)
        if version:
            inputs |= {_INTERNAL: dict[str, Any](), "version": version}
        outputs: Properties = {key: value for key, value in inputs.items() if key != _INTERNAL}
        old = self._steps.old_of(goal)
        fresh = "" if self._around.dry_run else str(uuid.uuid4())
        identifier = old.id if old else fresh
        state = state_of(goal, identifier, inputs, outputs, old)
        self._record(goal, state, old)
        self._clouds.add(state)
        operation = "same" if old and old.inputs == inputs else "update" if old else "create"
        self._around.listen(Event("done", operation, goal.urn, goal.type))
        return state

    def _default_provider(self, token: str, version: str, wanted_by: str = "") -> str:
        """The reference of the provider that Pulumi makes when the program names none.

        Raises:
            EngineError: the configuration forbids it for this package.
        """
        package = token.split(":", 1)[0]
        self._require_allowed(package, wanted_by or token)
        name = f"default_{_UNFIT.sub('_', version)}" if version else _NO_PROVIDER_VERSION
        kind = f"{PROVIDER_PREFIX}{package}"
        urn = urn_of(self._stack, self._project, "", kind, name)
        with self._lock:
            known = self._done.get(urn)
        if known is None:
            inputs: Properties = {
                key.partition(":")[2]: value
                for key, value in self._config.items()
                if key.startswith(f"{package}:") and package != _PULUMI
            }
            goal = Goal(urn=urn, type=kind, name=name, custom=True, inputs=inputs)
            with self._lock:
                fresh = urn not in self._goals
                self._goals[urn] = goal
            if fresh:
                known = self._provider(goal, version)
            else:
                return self._default_provider_made_elsewhere(urn)
        return f"{urn}::{known.id or wire.UNKNOWN_TEXT}"

    def _require_allowed(self, package: str, wanted_by: str) -> None:
        forbidden: list[str] = json.loads(self._config.get(_FORBIDDEN_DEFAULTS) or "[]")
        if package != _PULUMI and ("*" in forbidden or package in forbidden):
            raise EngineError(
                f"{wanted_by}: the default provider of {package!r} is switched off "
                f"({_FORBIDDEN_DEFAULTS}): give the resource, or its parent, a provider"
            )

    def _default_provider_made_elsewhere(self, urn: str) -> str:
        """Another thread registers it at this moment: it takes microseconds."""
        while urn not in self._done:
            threading.Event().wait(0.001)
        return f"{urn}::{self._done[urn].id or wire.UNKNOWN_TEXT}"

    def _remote(self, goal: Goal, request: Any) -> ResourceState:
        if not goal.provider and package_of(goal.type) not in goal.providers:
            self._default_provider(goal.type, request.version, goal.urn)
        construct = self._catalogue.constructors.get(goal.type)
        if construct is None:
            raise UnsupportedError(
                f"{goal.type} {goal.name}: the local run has no stand-in for this component"
            )
        # The provider serves the component; its children have theirs from `providers`.
        state = self._component(replace(goal, provider=""))
        children = _Children(self, goal.providers)
        outputs = construct(children, name=goal.name, urn=goal.urn, inputs=wire.reveal(goal.inputs))
        sources: dict[str, set[str]] = {key: set() for key in outputs}
        finished = replace(
            state,
            outputs={key: resolve(value, sources[key]) for key, value in outputs.items()},
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

    def __init__(self, monitor: Monitor, providers: Mapping[str, str]) -> None:
        self._monitor = monitor
        self._providers = providers

    def register(
        self,
        token: str,
        name: str,
        inputs: Properties,
        *,
        parent: str,
        depends_on: Sequence[str] = (),
    ) -> Registered:
        request = registration(
            token, name, inputs, parent=parent, depends_on=depends_on, providers=self._providers
        )
        state = self._monitor._register(request)  # noqa: SLF001 -- one mind in two classes  # pyright: ignore[reportPrivateUsage]
        return Registered(state.urn, state.id or None, wire.reveal(state.outputs))

    def invoke(self, token: str, arguments: Properties) -> Properties:
        monitor = self._monitor
        provider = self._providers.get(package_of(token)) or monitor._default_provider(token, "")  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return monitor._invoke(token, arguments, monitor._clouds.of(provider))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
