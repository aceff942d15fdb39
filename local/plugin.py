"""The handlers of `local.resources` as a Pulumi provider: `python -m local.plugin <package> <engine>`.

The Pulumi CLI starts one for each provider of a stack and talks to it over Pulumi's provider protocol
(pulumi/pulumi `proto/pulumi/provider.proto`).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

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

from local.engine import operations, wire
from local.engine.catalogue import Catalogue, everything
from local.engine.clouds import cloud_of
from local.engine.errors import EngineError
from local.engines import ENDPOINT_VARIABLE, KNOWN_VARIABLE, LOCK_VARIABLE
from local.lock import hold_as_plugin
from local.remote_component import construct
from local.resources.base import Diff, Properties, ResourceError
from local.resources.cloud import Cloud

_CALLS_AT_ONCE: Final = 64
_PARENT_ASKED_EVERY_SECONDS: Final = 1.0
_NO_LIMIT: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package (aws, awsx, docker-build …) of one stack's provider."""

    def __init__(
        self,
        package: str,
        *,
        catalogue: Catalogue,
        endpoint: str,
        version: str = "",
        known: list[tuple[str, str]] | None = None,
        log: Callable[[str, str], None] = lambda _urn, _message: None,
    ) -> None:
        """Serve `package`.

        Args:
            package: the package's name, as in its tokens.
            catalogue: what there is.
            endpoint: the emulator.
            version: the version of the SDK that the program uses: the CLI asks for a plugin of that one.
            known: what the state knows, where an earlier run was cut off; else None.
            log: called with a URN and a line of progress.
        """
        self._package = package
        self._catalogue = catalogue
        self._endpoint = endpoint
        self._version = version
        self._known = known
        self._log = log
        self._configured: Cloud | None = None

    # The names are the protocol's.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": self._package}))

    def GetMapping(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return provider_pb2.GetMappingsResponse()

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        # What is under way ends by itself within seconds, and its outcome belongs into the state.
        del request, context
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        old, new = wire.decode(request.old_inputs), wire.decode(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _diff_response(Diff(changed=tuple(changed)), old, new)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _told(context):
            self._configured = cloud_of(
                wire.reveal(wire.decode(request.args)), self._endpoint, report=self._log
            )
            for token, identifier in self._known or ():
                self._configured.remember(token, identifier)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        asked = wire.decode(request.news)
        plain: Properties = wire.reveal(asked)
        old: Properties = wire.reveal(wire.decode(request.olds))
        with _told(context):
            handler = self._handler(request)
            try:
                checked = handler.check(
                    self._cloud,
                    name=request.name,
                    # The protocol does not tell no old inputs from empty ones.
                    old=old or None,
                    new=plain,
                    random_hex=request.randomSeed.hex(),
                )
                if not old and self._known is not None:
                    checked = operations.with_name_left_behind(
                        handler, self._cloud, urn=request.urn, asked=plain, checked=checked
                    )
            except ResourceError as error:
                return provider_pb2.CheckResponse(
                    inputs=request.news, failures=[provider_pb2.CheckFailure(reason=str(error))]
                )
        return provider_pb2.CheckResponse(inputs=wire.encode(_concealed_like(asked, checked)))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        old: Properties = wire.reveal(wire.decode(request.old_inputs))
        new: Properties = wire.reveal(wire.decode(request.news))
        with _told(context):
            handler = self._handler(request)
            return _diff_response(
                handler.diff(old, new), old, new, delete_before_replace=handler.delete_before_replace
            )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs = wire.decode(request.properties)
        plain: Properties = wire.reveal(inputs)
        with _told(context):
            handler = self._handler(request)
            if request.preview:
                outputs = self._concealed(handler, inputs, plain)
                return provider_pb2.CreateResponse(properties=wire.encode(outputs))
            try:
                identifier, made = operations.create(
                    handler, self._cloud, urn=request.urn, inputs=plain, recovering=self._known is not None
                )
            except operations.HalfMadeError as error:
                _abort_half_made(context, error, self._concealed(handler, inputs, plain))
            return provider_pb2.CreateResponse(
                id=identifier, properties=wire.encode(self._concealed(handler, inputs, made))
            )

    def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs = wire.decode(request.inputs)
        plain: Properties = wire.reveal(inputs)
        with _told(context):
            handler = self._handler(request)
            self._cloud.remember(request.type, request.id)
            outputs = handler.read(self._cloud, id=request.id, inputs=plain)
            if outputs is None:
                return provider_pb2.ReadResponse()
            known = wire.secret_paths(wire.decode(request.properties)) | wire.secret_paths(inputs)
            return provider_pb2.ReadResponse(
                id=request.id,
                inputs=wire.encode(inputs | operations.drift(handler, plain, outputs)),
                properties=wire.encode(wire.conceal(outputs, known)),
            )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        inputs, old = wire.decode(request.news), wire.decode(request.olds)
        plain: Properties = wire.reveal(inputs)
        with _told(context):
            handler = self._handler(request)
            old_outputs: Properties = wire.reveal(old)
            if request.preview:
                outputs = operations.expected_after_update(handler, old_outputs, plain)
            else:
                outputs = operations.update(
                    handler,
                    self._cloud,
                    urn=request.urn,
                    identifier=request.id,
                    old_outputs=old_outputs,
                    inputs=plain,
                    changed=handler.diff(wire.reveal(wire.decode(request.old_inputs)), plain).changed,
                )
            return provider_pb2.UpdateResponse(
                properties=wire.encode(self._concealed(handler, inputs, outputs))
            )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _told(context), self._cloud.working_on(request.urn):
            self._handler(request).delete(
                self._cloud, id=request.id, outputs=wire.reveal(wire.decode(request.properties))
            )
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _told(context):
            function = self._catalogue.invokes.get(request.tok)
            if function is None:
                raise ResourceError(
                    f"function {request.tok}: the local run does not have it; add it in local/resources"
                )
            answer = function(self._cloud, wire.reveal(wire.decode(request.args)))
            response = provider_pb2.InvokeResponse()
            # The field's name is a keyword of Python.
            getattr(response, "return").CopyFrom(wire.encode(answer))
            return response

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        with _told(context):
            stand_in = self._catalogue.constructors.get(request.type)
            if stand_in is None:
                raise ResourceError(
                    f"{request.type} {request.name}: the local run has no stand-in for this component"
                )
            return construct(request, stand_in)

    @property
    def _cloud(self) -> Cloud:
        if self._configured is None:
            raise ResourceError(f"provider {self._package!r} is used before it is configured")
        return self._configured

    def _handler(self, request: Any) -> Any:
        return operations.handler_of(self._catalogue.handlers, request.type, request.name)

    @staticmethod
    def _concealed(handler: Any, inputs: Properties, outputs: Properties) -> Properties:
        paths = [*wire.secret_paths(inputs), *((name,) for name in handler.secret_outputs)]
        return wire.conceal(outputs, paths)


def _concealed_like(asked: Properties, checked: Properties) -> Properties:
    return wire.conceal(checked, wire.secret_paths(asked))


@contextmanager
def _told(context: Any) -> Generator[None]:
    """Hand what a handler refuses to the engine as one sentence."""
    try:
        yield
    except (ResourceError, EngineError) as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _abort_half_made(context: Any, error: operations.HalfMadeError, outputs: Properties) -> NoReturn:
    details = provider_pb2.ErrorResourceInitFailed(
        id=error.identifier,
        properties=wire.encode(outputs),
        reasons=[str(error)],
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise error  # not reached: `abort` raises


def _diff_response(
    diff: Diff, old: Mapping[str, Any], new: Mapping[str, Any], *, delete_before_replace: bool = False
) -> Any:
    kinds = provider_pb2.PropertyDiff
    details: dict[str, Any] = {}
    for key in diff.changed:
        replaces = key in diff.replace
        if key not in old:
            kind = kinds.ADD_REPLACE if replaces else kinds.ADD
        elif key not in new:
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


class EngineLog:
    """Shows progress beside the resource that it belongs to, in the CLI's display."""

    def __init__(self, address: str) -> None:
        self._stub: Any = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=_NO_LIMIT))

    def __call__(self, urn: str, message: str) -> None:
        """Tell the engine; it shows the line until the next one comes."""
        try:
            self._stub.Log(
                engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
            )
        except grpc.RpcError:
            # The engine is going: nobody is left to be told.
            return


def serve(provider: Provider) -> tuple[grpc.Server, int]:
    """Serve a provider on a free loopback port."""
    server = grpc.server(ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="call"), options=_NO_LIMIT)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(package: str, engine: str) -> None:
    """Serve until the engine stops this process or is gone itself."""
    parent = os.getppid()
    hold_as_plugin(os.environ[LOCK_VARIABLE])
    server, port = serve(
        Provider(
            package,
            catalogue=everything(),
            endpoint=os.environ[ENDPOINT_VARIABLE],
            version=importlib.metadata.version(f"pulumi-{package}"),
            known=_known(),
            log=EngineLog(engine),
        )
    )
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # The CLI reads the port from the first line.
    print(port, flush=True)
    # A CLI that was killed leaves its plugins behind.
    while os.getppid() == parent and not stopped.wait(_PARENT_ASKED_EVERY_SECONDS):
        pass
    server.stop(None)


def _known() -> list[tuple[str, str]] | None:
    path = os.environ.get(KNOWN_VARIABLE)
    if not path:
        return None
    return [(token, identifier) for token, identifier in json.loads(Path(path).read_text())]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
