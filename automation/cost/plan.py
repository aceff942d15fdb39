"""What a stack would consist of: the project's own program, run where no cloud is.

The program runs as in a preview. What only AWS knows (zones, the account, a hosted zone) is answered with
something of the same form, and nothing leaves this machine: no account, credentials or Pulumi CLI are needed.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import set_all_config
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import Settings, configure, reset_options

from automation.cost.resources import Resource, Stack
from automation.errors import AutomationError
from infra.settings import parse
from local.engine import wire
from local.engine.errors import EngineError
from local.engine.goal import urn_of
from local.engine.project import load
from local.home import ROOT, passphrase
from local.resources.awsx import construct_vpc
from local.resources.base import UNKNOWN, ResourceError
from local.resources.construct import Attribute, Registered, ResourceReference

_STACK: Final = "pulumi:pulumi:Stack"
_ORGANIZATION: Final = "organization"
_ACCOUNT: Final = "000000000000"
_ZONES: Final = "abcdef"
_PLANNED: Final = "planned"
_DIGEST: Final = f"sha256:{'0' * 64}"
_NAMED: Final = ("aws:ecs/cluster:Cluster", "aws:ecs/service:Service")
_CONSTRUCTORS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {"awsx:ec2:Vpc": construct_vpc}
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
)


def _answers(region: str, asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the provider's functions answer, by their names."""
    name = str(asked.get("name", ""))
    return {
        "aws:index/getAvailabilityZones:getAvailabilityZones": {
            "id": region,
            "names": [f"{region}{letter}" for letter in _ZONES],
            "zoneIds": [f"{region}-az{number}" for number, _ in enumerate(_ZONES, 1)],
            "groupNames": [region],
        },
        "aws:index/getCallerIdentity:getCallerIdentity": {
            "id": _ACCOUNT,
            "accountId": _ACCOUNT,
            "arn": f"arn:aws:iam::{_ACCOUNT}:root",
            "userId": _ACCOUNT,
        },
        "aws:index/getPartition:getPartition": {
            "id": "aws",
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
        },
        "aws:index/getRegion:getRegion": {"id": region, "name": region, "region": region},
        "aws:route53/getZone:getZone": {"id": _PLANNED, "zoneId": _PLANNED, "name": name},
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
            "id": _PLANNED,
            "userName": "AWS",
            "password": _PLANNED,
        },
        "aws:ecr/getRepository:getRepository": {
            "id": name,
            "name": name,
            "arn": f"arn:{_PLANNED}:{name}",
            "registryId": _ACCOUNT,
            "repositoryUrl": f"{_PLANNED}/{name}",
        },
        "aws:ecr/getImage:getImage": {"id": _PLANNED, "imageDigest": _DIGEST},
        "docker:index/getRegistryImage:getRegistryImage": {
            "id": _PLANNED,
            "name": name,
            "sha256Digest": _DIGEST,
        },
    }


def plan(name: str, root: Path = ROOT) -> Stack:
    """Return what the program makes of a stack's configuration.

    Raises:
        AutomationError: the stack does not exist, its configuration is wrong, or the program asks for
            something that has no answer here.
    """
    try:
        config = load(root, name, passphrase())
        settings = parse(config.values, project=config.project, stack=name, secret_keys=config.secret_keys)
        monitor = _Monitor(config.project, name, settings.provider.region)
        reset_options()
        set_all_config(dict(config.values), config.secret_keys)
        configure(
            Settings(
                project=config.project,
                stack=name,
                monitor=monitor,
                engine=_Quiet(),
                # So that gates around a rollout, which ask AWS, know that there is none.
                dry_run=True,
                organization=_ORGANIZATION,
                root_directory=str(root),
            ),
        )
        with _in_folder(root):
            asyncio.run(_run(lambda: runpy.run_path(str(root / "__main__.py"), run_name="__main__")))
    except (EngineError, ResourceError, pulumi.RunError) as error:
        raise AutomationError(str(error)) from error
    finally:
        reset_options()
    return Stack(
        name,
        settings.provider.region,
        tuple(monitor.resources),
        monthly_budget_usd=settings.monthly_budget_usd,
    )


async def _run(program: Callable[[], object]) -> None:
    # What fails is told once, by the program's end.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)

    def run() -> None:
        program()

    await sdk_stack.run_in_stack(run)


@contextmanager
def _in_folder(root: Path) -> Generator[None]:
    before = Path.cwd()
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(before)


