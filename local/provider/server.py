"""A Pulumi provider over the handlers of `local.resources`.

One server for each package (aws, awsx …), to which the Pulumi CLI attaches (`PULUMI_DEBUG_PROVIDERS`) over
Pulumi's provider protocol (pulumi/pulumi `proto/pulumi/provider.proto`).
"""

from __future__ import annotations

import importlib.metadata
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from local.provider import operations, values
from local.provider.components import construct
from local.provider.daemon_threads import DaemonThreads
from local.resources.base import Diff, Handler, Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud, Shared

PACKAGES: Final = ("aws", "awsx", "docker", "docker-build", "random")
_CALLS_AT_ONCE: Final = 64
COMMON_SERVICES: Final = ("ecr", "ec2", "iam", "ecs", "elbv2")
"""Services with several resources in every stack, in the order in which the first of each is created."""
_NO_LIMIT: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


Invoke = Callable[[Cloud, Properties], Properties]
Construct = Callable[..., Properties]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """All provider instances of one package in one run of the CLI."""

    def __init__(
        self,
        package: str,
        *,
        handlers: Mapping[str, Handler],
        invokes: Mapping[str, Invoke],
        constructors: Mapping[str, Construct],
        endpoint: str,
        version: str = "",
        known: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        """Serve `package`.

        Args:
            package: its name, as in its tokens.
            handlers: resource types by token.
            invokes: functions by token.
            constructors: remote components by token.
            endpoint: the emulator's.
            version: of the program's SDK, which the CLI requires of a plugin.
            known: type and id of each resource in the state, if an earlier run was interrupted; else None.
        """
        self._package = package
        self._handlers = handlers
        self._invokes = invokes
        self._constructors = constructors
        self._endpoint = endpoint
        self._version = version
        self._recovering = known is not None
        self._shared = Shared(known={*(known or ())})
        self._engine: EngineLog | None = None
        self._clouds: dict[str, Cloud] = {}
        """By connection: the CLI opens one for each instance of a provider, all to this server."""

    def create_clients(self, region: str) -> None:
        """Create the clients of common services."""
        cloud = Cloud(self._endpoint, region=region, shared=self._shared)
        for service in COMMON_SERVICES:
            cloud.client(service)

    # Method names are the protocol's.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        self._engine = EngineLog(request.address)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        # Only waits are cancelled: other calls end within seconds, and the state needs their results.
        del request, context
        self._shared.cancelled.set()
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        old, new = values.decode(request.old_inputs), values.decode(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _diff_response(Diff(changed=tuple(changed)), old, new)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        configuration = values.plain(request.args)
        with _errors_reported(context):
            self._clouds[context.peer()] = Cloud(
                self._endpoint,
                region=configuration.get("region") or "us-east-1",
                default_tags=_default_tags(configuration),
                report=self._report,
                shared=self._shared,
            )
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs = values.decode(request.news)
        plain: Properties = values.reveal(inputs)
        old = values.plain(request.olds)
        with _errors_reported(context):
            handler = self._handler(request)
            try:
                checked = handler.check(
                    self._cloud(context),
                    name=request.name,
                    # The protocol does not distinguish missing old inputs from empty ones.
                    old=old or None,
                    new=plain,
                    random_hex=request.randomSeed.hex(),
                )
                if not old and self._recovering:
                    checked = operations.with_left_behind_name(
                        handler, self._cloud(context), urn=request.urn, inputs=plain, checked=checked
                    )
            except ResourceError as error:
                return provider_pb2.CheckResponse(
                    inputs=request.news, failures=[provider_pb2.CheckFailure(reason=str(error))]
                )
        return provider_pb2.CheckResponse(inputs=_encoded(checked, inputs))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        old_inputs, old_outputs, new = (
            values.plain(struct) for struct in (request.old_inputs, request.olds, request.news)
        )
        with _errors_reported(context):
            handler = self._handler(request)
            old = operations.compared(old_inputs, old_outputs, new, request.ignoreChanges)
            return _diff_response(
                handler.diff(old, new), old, new, delete_before_replace=handler.delete_before_replace
            )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs = values.decode(request.properties)
        plain: Properties = values.reveal(inputs)
        with _errors_reported(context):
            handler = self._handler(request)
            if request.preview:
                return provider_pb2.CreateResponse(properties=request.properties)
            with self._working_on(request, context, handler, inputs) as cloud:
                identifier, outputs = operations.create(
                    handler, cloud, urn=request.urn, inputs=plain, recovering=self._recovering
                )
            return provider_pb2.CreateResponse(id=identifier, properties=_encoded(outputs, inputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs = values.decode(request.inputs)
        plain: Properties = values.reveal(inputs)
        with _errors_reported(context):
            handler = self._handler(request)
            outputs = handler.read(self._cloud(context), id=request.id, inputs=plain)
            if outputs is None:
                # It is created again, and may get the same id.
                return provider_pb2.ReadResponse()
            self._cloud(context).remember(request.type, request.id)
            concealed = values.conceal(outputs, values.decode(request.properties), inputs)
            return provider_pb2.ReadResponse(
                id=request.id,
                inputs=values.encode(inputs | operations.drift(handler, plain, outputs)),
                properties=values.encode(concealed),
            )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs, old_outputs = values.decode(request.news), values.plain(request.olds)
        plain: Properties = values.reveal(inputs)
        with _errors_reported(context):
            handler = self._handler(request)
            if request.preview:
                outputs = operations.expected_after_update(handler, old_outputs, plain)
                return provider_pb2.UpdateResponse(properties=_encoded(outputs, inputs))
            old_inputs = values.plain(request.old_inputs)
            before = operations.compared(old_inputs, old_outputs, plain, request.ignoreChanges)
            changed = handler.diff(before, plain).changed
            with self._working_on(request, context, handler, inputs) as cloud:
                outputs = operations.update(
                    handler, cloud, identifier=request.id, old=old_outputs, new=plain, changed=changed
                )
            return provider_pb2.UpdateResponse(properties=_encoded(outputs, inputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _errors_reported(context), self._cloud(context).working_on(request.urn, timeout=request.timeout):
            self._handler(request).delete(
                self._cloud(context), id=request.id, outputs=values.plain(request.properties)
            )
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _errors_reported(context):
            function = self._invokes.get(request.tok)
            if function is None:
                raise ResourceError(
                    f"function {request.tok}: the local run does not support it; add it in local/resources"
                )
            answer = function(self._cloud(context), values.plain(request.args))
            response = provider_pb2.InvokeResponse()
            # The name of the field is a keyword of Python.
            getattr(response, "return").CopyFrom(values.encode(answer))
            return response

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _errors_reported(context):
            stand_in = self._constructors.get(request.type)
            if stand_in is None:
                raise ResourceError(
                    f"{request.type} {request.name}: the local run does not support this component: "
                    "add it in local/resources, or run this stack on AWS"
                )
            return construct(request, stand_in)

    def _cloud(self, context: Any) -> Cloud:
        cloud = self._clouds.get(context.peer())
        if cloud is not None:
            return cloud
        if not self._clouds:
            raise ResourceError(f"provider {self._package!r} is used before it is configured")
        # An idle connection that was opened again.
        return list(self._clouds.values())[-1]

    def _report(self, urn: str, message: str) -> None:
        if self._engine is not None:
            self._engine.show(urn, message)

    def _handler(self, request: Any) -> Handler:
        handler = self._handlers.get(request.type)
        if handler is None:
            raise ResourceError(
                f"{request.type} {request.name}: the local run has no handler for this type: add one in "
                "local/resources, or run this stack on AWS"
            )
        return handler

    @contextmanager
    def _working_on(
        self, request: Any, context: Any, handler: Handler, inputs: Properties
    ) -> Generator[Cloud]:
        """Set the cloud's current resource; the state keeps it if it exists but is not as configured."""
        cloud = self._cloud(context)
        try:
            with cloud.working_on(request.urn, timeout=request.timeout):
                yield cloud
        except UnfinishedError as error:
            outputs = operations.outputs_of_unfinished(handler, cloud, error, values.reveal(inputs))
            details = provider_pb2.ErrorResourceInitFailed(
                id=error.identifier,
                properties=_encoded(outputs, inputs),
                inputs=values.encode(inputs),
                reasons=[str(error)],
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
            status.details.add().Pack(details)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _encoded(properties: Properties, inputs: Properties) -> Any:
    """Encode properties, secret where the inputs are."""
    return values.encode(values.conceal(properties, inputs))


@contextmanager
def _errors_reported(context: Any) -> Generator[None]:
    """Report a handler's error to the engine by its message."""
    try:
        yield
    except ResourceError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _diff_response(
    diff: Diff, old: Mapping[str, Any], new: Mapping[str, Any], *, delete_before_replace: bool = False
) -> Any:
    kinds = provider_pb2.PropertyDiff
    details: dict[str, Any] = {}
    for key in diff.changed:
        replaces = key in diff.replace
        if old.get(key) is None:
            kind = kinds.ADD_REPLACE if replaces else kinds.ADD
        elif new.get(key) is None:
            kind = kinds.DELETE_REPLACE if replaces else kinds.DELETE
        else:
            kind = kinds.UPDATE_REPLACE if replaces else kinds.UPDATE
        details[key] = kinds(kind=kind, inputDiff=True)
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if diff.changed else response.DIFF_NONE,
        diffs=diff.changed,
        replaces=diff.replace,
        detailedDiff=details,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_before_replace and bool(diff.replace),
    )


def _default_tags(configuration: Properties) -> Mapping[str, str]:
    # A provider's nested properties arrive as JSON text.
    tags: Any = configuration.get("defaultTags") or {}
    if isinstance(tags, str):
        tags = json.loads(tags)
    return tags.get("tags") or {}


class EngineLog:
    """Shows progress beside its resource in the CLI's display."""

    def __init__(self, address: str) -> None:
        self._stub: Any = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=_NO_LIMIT))

    def show(self, urn: str, message: str) -> None:
        """Show a line until the next one comes."""
        try:
            self._stub.Log(
                engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
            )
        except grpc.RpcError:
            # The engine is shutting down.
            return


class Servers:
    """The providers of all packages, served for one run of the CLI."""

    def __init__(self, endpoint: str, *, known: Sequence[tuple[str, str]] | None = None) -> None:
        """Serve on free loopback ports.

        Args:
            endpoint: the emulator's.
            known: see `Provider`.
        """
        from local.resources.registry import CONSTRUCTORS, HANDLERS, INVOKES

        # Referenced, as Python collects unreferenced servers.
        self._servers: list[grpc.Server] = []
        self._providers: dict[str, Provider] = {}
        ports: dict[str, int] = {}
        for package in PACKAGES:
            provider = Provider(
                package,
                handlers=HANDLERS,
                invokes=INVOKES,
                constructors=CONSTRUCTORS,
                endpoint=endpoint,
                version=importlib.metadata.version(f"pulumi-{package}"),
                known=known,
            )
            self._providers[package] = provider
            server, ports[package] = serve(provider)
            self._servers.append(server)
        self.variable = ",".join(f"{package}:{port}" for package, port in ports.items())
        """Value of `PULUMI_DEBUG_PROVIDERS`."""

    def prepare_update(self, region: str) -> None:
        """Load in the background, while the CLI starts, what the first resources would wait for."""

        def load() -> None:
            from local.image_build import buildkit_client

            self._providers["aws"].create_clients(region)
            buildkit_client()

        threading.Thread(target=load, daemon=True).start()

    def stop(self) -> None:
        """Stop them; current calls end with an error."""
        for server in self._servers:
            server.stop(None)


def serve(provider: Provider) -> tuple[grpc.Server, int]:
    """Serve a provider on a free loopback port."""
    server = grpc.server(cast("Any", DaemonThreads(_CALLS_AT_ONCE)), options=_NO_LIMIT)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
