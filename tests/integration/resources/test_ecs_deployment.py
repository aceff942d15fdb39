"""`waitForSteadyState`: a deployment ends as on AWS, and a failed one says why."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from local.resources.base import UnfinishedError
from local.resources.registry import HANDLERS
from tests.integration.resources.conftest import new_bench
from tests.integration.resources.example import Made, Workbench
from tests.integration.resources.examples_services import (
    SERVICE,
    TASK_DEFINITION,
    container,
    task_definition,
)
from tests.integration.resources.test_ecs_service import STAY, containers, inputs_of

if TYPE_CHECKING:
    import docker

    from local.resources.cloud import Cloud

pytestmark = pytest.mark.docker

HANDLER = HANDLERS[SERVICE]
URN = "urn:pulumi:test::node-on-ecs::aws:ecs/service:Service::web"
PATIENT: dict[str, Any] = {"healthCheckGracePeriodSeconds": 60}
"""For deployments that have to succeed, however busy this machine is."""
SERVER = """
const {port, host, answers} = JSON.parse(process.argv[1]);
process.on('SIGTERM', () => process.exit(0));
console.log('starting');
require('http').createServer((request, answer) => {
  answer.statusCode = answers[request.url] ?? 404;
  answer.end();
}).listen(port, host);
"""


def server(port: int = 3000, *, host: str = "0.0.0.0", **answers: int) -> list[str]:
    """Return a command that answers at `/<name>` with a status, and with 404 elsewhere."""
    options = {
        "port": port,
        "host": host,
        "answers": {f"/{name}": status for name, status in answers.items()},
    }
    return ["node", "-e", SERVER, json.dumps(options)]


@pytest.fixture
def progress(bench: Workbench) -> list[str]:
    """Lines of progress."""
    lines: list[str] = []
    bench.cloud.report = lambda _, line: lines.append(line)
    return lines


@pytest.fixture(scope="module")
def target_group(clients: Cloud) -> Iterator[dict[str, Any]]:
    """A target group with health checks of `/readyz`, which may fail for two seconds.

    AWS's minimum is ten, which boto3's own validation enforces.
    """
    elbv2: Any = boto3.client(
        "elbv2",
        endpoint_url=clients.endpoint,
        region_name=clients.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False),
    )
    [group] = elbv2.create_target_group(
        Name="deployments", Protocol="HTTP", Port=3000, VpcId="vpc-1", TargetType="ip",
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
    """Create a service and wait until it is steady."""
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


@dataclass
class Deployments:
    """Deploys versions of one service."""

    bench: Workbench
    image: str
    made: Made

    def deploy(self, command: list[str], **changes: Any) -> str:
        """Update the service to a revision that runs `command`; return the revision."""
        web = container(self.image, command=command, versionConsistency="disabled", healthCheck=None)
        revision = {**task_definition(self.bench, web), "skipDestroy": True}
        arn = self.bench.make(TASK_DEFINITION, revision).outputs["arn"]
        changes = {**PATIENT, **changes, "taskDefinition": arn}
        with self.bench.cloud.working_on(URN):
            HANDLER.update(
                self.bench.cloud,
                id=self.made.id,
                old=self.made.outputs,
                new={**self.made.inputs, **changes},
                changed=tuple(changes),
            )
        return str(arn)

    def is_rolled_back(self) -> bool:
        return service_of(self.bench)["taskDefinition"] == self.made.inputs["taskDefinition"]


@pytest.fixture(scope="module")
def deployments(clients: Cloud, image: str, target_group: dict[str, Any]) -> Iterator[Deployments]:
    """A steady service; each test leaves it steady with its first version."""
    with new_bench(clients) as bench:
        made = steady(bench, image, server(readyz=200), **PATIENT, **target_group)
        yield Deployments(bench, image, made)


def service_of(bench: Workbench) -> dict[str, Any]:
    made = next(item for item in reversed(bench.made) if item.token == SERVICE)
    [service] = bench.cloud.client("ecs").describe_services(
        cluster=made.inputs["cluster"], services=[made.id]
    )["services"]
    return service


def test_a_service_is_steady_when_its_late_targets_pass_the_health_check(
    bench: Workbench, client: docker.DockerClient, image: str, target_group: dict[str, Any]
) -> None:
    """They answer 404 at the root, and nothing for four seconds."""
    late = ["node", "-e", f"setTimeout(() => {{{SERVER}}}, 4000)", *server(readyz=200)[3:]]

    made = steady(bench, image, late, desiredCount=2, **PATIENT, **target_group)

    assert len(containers(client, made)) == 2


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (server(readyz=503), "/readyz on port 3000 answers 503, the health check expects 200"),
        (server(8080, readyz=200), "nothing listens on container port 3000; the container listens on 8080"),
        (
            server(host="127.0.0.1", readyz=200),
            r"port 3000 is open on 127\.0\.0\.1 only, inside the container: listen on 0\.0\.0\.0",
        ),
    ],
    ids=["another status", "another port", "an address inside the container"],
)
def test_an_unhealthy_target_fails_the_deployment_with_the_reason(  # noqa: PLR0917 -- fixtures
    bench: Workbench,
    client: docker.DockerClient,
    image: str,
    target_group: dict[str, Any],
    progress: list[str],
    command: list[str],
    fault: str,
) -> None:
    with pytest.raises(UnfinishedError, match=fault):
        steady(bench, image, command, **target_group)

    service = service_of(bench)
    assert service["deployments"][0]["rolloutState"] == "FAILED"
    breaker = {"enable": True, "rollback": True}
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == breaker
    assert containers(client, bench.made[-1]) == []
    assert any("0 of 1 task healthy" in line and re.search(fault, line) for line in progress)
    ecs, cluster = bench.cloud.client("ecs"), bench.made[-1].inputs["cluster"]
    arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    reasons = [task["stoppedReason"] for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]]
    assert any(re.search(f"failed its health check: .*{fault}", reason) for reason in reasons)


def test_a_failed_container_health_check_is_reported_with_its_output(bench: Workbench, image: str) -> None:
    check = {"command": ["CMD", "node", "health-check.js"], "interval": 1, "retries": 1, "startPeriod": 0}

    with pytest.raises(UnfinishedError, match=r"exit code 1: Error: Cannot find module '/health-check\.js'"):
        steady(bench, image, STAY, container={"healthCheck": check})


def test_a_container_health_check_runs_as_the_containers_user(bench: Workbench, image: str) -> None:
    check = {"command": ["CMD-SHELL", "test $(id -u) = 1000"], "interval": 1, "retries": 1}

    steady(bench, image, STAY, container={"healthCheck": check, "user": "1000"})


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("throw new Error('DATABASE_URL is missing')", "exit code 1"),
        ("process.kill(process.pid, 'SIGKILL')", r"exit code 137 \(killed: out of memory, or by hand\)"),
    ],
    ids=["by an error", "by a signal"],
)
def test_a_task_that_keeps_exiting_fails_the_first_deployment(
    bench: Workbench, client: docker.DockerClient, image: str, code: str, end: str
) -> None:
    with pytest.raises(
        UnfinishedError,
        match=rf"3 consecutive task failures\. The last task ended with {end}\. There is no completed",
    ):
        steady(bench, image, ["node", "-e", code])

    assert service_of(bench)["deployments"][0]["rolloutState"] == "FAILED"
    assert containers(client, bench.made[-1]) == []


def test_a_task_that_keeps_exiting_ends_the_wait_without_a_circuit_breaker(
    bench: Workbench, image: str
) -> None:
    breaker = {"enable": False, "rollback": False}
    with pytest.raises(
        UnfinishedError, match=r"its tasks keep exiting: \d+ did\. The last task ended with exit code 1\."
    ):
        steady(bench, image, ["node", "-e", "process.exit(1)"], deploymentCircuitBreaker=breaker)


@pytest.mark.parametrize(
    "code",
    [
        "throw new Error('no database')",
        # Late enough for the emulator to complete the deployment.
        "setTimeout(() => process.exit(1), 1200)",
    ],
    ids=["at once", "after its completion"],
)
def test_an_update_that_crashes_is_rolled_back(deployments: Deployments, code: str) -> None:
    reason = r"3 consecutive task failures\. The last task ended with exit code 1\."
    with pytest.raises(UnfinishedError, match=rf"{reason} Rolled back to {deployments.bench.name}:1"):
        deployments.deploy(["node", "-e", code])

    assert deployments.is_rolled_back()


def test_an_update_with_a_failed_health_check_is_rolled_back(deployments: Deployments) -> None:
    with pytest.raises(UnfinishedError, match=rf"answers 500.*Rolled back to {deployments.bench.name}:1"):
        deployments.deploy(server(readyz=500), healthCheckGracePeriodSeconds=0)

    assert deployments.is_rolled_back()


def test_a_cancelled_update_is_rolled_back_with_sigint_rollback(deployments: Deployments) -> None:
    cancelled, name = deployments.bench.cloud.cancelled, deployments.bench.name
    threading.Timer(2, cancelled.set).start()

    try:
        with pytest.raises(UnfinishedError, match=f"rolled back by user. Rolled back to {name}:1"):
            deployments.deploy(server(readyz=503), sigintRollback=True)
    finally:
        cancelled.clear()

    assert deployments.is_rolled_back()


def test_a_cancelled_update_continues_without_sigint_rollback_and_another_one_works(
    deployments: Deployments,
) -> None:
    cancelled = deployments.bench.cloud.cancelled
    cancelled.set()

    try:
        with pytest.raises(UnfinishedError, match="cancelled; the deployment goes on"):
            deployments.deploy(server(readyz=503))
    finally:
        cancelled.clear()
    assert not deployments.is_rolled_back()

    revision = deployments.deploy(server(readyz=200, again=200))
    assert service_of(deployments.bench)["taskDefinition"] == revision


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