class _Quiet:
    """What the SDK calls an engine: its log goes nowhere, for no deployment is told of."""

    def Log(self, request: Any) -> Any:  # noqa: N802 -- the protocol's name
        del request
        return empty_pb2.Empty()


class _Monitor:
    """Stands where the engine stands, and keeps what is registered; called on many threads at once."""

    def __init__(self, project: str, stack: str, region: str) -> None:
        self.resources: list[Resource] = []
        self._project = project
        self._stack = stack
        self._region = region
        self._known: dict[str, tuple[str, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    # What the SDK calls; the names are the protocol's.

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        del request
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        del request
        return resource_pb2.DeploymentInfo(supportedFeatures=list(_FEATURES))

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: N802
        del request
        return empty_pb2.Empty()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        inputs = wire.reveal(wire.decode(request.object))
        urn, outputs = self.register(
            request.type,
            request.name,
            inputs,
            parent=request.parent,
            remote=request.remote,
            custom=request.custom,
        )
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=self._known[urn][0] if request.custom else "",
            object=wire.encode(outputs),
            result=resource_pb2.SUCCESS,
        )

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        urn = urn_of(self._stack, self._project, request.parent, request.type, request.name)
        inputs: dict[str, Any] = wire.reveal(wire.decode(request.properties))
        # What another stack or another resource looks like is not known here.
        nothing: list[str] = []
        outputs = {**inputs, "outputs": UNKNOWN, "secretOutputNames": nothing}
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.encode(outputs))

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        arguments = wire.reveal(wire.decode(request.args))
        response = resource_pb2.ResourceInvokeResponse()
        # The field's name is a keyword of Python.
        getattr(response, "return").CopyFrom(wire.encode(self.invoke(request.tok, arguments)))
        return response

    # What it does with it.

    def register(
        self,
        token: str,
        name: str,
        inputs: dict[str, Any],
        *,
        parent: str,
        remote: bool = False,
        custom: bool = True,
    ) -> tuple[str, dict[str, Any]]:
        """Keep a resource; return its URN and what is known of it."""
        urn = urn_of(self._stack, self._project, parent, token, name)
        outputs: dict[str, Any] = inputs
        if custom:
            # Two resources must not have the same: services find their task definitions by it.
            outputs = {**inputs, "arn": f"arn:{_PLANNED}:{urn}"}
        if token in _NAMED:
            # Automatic names have a random end; autoscaling has to find its service by some.
            outputs = {**outputs, "name": inputs.get("name", name)}
        with self._lock:
            self._known[urn] = (f"{_PLANNED}:{urn}", outputs)
            if custom and not token.startswith("pulumi:"):
                self.resources.append(Resource(type=token, name=name, properties=_without_unknowns(outputs)))
        if remote:
            construct = _CONSTRUCTORS.get(token)
            if construct is None:
                raise AutomationError(
                    f"{token} {name}: nothing here knows what this component consists of; say it in "
                    "automation/cost/plan.py",
                )
            built = construct(_Children(self), name=name, urn=urn, inputs=inputs)
            outputs = {key: _plain(value) for key, value in built.items()}
        return urn, outputs

    def invoke(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a provider's function."""
        if function == "pulumi:pulumi:getResource":
            urn = str(arguments["urn"])
            identifier, outputs = self._known[urn]
            return {"urn": urn, "id": identifier, "state": outputs}
        answer = _answers(self._region, arguments).get(function)
        if answer is None:
            raise AutomationError(
                f"the program asks AWS for {function}, which has no answer without an account: give it one "
                "in automation/cost/plan.py",
            )
        return answer


class _Children:
    """Registers what a remote component consists of."""

    def __init__(self, monitor: _Monitor) -> None:
        self._monitor = monitor

    def register(
        self,
        token: str,
        name: str,
        inputs: dict[str, Any],
        *,
        parent: str,
        depends_on: Sequence[str] = (),
    ) -> Registered:
        del depends_on
        plain = {key: _plain(value) for key, value in inputs.items()}
        urn, outputs = self._monitor.register(token, name, plain, parent=parent)
        return Registered(urn, f"{_PLANNED}:{urn}", outputs)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._monitor.invoke(token, arguments)


def _plain(value: Any) -> Any:
    match value:
        case Attribute():
            return value.value
        case ResourceReference():
            return wire.reference(value.urn, value.id)
        case Mapping():
            return {key: _plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
        case list() | tuple():
            return [_plain(item) for item in cast("list[Any]", value)]
        case _:
            return value


def _without_unknowns(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not UNKNOWN and value is not None}
