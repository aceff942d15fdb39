"""A service's tasks are real containers: the desired number, and none after its deletion."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import docker
import pytest

from local.resources import ecs_service
from local.resources.base import ResourceError
from local.resources.registry import HANDLERS
from tests.integration.resources.example import eventually
from tests.integration.resources.examples_services import (
    CLUSTER,
    SERVICE,
    TASK_DEFINITION,
    container,
    task_definition,
)

if TYPE_CHECKING:
    from docker.models.containers import Container

    from tests.integration.resources.example import Made, Workbench

pytestmark = pytest.mark.docker

HANDLER = HANDLERS[SERVICE]
STAY = ["node", "-e", "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)"]
EXIT = ["node", "-e", "process.exit(1)"]
SECONDS = 60


def inputs_of(bench: Workbench, image: str, command: list[str] = STAY, **more: Any) -> dict[str, Any]:
    """Return a service of one container without a health check, with its own cluster and revision."""
    overrides = more.pop("container", {})
    web = container(
        image, command=command, versionConsistency="disabled", **{"healthCheck": None, **overrides}
    )
    definition = bench.make(TASK_DEFINITION, task_definition(bench, web))
    # Other test runs on this machine have the same daemon and names of clusters.
    cluster = bench.make(CLUSTER, {"name": f"{bench.name}-{uuid.uuid4().hex[:8]}"})
    return {
        "cluster": cluster.outputs["arn"],
        "taskDefinition": definition.outputs["arn"],
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {"subnets": ["subnet-1"]},
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        **more,
    }


def make(bench: Workbench, image: str, command: list[str] = STAY, **more: Any) -> Made:
    return bench.make(SERVICE, inputs_of(bench, image, command, **more), name=bench.name)


def containers(client: docker.DockerClient, made: Made, *, all: bool = False) -> list[Container]:
    label = f"com.amazonaws.ecs.cluster={made.inputs['cluster']}"
    return client.containers.list(all=all, filters={"label": label}, ignore_removed=True)


def change(bench: Workbench, made: Made, **changes: Any) -> dict[str, Any]:
    new = {**made.inputs, **changes}
    HANDLER.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=tuple(changes))
    return new


def test_a_service_runs_the_desired_count_of_containers_and_deletes_them(
    bench: Workbench, client: docker.DockerClient, image: str
) -> None:
    made = make(bench, image, waitForSteadyState=True, forceNewDeployment=True)
    [before] = containers(client, made)
    assert not before.attrs["HostConfig"]["PortBindings"], "a port of this machine is taken"
    assert before.attrs["HostConfig"]["NetworkMode"] in {"bridge", "default"}

    made.inputs.update(change(bench, made, triggers={"again": "1"}))
    assert [item.id for item in containers(client, made)] not in ([before.id], []), "it is not replaced"

    change(bench, made, desiredCount=3)
    assert len(containers(client, made)) == 3

    HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)
    assert containers(client, made, all=True) == []


def test_tasks_that_exit_at_once_do_not_delay_the_deletion(
    bench: Workbench, client: docker.DockerClient, image: str
) -> None:
    made = make(bench, image, command=EXIT)
    eventually(lambda: any(item.status == "exited" for item in containers(client, made, all=True)))

    begin = time.monotonic()
    HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)

    assert time.monotonic() - begin < SECONDS
    assert containers(client, made, all=True) == []
    assert HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs) is None


def test_a_missing_image_does_not_delay_the_deletion(bench: Workbench, client: docker.DockerClient) -> None:
    made = make(bench, "localhost:1/no-such-image:1")

    HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)

    assert containers(client, made, all=True) == []


def test_a_manually_changed_count_is_read(bench: Workbench, image: str) -> None:
    made = make(bench, image, desiredCount=0)
    bench.cloud.client("ecs").update_service(cluster=made.inputs["cluster"], service=made.id, desiredCount=1)

    outputs = HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs)

    assert outputs is not None
    assert outputs["desiredCount"] == 1


def test_a_container_that_cannot_be_removed_is_reported(
    bench: Workbench, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(bench, image, desiredCount=0)
    monkeypatch.setattr(ecs_service, "_DELETE_SECONDS", 0)
    monkeypatch.setattr(ecs_service, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr("local.task_containers.clear_tasks", lambda _, **__: ["ministack-ecs-stuck-web"])

    with pytest.raises(ResourceError, match="ministack-ecs-stuck-web"):
        HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)

    monkeypatch.undo()
