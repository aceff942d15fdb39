"""Runs tasks of several containers as ECS does.

MiniStack starts one container after the other, each alone, with the image's settings. This adds to its
keywords of docker's `run`: one network for a task, the order of dependencies, volumes, the user, the
read-only root and everything else in the definition.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from docker.errors import DockerException

from local.emulated import ministack, names, own_labels, volumes
from local.emulated.containers import Definition, exits_first, is_awaited, network_owner, options, start_order
from local.emulated.live import live_keywords

_ecs = ministack("services.ecs")

_NO_ADDRESS: Final = "node-on-ecs.no-address"
"""Label of a container whose address is not its task's."""
_FORWARDS: Final = "node-on-ecs.forwards"
"""Label of a container with ports of Service Connect that are forwarded to other ports of its task."""
_FORWARD: Final = """
const net = require('net');
for (const [from, to] of Object.entries(JSON.parse(process.argv[1]))) {
  net.createServer({allowHalfOpen: true}, (client) => {
    const target = net.connect({port: to, host: '127.0.0.1', allowHalfOpen: true});
    client.on('error', () => target.destroy()).pipe(target);
    target.on('error', () => client.destroy()).pipe(client);
  }).listen(from);
}
"""
_PAUSE_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 5
"""MiniStack's value."""
_START_TIMEOUT_SECONDS: Final = 180
"""ECS's default wait for a dependency."""


class NotStartedError(RuntimeError):
    """A dependency of a container failed; ECS then starts no further container."""


def install() -> None:
    """Wrap MiniStack's functions that start and stop tasks."""
    for name, wrapper in (
        ("_build_run_kwargs", _keywords),
        ("_cleanup_task_resources", _clean_up),
        ("_record_task_ip", _record_address),
        ("_start_task_worker", _start),
    ):
        setattr(_ecs, name, partial(wrapper, getattr(_ecs, name)))
    for action in ("CreateService", "UpdateService"):
        _ecs._ACTION_MAP[action] = partial(_remember, _ecs._ACTION_MAP[action])
    _ecs._ACTION_MAP["DeleteCluster"] = partial(_without_network, _ecs._ACTION_MAP["DeleteCluster"])


def _remember(original: Any, data: dict[str, Any]) -> Any:
    names.remember(data)
    return original(data)


def _without_network(original: Any, data: dict[str, Any]) -> Any:
    """Delete a cluster with its network: Docker has address ranges for about thirty."""
    answer = original(data)
    with suppress(DockerException):
        names.remove_network(_ecs._get_docker(), str(data.get("cluster")))
    return answer


def _start(original: Any, task: dict[str, Any], td: Definition, overrides: Any, client: Any) -> Any:
    """Start the containers in the order of their dependencies."""
    order = start_order(td["containerDefinitions"])
    for key in ("containers", "_container_essentials"):
        task[key] = [task[key][position] for position in order]
    # There is no instance with a network for a task: it gets its own.
    mode = "awsvpc" if td.get("networkMode") == "host" else td.get("networkMode")
    ordered = [td["containerDefinitions"][position] for position in order]
    return original(task, {**td, "containerDefinitions": ordered, "networkMode": mode}, overrides, client)


def _keywords(  # noqa: PLR0917 -- MiniStack's signature
    original: Any, cdef: Definition, td: Definition, env: dict[str, str], ports: Any, network: Any,
    host_mode: Any, task_id: str, task_arn: str, own_address: Any, cluster_arn: str,
) -> dict[str, Any]:  # fmt: skip
    """Wait for the dependencies of a container, and return its keywords of docker's `run`."""
    client, ordered = _ecs._get_docker(), td["containerDefinitions"]
    for dependency in cdef.get("dependsOn") or ():
        _wait(client, dependency, td, task_id)
    keywords: dict[str, Any] = original(
        cdef, td, {**_environment_files(cdef), **env}, ports, network, host_mode, task_id, task_arn,
        own_address, cluster_arn,
    )  # fmt: skip
    keywords |= options(cdef, awaited_healthy=is_awaited(cdef["name"], ordered, "HEALTHY"))
    if memory := cdef.get("memory") or (td.get("memory") if len(ordered) == 1 else None):
        keywords["mem_limit"] = f"{memory}m"
    keywords["volumes"] = volumes.binds(client, td, cdef, task_arn)
    # Containers are reached by their addresses: a port of this machine could belong to one task only.
    keywords["ports"] = None
    positions = {item["name"]: position for position, item in enumerate(ordered)}
    owner, mode = network_owner(ordered), td.get("networkMode")
    if mode == "awsvpc" and positions[owner] < positions[cdef["name"]]:
        shared = f"container:{_container_name(task_id, owner)}"
    else:
        shared = "none" if mode == "none" else None
    # Others reach a task by the owner of its network, or in other network modes by a container with ports.
    reachable = cdef["name"] == owner if mode == "awsvpc" else bool(cdef.get("portMappings"))
    if not reachable:
        keywords["labels"][_NO_ADDRESS] = "yes"
    if shared:
        for key in ("network", "extra_hosts", "hostname"):
            keywords.pop(key, None)
        keywords["network_mode"] = shared
    elif own := names.network(client, cluster_arn):
        group = _ecs._tasks[task_arn].get("group") or ""
        aliases = names.aliases(cluster_arn, group) if reachable else []
        keywords["network"] = own
        keywords["networking_config"] = {own: client.api.create_endpoint_config(aliases=aliases)}
        if reachable and (forwards := names.forwards(cluster_arn, group, td)):
            keywords["labels"][_FORWARDS] = json.dumps(forwards)
    service = str(_ecs._tasks[task_arn].get("group") or "").startswith("service:")
    restarts = service and not exits_first(cdef["name"], ordered)
    return keywords | live_keywords(client, cdef, keywords, restarts=restarts)


