"""Names of tasks for one another, by Cloud Map and Service Connect, in a network of their cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.emulated import instance, ministack, own_labels

_cloud_map = ministack("services.servicediscovery")

_making: Final = threading.Lock()
_asked: Final[dict[tuple[str, str], dict[str, Any]]] = {}
"""Settings of each service that MiniStack does not store, by cluster and name."""
_KEPT: Final = ("serviceConnectConfiguration", "serviceRegistries")


def remember(asked: Mapping[str, Any]) -> None:
    """Keep the names that a CreateService or UpdateService asks for."""
    name = str(asked.get("serviceName") or asked.get("service")).rpartition("/")[2]
    kept = _asked.setdefault((_name(asked.get("cluster", "default")), name), {})
    kept.update({key: asked[key] for key in _KEPT if key in asked})


def network(client: Any, cluster_arn: str) -> str | None:
    """Return the network of a cluster's tasks, which is made with the first; None where nothing has a name.

    Docker resolves names only in user-defined networks.
    """
    if not len(_cloud_map._namespaces):
        return None
    name = _network_name(cluster_arn)
    with _making:
        if not any(one.name == name for one in client.networks.list(names=[name])):
            client.networks.create(name, labels=own_labels())
    return name


def remove_network(client: Any, cluster: str) -> None:
    """Remove the network of a cluster, if there is one and a daemon."""
    for network in client.networks.list(names=[_network_name(cluster)]) if client else ():
        if network.name == _network_name(cluster):
            network.remove()


def _network_name(cluster: str) -> str:
    return f"{instance()}-{_name(cluster)}"


def aliases(cluster_arn: str, group: str) -> list[str]:
    """Return the names of a task of a group, which is `service:<name>` for a service's."""
    asked = _of(cluster_arn, group)
    return [*_registered(asked), *_connected(asked)]


def forwards(cluster_arn: str, group: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ports of aliases that are not the container's own, and the image whose Node forwards."""
    ports = {
        mapping["name"]: (container["image"], mapping["containerPort"])
        for container in definition["containerDefinitions"]
        for mapping in container.get("portMappings") or ()
        if mapping.get("name")
    }
    found: dict[str, Any] = {}
    for service, alias in _offered(_of(cluster_arn, group)):
        image, port = ports.get(service["portName"], ("", None))
        if port and alias.get("port") not in {None, port}:
            found.setdefault("image", image)
            found.setdefault("ports", {})[alias["port"]] = port
    return found


def _of(cluster_arn: str, group: str) -> Mapping[str, Any]:
    return _asked.get((_name(cluster_arn), group.removeprefix("service:")), {})


def _registered(asked: Mapping[str, Any]) -> Iterator[str]:
    for registry in asked.get("serviceRegistries") or ():
        service = _cloud_map._services.get(_name(registry["registryArn"]))
        if service is not None:
            yield f"{service['Name']}.{_namespace(service['NamespaceId'])}"


def _connected(asked: Mapping[str, Any]) -> Iterator[str]:
    connect: Mapping[str, Any] = asked.get("serviceConnectConfiguration") or {}
    for service, alias in _offered(asked):
        name = service.get("discoveryName") or service["portName"]
        yield alias.get("dnsName") or f"{name}.{_namespace(connect.get('namespace') or '')}"


def _offered(asked: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    connect: Mapping[str, Any] = asked.get("serviceConnectConfiguration") or {}
    for service in connect.get("services") or () if connect.get("enabled") else ():
        found: list[dict[str, Any]] = service.get("clientAliases") or [{}]
        yield from ((service, alias) for alias in found)


def _namespace(identifier: str) -> str:
    """Return the name of a namespace by its id or ARN; one that is not known is a name."""
    found = _cloud_map._namespaces.get(_name(identifier))
    return str(found["Name"]) if found else identifier


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
