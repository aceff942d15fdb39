"""Registers the children of a remote component (awsx) with the engine, over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from local.provider import values
from local.resources.base import Properties, ResourceError
from local.resources.construct import Attribute, Child, Registered, ResourceReference

_NO_LIMIT: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Construct = Callable[..., Properties]


def construct(request: Any, stand_in: Construct) -> Any:
    """Answer a `ConstructRequest` with the children that `stand_in` registers.

    Raises:
        ResourceError: the inputs are invalid, or a child could not be created.
    """
    with grpc.insecure_channel(request.monitorEndpoint, options=_NO_LIMIT) as channel:
        monitor = _Monitor(resource_pb2_grpc.ResourceMonitorStub(channel), request)
        inputs = values.decode(request.inputs)
        urn = monitor.register_component(inputs)
        outputs = stand_in(monitor.register, name=request.name, urn=urn, inputs=values.reveal(inputs))
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
    """The engine's resource monitor."""

    def __init__(self, stub: Any, request: Any) -> None:
        self._stub = stub
        self._request = request
        self._urn = ""
        """The component's."""

    def register_component(self, inputs: Properties) -> str:
        source = self._request
        request = resource_pb2.RegisterResourceRequest(
            type=source.type,
            name=source.name,
            parent=source.parent,
            object=values.encode(inputs),
            acceptSecrets=True,
            acceptResources=True,
            dependencies=source.dependencies,
            providers=source.providers,
            aliases=source.aliases,
            retainOnDelete=source.retainOnDelete,
            deletedWith=source.deletedWith,
        )
        if source.HasField("protect"):
            request.protect = source.protect
        for key, value in source.inputDependencies.items():
            request.propertyDependencies[key].urns.extend(value.urns)
        self._urn = str(self._call(self._stub.RegisterResource, request).urn)
        return self._urn

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        self._call(
            self._stub.RegisterResourceOutputs,
            resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=values.encode(outputs)),
        )

    def register(self, child: Child) -> Registered:
        dependencies: dict[str, set[str]] = {}
        plain = {
            key: _resolve(value, dependencies.setdefault(key, set())) for key, value in child.inputs.items()
        }
        request = resource_pb2.RegisterResourceRequest(
            type=child.token,
            name=child.name,
            custom=True,
            parent=child.parent,
            object=values.encode(plain),
            # Without one the engine uses the package's default provider.
            provider=self._request.providers.get(child.token.partition(":")[0], ""),
            acceptSecrets=True,
            acceptResources=True,
            dependencies=sorted(({child.parent} - {self._urn}).union(*dependencies.values())),
        )
        for key, urns in dependencies.items():
            request.propertyDependencies[key].urns.extend(sorted(urns))
        registered = self._call(self._stub.RegisterResource, request)
        return Registered(registered.urn, registered.id or None, values.plain(registered.object))

    def _call(self, method: Any, message: Any) -> Any:
        try:
            return method(message)
        except grpc.RpcError as error:
            raise ResourceError(f"{self._request.type} {self._request.name}: {_details(error)}") from error


def _details(error: grpc.RpcError) -> str:
    details: Any = getattr(error, "details", None)
    return str(details() if details is not None else error)


def _resolve(value: Any, urns: set[str]) -> Any:
    """Return the plain value of an input or output, and add the resources that it depends on to `urns`."""
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