def _wait(client: Any, dependency: Mapping[str, str], td: Definition, task_id: str) -> None:
    """Wait until a container has the condition of a dependency.

    Raises:
        NotStartedError: it cannot have it any more, or takes too long.
    """
    name, condition = dependency["containerName"], dependency["condition"]
    definition = next(item for item in td["containerDefinitions"] if item["name"] == name)
    end = time.monotonic() + (definition.get("startTimeout") or _START_TIMEOUT_SECONDS)
    container = client.containers.get(_container_name(task_id, name))
    while True:
        container.reload()
        state: dict[str, Any] = container.attrs["State"]
        health: dict[str, Any] = state.get("Health") or {}
        status = str(health.get("Status") or state["Status"])
        if condition == "START" or (condition == "HEALTHY" and status == "healthy"):
            return
        exited = state["Status"] == "exited"
        if exited and (condition == "COMPLETE" or (condition == "SUCCESS" and not state["ExitCode"])):
            return
        if exited or status == "unhealthy" or time.monotonic() > end:
            log = container.logs(tail=20).decode(errors="replace")
            raise NotStartedError(
                f"container {name} is {status}, exit code {state['ExitCode']}, and not {condition}: {log}"
            )
        time.sleep(_PAUSE_SECONDS)


def _environment_files(cdef: Definition) -> dict[str, str]:
    """Return the variables in a container's files in S3; all others override them."""
    variables: dict[str, str] = {}
    for file in cdef.get("environmentFiles") or ():
        connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=10)
        connection.request("GET", f"/{file['value'].rpartition(':::')[2]}")
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status != http.client.OK:
            raise NotStartedError(f"environment file {file['value']}: {response.status} {response.reason}")
        lines = (line.strip() for line in text.splitlines())
        variables |= dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return variables


def _record_address(original: Any, task: dict[str, Any], container: Any, network: Any) -> None:
    """Record the address of the container by which a task is reached, and forward its other ports."""
    if _NO_ADDRESS not in container.labels:
        original(task, container, network)
    if forwards := json.loads(container.labels.get(_FORWARDS, "{}")):
        _forward(task["taskArn"], container, **forwards)


def _forward(task_arn: str, container: Any, *, image: str, ports: Mapping[str, int]) -> None:
    """Forward ports as Service Connect's proxy does, with Node from the task's image."""
    try:
        container.client.containers.run(
            image,
            ["-e", _FORWARD, json.dumps(ports)],
            detach=True,
            entrypoint=["node"],
            init=True,
            labels={**own_labels(), volumes.TASK: task_arn},
            name=f"{container.name}-connect",
            network_mode=f"container:{container.id}",
            user="0",
        )
    except DockerException as error:
        print(f"Service Connect reaches {task_arn} only on its own ports: {error}", flush=True)


def _clean_up(original: Any, task: dict[str, Any], client: Any, extra_container: Any = None) -> None:
    """Stop the remaining containers of a stopped task, and remove the volumes of stopped tasks."""
    containers = list(task.get("_docker_ids") or ())
    original(task, client, extra_container)
    docker = client or _ecs._get_docker()
    # Another process may remove one at the same time.
    with suppress(DockerException):
        forwarders = {"label": f"{volumes.TASK}={task['taskArn']}"}
        for forwarder in docker.containers.list(filters=forwarders, ignore_removed=True):
            forwarder.remove(force=True)
    for identifier in containers if client is None else ():
        with suppress(DockerException):
            # An exited container keeps its log for a while.
            docker.api.stop(identifier, timeout=_STOP_SECONDS)
    for volume in docker.volumes.list(filters={"label": volumes.TASK, "dangling": True}):
        other = _ecs._tasks.get(volume.attrs["Labels"][volumes.TASK])
        if other is None or other["lastStatus"] == "STOPPED":
            with suppress(DockerException):
                volume.remove()


def _container_name(task_id: str, name: str) -> str:
    return f"ministack-ecs-{task_id[:8]}-{name}"
