"""`waitForSteadyState`: up means what it means on AWS, and what is not says why."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from local.base_image import base_image
from local.docker import connect
from local.resources.base import UnfinishedError
from local.resources.registry import HANDLERS
from tests.integration.resources.example import Made
from tests.integration.resources.examples_services import SERVICE, TASK_DEFINITION, container, task_definition
from tests.integration.resources.test_ecs_service import STAY, containers, inputs_of

if TYPE_CHECKING:
    import docker

    from tests.integration.resources.example import Workbench

pytestmark = pytest.mark.docker

HANDLER = HANDLERS[SERVICE]
URN = "urn:pulumi:test::node-on-ecs::aws:ecs/service:Service::web"
PATIENT: dict[str, Any] = {"healthCheckGracePeriodSeconds": 60}
"""For what has to come up, however busy this machine is."""
SERVER = """
const {port, host, answers} = JSON.parse(process.argv[1]);
process.on('SIGTERM', () => process.exit(0));
console.log('starting');
require('http').createServer((asked, answer) => {
  answer.statusCode = answers[asked.url] ?? 404;
  answer.end();
}).listen(port, host);
"""


def server(port: int = 3000, *, host: str = "0.0.0.0", **answers: int) -> list[str]:
    """A command that answers at `/<name>` with a status, and with 404 elsewhere."""
    asked = {"port": port, "host": host, "answers": {f"/{name}": status for name, status in answers.items()}}
    return ["node", "-e", SERVER, json.dumps(asked)]


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> str:
    return base_image(client, lambda _: None)


@pytest.fixture
def told(bench: Workbench) -> list[str]:
    """Lines of progress."""
    lines: list[str] = []
    bench.cloud.report = lambda _, line: lines.append(line)
    return lines


@pytest.fixture
def target_group(bench: Workbench) -> Iterator[dict[str, Any]]:
    """A target group whose health check is made at `/readyz`, and may fail for two seconds.

    AWS begins at ten, and so does boto3's own validation.
    """
    elbv2: Any = boto3.client(
        "elbv2",
        endpoint_url=bench.cloud.endpoint,
        region_name=bench.cloud.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False),
    )
    [group] = elbv2.create_target_group(
        Name=bench.name, Protocol="HTTP", Port=3000, VpcId="vpc-1", TargetType="ip",
        HealthCheckPath="/readyz", HealthCheckIntervalSeconds=1, HealthCheckTimeoutSeconds=1,
        UnhealthyThresholdCount=2,
    )["TargetGroups"]  # fmt: skip
    yield {
        "loadBalancers": [
            {"containerName": "web", "containerPort": 3000, "targetGroupArn": group["TargetGroupArn"]}
        ]
    }
    elbv2.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


def steady(bench: Workbench, image: str, command: list[str], *, timeout: float = 0, **more: Any) -> Made:
    inputs = bench.checked(SERVICE, {**inputs_of(bench, image, command, **more), "waitForSteadyState": True})
    with bench.cloud.working_on(URN, timeout=timeout):
        try:
            identifier = HANDLER.create(bench.cloud, urn=URN, inputs=inputs)
        except UnfinishedError as error:
            bench.made.append(Made(SERVICE, bench.name, URN, error.identifier, inputs, inputs))
            raise
    outputs = HANDLER.read(bench.cloud, id=identifier, inputs=inputs)
    assert outputs is not None
    bench.made.append(Made(SERVICE, bench.name, URN, identifier, inputs, outputs))
    return bench.made[-1]


def deploy(bench: Workbench, made: Made, image: str, command: list[str], **changes: Any) -> None:
    """Update the service to a revision that runs `command`."""
    web = container(image, command=command, versionConsistency="disabled", healthCheck=None)
    definition = bench.make(TASK_DEFINITION, {**task_definition(bench, web), "skipDestroy": True})
    changes["taskDefinition"] = definition.outputs["arn"]
    with bench.cloud.working_on(URN):
        HANDLER.update(
            bench.cloud,
            id=made.id,
            old=made.outputs,
            new={**made.inputs, **changes},
            changed=tuple(changes),
        )


def service_of(bench: Workbench) -> dict[str, Any]:
    made = next(one for one in reversed(bench.made) if one.token == SERVICE)
    [service] = bench.cloud.client("ecs").describe_services(
        cluster=made.inputs["cluster"], services=[made.id]
    )["services"]
    return service


def test_the_health_check_path_decides(
    bench: Workbench, client: docker.DockerClient, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), desiredCount=2, **PATIENT, **target_group)

    assert len(containers(client, made)) == 2


def test_a_status_outside_the_matcher_fails_the_deployment(
    bench: Workbench, client: docker.DockerClient, image: str, target_group: dict[str, Any], told: list[str]
) -> None:
    with pytest.raises(
        UnfinishedError, match="/readyz on port 3000 answers 503, the health check expects 200"
    ) as raised:
        steady(bench, image, server(readyz=503), **target_group)

    service = service_of(bench)
    assert "  | starting" in str(raised.value).splitlines()
    assert service["deployments"][0]["rolloutState"] == "FAILED"
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
        "enable": True,
        "rollback": True,
    }
    assert containers(client, bench.made[-1]) == []
    assert any("0 of 1 task healthy" in line and "answers 503" in line for line in told)


def test_a_deployment_waits_for_the_grace_period(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    late = f"setTimeout(() => {{{SERVER}}}, 4000)"

    steady(
        bench,
        image,
        ["node", "-e", late, *server(readyz=200)[3:]],
        **PATIENT,
        **target_group,
    )


def test_another_listening_port_is_reported_within_seconds(
    bench: Workbench, image: str, target_group: dict[str, Any], told: list[str]
) -> None:
    wrong = "nothing listens on container port 3000; the container listens on 8080"

    with pytest.raises(UnfinishedError, match=wrong):
        steady(bench, image, server(8080, readyz=200), **target_group)

    assert any(wrong in line for line in told)


def test_a_port_that_is_open_only_inside_the_container_is_reported(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    with pytest.raises(
        UnfinishedError, match=r"port 3000 is open on 127\.0\.0\.1 only.*listen on 0\.0\.0\.0"
    ):
        steady(bench, image, server(host="127.0.0.1", readyz=200), **target_group)


def test_a_failed_health_check_is_reported_with_its_output(bench: Workbench, image: str) -> None:
    check = {"command": ["CMD", "node", "health-check.js"], "interval": 1, "retries": 1, "startPeriod": 0}

    with pytest.raises(UnfinishedError, match=r"exit code 1: Error: Cannot find module '/health-check\.js'"):
        steady(bench, image, STAY, container={"healthCheck": check})


def test_a_container_health_check_runs_as_the_containers_user(bench: Workbench, image: str) -> None:
    check = {"command": ["CMD-SHELL", "test $(id -u) = 1000"], "interval": 1, "retries": 1}

    steady(bench, image, STAY, container={"healthCheck": check, "user": "1000"})


def test_a_crash_is_reported_with_its_log_and_stops_the_deployment(
    bench: Workbench, client: docker.DockerClient, image: str
) -> None:
    crash = ["node", "-e", "throw new Error('DATABASE_URL is missing')"]

    with pytest.raises(UnfinishedError, match=r"its tasks keep exiting: [3-5] did") as raised:
        steady(bench, image, crash)

    lines = str(raised.value).splitlines()
    assert "Essential container exited, web exited with code 1" in lines[1]
    assert "  | Error: DATABASE_URL is missing" in lines
    assert service_of(bench)["deployments"][0]["rolloutState"] == "FAILED"
    assert containers(client, bench.made[-1]) == []


def test_an_update_that_crashes_is_rolled_back_and_the_next_one_works(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)

    with pytest.raises(UnfinishedError, match=f"Rolled back to {bench.name}:1") as raised:
        deploy(bench, made, image, ["node", "-e", "throw new Error('no database')"])
    assert "  | Error: no database" in str(raised.value).splitlines()
    assert service_of(bench)["taskDefinition"] == made.inputs["taskDefinition"]

    deploy(bench, made, image, server(readyz=200, again=200))
    assert service_of(bench)["taskDefinition"].endswith(f"{bench.name}:3")


def test_an_update_that_crashes_after_completion_is_rolled_back(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)

    # Between two looks more than one may exit.
    with pytest.raises(
        UnfinishedError,
        match=rf"keep exiting: [3-5] did, the last with exit code 1\. Rolled back to {bench.name}:1",
    ):
        deploy(bench, made, image, ["node", "-e", "setTimeout(() => process.exit(1), 1200)"])


def test_an_update_with_a_failed_health_check_is_rolled_back(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)

    with pytest.raises(UnfinishedError, match=rf"answers 500.*Rolled back to {bench.name}:1"):
        deploy(bench, made, image, server(readyz=500), healthCheckGracePeriodSeconds=0)

    assert service_of(bench)["taskDefinition"] == made.inputs["taskDefinition"]


def test_a_cancelled_update_is_rolled_back_with_sigint_rollback(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)
    threading.Timer(2, bench.cloud.cancelled.set).start()

    try:
        with pytest.raises(UnfinishedError, match=f"rolled back by user. Rolled back to {bench.name}:1"):
            deploy(bench, made, image, server(readyz=503), sigintRollback=True)
    finally:
        bench.cloud.cancelled.clear()

    assert service_of(bench)["taskDefinition"] == made.inputs["taskDefinition"]


def test_a_cancelled_update_continues_without_sigint_rollback(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)
    bench.cloud.cancelled.set()

    try:
        with pytest.raises(UnfinishedError, match="cancelled; the deployment goes on"):
            deploy(bench, made, image, server(readyz=503))
    finally:
        bench.cloud.cancelled.clear()

    assert service_of(bench)["taskDefinition"].endswith(f"{bench.name}:2")


def test_a_desired_count_of_0_waits_for_nothing(bench: Workbench, image: str) -> None:
    begin = time.monotonic()

    steady(bench, image, ["node", "-e", "throw new Error('never run')"], desiredCount=0)

    assert time.monotonic() - begin < 5


def test_a_custom_timeout_ends_the_wait_with_the_reason(
    bench: Workbench, image: str, target_group: dict[str, Any]
) -> None:
    with pytest.raises(
        UnfinishedError, match=r"not steady after 4 s: 0 of 1 task healthy, task \w+: GET /readyz"
    ):
        steady(bench, image, server(readyz=503), **PATIENT, timeout=4, **target_group)
