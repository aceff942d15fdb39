"""Names by which tasks reach each other: Cloud Map and Service Connect, in a network of their cluster.

Docker's names are valid for every container of a network, so a task also reaches the names of Service Connect
without being a client of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.emulated import instance, ministack, own_labels

_cloud_map = ministack("services.servicediscovery")

_creation: Final = threading.Lock()
_settings: Final[dict[tuple[str, str], dict[str, Any]]] = {}
"""Settings of services that MiniStack does not store, by cluster and service name."""
_REMEMBERED: Final = ("serviceConnectConfiguration", "serviceRegistries")


def remember(request: Mapping[str, Any]) -> None:
    """Store the names in a CreateService or UpdateService request."""
    service = str(request.get("serviceName") or request.get("service")).rpartition("/")[2]
    settings = _settings.setdefault((_name(request.get("cluster", "default")), service), {})
    settings.update({key: request[key] for key in _REMEMBERED if key in request})


def network(client: Any, cluster_arn: str) -> str | None:
    """Return the network of a cluster's tasks, created on first use; None without any namespace.

    Docker resolves names only in user-defined networks.
    """
    if not len(_cloud_map._namespaces):
        return None
    name = _network_name(cluster_arn)
    with _creation:
        if not any(network.name == name for network in client.networks.list(names=[name])):
            client.networks.create(name, labels=own_labels())
    return name


def remove_network(client: Any, cluster: str) -> None:
    """Remove the network of a cluster, if it exists and Docker runs."""
    for network in client.networks.list(names=[_network_name(cluster)]) if client else ():
        if network.name == _network_name(cluster):
            network.remove()


def _network_name(cluster: str) -> str:
    return f"{instance()}-{_name(cluster)}"


def aliases(cluster_arn: str, group: str) -> list[str]:
    """Return the names of a task by its group, which is `service:<name>` for a service."""
    settings = _of(cluster_arn, group)
    return [*_cloud_map_names(settings), *_service_connect_names(settings)]


def forwards(cluster_arn: str, group: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ports of aliases that are not the container's, and the image whose Node forwards them."""
    ports = {
        mapping["name"]: (container["image"], mapping["containerPort"])
        for container in definition["containerDefinitions"]
        for mapping in container.get("portMappings") or ()
        if mapping.get("name")
    }
    forwarded: dict[str, Any] = {}
    for service, alias in _offered(_of(cluster_arn, group)):
        image, port = ports.get(service["portName"], ("", None))
        if port and alias.get("port") not in {None, port}:
            forwarded.setdefault("image", image)
            forwarded.setdefault("ports", {})[alias["port"]] = port
    return forwarded


def _of(cluster_arn: str, group: str) -> Mapping[str, Any]:
    return _settings.get((_name(cluster_arn), group.removeprefix("service:")), {})


def _cloud_map_names(settings: Mapping[str, Any]) -> Iterator[str]:
    for registry in settings.get("serviceRegistries") or ():
        service = _cloud_map._services.get(_name(registry["registryArn"]))
        if service is not None:
            yield f"{service['Name']}.{_namespace(service['NamespaceId'])}"


def _service_connect_names(settings: Mapping[str, Any]) -> Iterator[str]:
    connect: Mapping[str, Any] = settings.get("serviceConnectConfiguration") or {}
    for service, alias in _offered(settings):
        name = service.get("discoveryName") or service["portName"]
        yield alias.get("dnsName") or f"{name}.{_namespace(connect.get('namespace') or '')}"


def _offered(settings: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    connect: Mapping[str, Any] = settings.get("serviceConnectConfiguration") or {}
    for service in connect.get("services") or () if connect.get("enabled") else ():
        aliases: list[dict[str, Any]] = service.get("clientAliases") or [{}]
        yield from ((service, alias) for alias in aliases)


def _namespace(identifier: str) -> str:
    """Return the name of a namespace by its id or ARN; any other text is a name."""
    namespace = _cloud_map._namespaces.get(_name(identifier))
    return str(namespace["Name"]) if namespace else identifier


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
