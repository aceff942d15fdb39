"""Declares the children of a remote component (awsx) with an engine that is reached over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from local.provider import values
from local.resources.base import Properties, ResourceError
from local.resources.construct import Attribute, Registered, ResourceReference

_NO_LIMIT: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Construct = Callable[..., Properties]


def construct(request: Any, stand_in: Construct) -> Any:
    """Answer a `ConstructRequest` with what `stand_in` declares.

    Raises:
        ResourceError: the inputs cannot be right, or a child could not be made.
    """
    with grpc.insecure_channel(request.monitorEndpoint, options=_NO_LIMIT) as channel:
        monitor = _Monitor(resource_pb2_grpc.ResourceMonitorStub(channel), request)
        inputs = values.decode(request.inputs)
        urn = monitor.register_component(inputs)
        outputs = stand_in(monitor, name=request.name, urn=urn, inputs=values.reveal(inputs))
        response = provider_pb2.ConstructResponse(urn=urn)
        resolved: Properties = {}
        for key, value in outputs.items():
            urns: set[str] = set()
            resolved[key] = _resolve(value, urns)
            response.stateDependencies[key].urns.extend(sorted(urns))
        response.state.CopyFrom(values.encode(resolved))
        monitor.register_outputs(urn, resolved)
        return response


class _Monitor:
    """The engine's resource monitor, as a stand-in wants it."""

    def __init__(self, stub: Any, request: Any) -> None:
        self._stub = stub
        self._request = request

    def register_component(self, inputs: Properties) -> str:
        asked = self._request
        request = resource_pb2.RegisterResourceRequest(
            type=asked.type,
            name=asked.name,
            parent=asked.parent,
            object=values.encode(inputs),
            acceptSecrets=True,
            acceptResources=True,
            dependencies=asked.dependencies,
            providers=asked.providers,
            aliases=asked.aliases,
            retainOnDelete=asked.retainOnDelete,
            deletedWith=asked.deletedWith,
        )
        if asked.HasField("protect"):
            request.protect = asked.protect
        for key, value in asked.inputDependencies.items():
            request.propertyDependencies[key].urns.extend(value.urns)
        return str(self._call(self._stub.RegisterResource, request).urn)

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        self._call(
            self._stub.RegisterResourceOutputs,
            resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=values.encode(outputs)),
        )

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
            object=values.encode(plain),
            # Without one the engine takes the package's default provider.
            provider=self._request.providers.get(token.partition(":")[0], ""),
            acceptSecrets=True,
            acceptResources=True,
            dependencies=sorted({*depends_on}.union(*dependencies.values())),
        )
        for key, urns in dependencies.items():
            request.propertyDependencies[key].urns.extend(sorted(urns))
        made = self._call(self._stub.RegisterResource, request)
        return Registered(made.urn, made.id or None, values.plain(made.object))

    def _call(self, method: Any, message: Any) -> Any:
        try:
            return method(message)
        except grpc.RpcError as error:
            raise ResourceError(f"{self._request.type} {self._request.name}: {_details(error)}") from error


def _details(error: grpc.RpcError) -> str:
    details: Any = getattr(error, "details", None)
    return str(details() if details is not None else error)


def _resolve(value: Any, urns: set[str]) -> Any:
    """The plain value of what a stand-in gives, noting in `urns` which resources it comes from."""
    match value:
        case Attribute():
            urns.add(value.urn)
            return value.value
        case ResourceReference():
            urns.add(value.urn)
            return values.reference(value.urn, value.id)
        case Mapping():
            return {key: _resolve(item, urns) for key, item in cast("Mapping[str, Any]", value).items()}
        case list() | tuple():
            return [_resolve(item, urns) for item in cast("list[Any]", value)]
        case _:
            return value
