"""Containers run as their task definition says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.resources.example import eventually
from tests.integration.resources.examples_services import CLUSTER, TASK_DEFINITION

if TYPE_CHECKING:
    import docker

    from local.resources.base import Properties
    from tests.integration.resources.example import Workbench

pytestmark = pytest.mark.docker

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
SERVE = """
process.on('SIGTERM', () => process.exit(0));
require('http').createServer((_, answer) => answer.end('from ' + process.argv[1])).listen(3000);
"""
ASK = """
const ask = (url) => fetch(url).then((answer) => answer.text(), (error) => String(error.cause));
Promise.all(JSON.parse(process.argv[1]).map(ask)).then((answers) => console.log(JSON.stringify(answers)));
"""
WRITE = "require('fs').writeFileSync('/scratch/made', 'by another container')"
EVERYTHING = """
const fs = require('fs');
const read = (path) => fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : null;
const write = (path) => { try { fs.writeFileSync(path, 'kept'); return 'written' } catch (error) { return error.code } };
fetch('http://127.0.0.1:3000').then((answer) => answer.text()).then((sidecar) => {
  console.log(JSON.stringify({
    sidecar, user: process.getuid(), scratch: read('/scratch/made'), before: read('/files/kept'),
    files: write('/files/kept'), root: write('/kept'), tmp: write('/tmp/kept'),
    environment: [process.env.PASSWORD, process.env.PARAMETER, process.env.FROM_FILE, process.env.OF_BOTH],
  }));
  process.exit(7);
});
"""


class Tasks:
    """Runs tasks in a cluster of their own."""

    def __init__(self, bench: Workbench, image: str) -> None:
        self.bench, self.image = bench, image
        self.cluster = bench.make(CLUSTER, {}).outputs["arn"]
        self.ecs = bench.cloud.client("ecs")
        self.logs = bench.cloud.client("logs")

    def container(self, name: str, code: str, *arguments: str, **more: Any) -> Properties:
        options = {
            "awslogs-group": self.bench.name,
            "awslogs-region": self.bench.cloud.region,
            "awslogs-stream-prefix": "task",
            "awslogs-create-group": "true",
        }
        return {
            "name": name,
            "image": self.image,
            "entryPoint": ["node"],
            "command": ["-e", code, *arguments],
            "essential": True,
            "logConfiguration": {"logDriver": "awslogs", "options": options},
            **more,
        }

    def definition(self, *containers: Properties, **more: Any) -> str:
        usual = {"family": self.bench.name, "networkMode": "awsvpc", **more}
        return self.bench.make(TASK_DEFINITION, {**usual, "containerDefinitions": json.dumps(containers)}).id

    def run(self, definition: str) -> dict[str, Any]:
        """Run a task to its end."""
        started = self.ecs.run_task(
            cluster=self.cluster, taskDefinition=definition, networkConfiguration=NETWORK
        )
        arn = started["tasks"][0]["taskArn"]

        def ended() -> Any:
            (task,) = self.ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"]
            return task if task["lastStatus"] == "STOPPED" else None

        return eventually(ended)

    def line(self, task: dict[str, Any], container: str) -> Any:
        """Return the one line that a container of a task has logged, which is JSON."""
        stream = f"task/{container}/{task['taskArn'].rpartition('/')[2]}"

        def logged() -> Any:
            names = {"logGroupName": self.bench.name, "logStreamName": stream}
            try:
                return self.logs.get_log_events(**names)["events"]
            except self.logs.exceptions.ResourceNotFoundException:
                return None

        (event,) = eventually(logged)
        return json.loads(event["message"])


@pytest.fixture
def tasks(bench: Workbench, image: str) -> Tasks:
    return Tasks(bench, image)


def exit_codes(task: dict[str, Any]) -> dict[str, int]:
    return {item["name"]: item.get("exitCode") for item in task["containers"]}


def test_a_task_has_everything_that_its_definition_says(
    tasks: Tasks, bench: Workbench, client: docker.DockerClient
) -> None:
    """A healthy sidecar on localhost, secrets, files, a persistent volume, and a read-only root."""
    cloud = bench.cloud
    secret = cloud.client("secretsmanager").create_secret(
        Name=bench.name, SecretString='{"password": "of db"}'
    )
    cloud.client("ssm").put_parameter(Name=f"/{bench.name}", Value="of ssm", Type="SecureString")
    cloud.client("s3").create_bucket(Bucket=f"files-{bench.name}")
    body = b"# comment\nFROM_FILE=of file\nOF_BOTH=of file\n"
    cloud.client("s3").put_object(Bucket=f"files-{bench.name}", Key="app.env", Body=body)
    file_system = bench.make("aws:efs/fileSystem:FileSystem", {}).id
    root = {"path": "/data", "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "700"}}
    point = bench.make(
        "aws:efs/accessPoint:AccessPoint", {"fileSystemId": file_system, "rootDirectory": root}
    )
    scratch = [{"sourceVolume": "scratch", "containerPath": "/scratch"}]
    check = "fetch('http://127.0.0.1:3000').then(() => process.exit(0), () => process.exit(1))"
    web = tasks.container(
        "web",
        EVERYTHING,
        user="1000:1000",
        readonlyRootFilesystem=True,
        dependsOn=[
            {"containerName": "first", "condition": "SUCCESS"},
            {"containerName": "sidecar", "condition": "HEALTHY"},
        ],
        environment=[{"name": "OF_BOTH", "value": "of definition"}],
        environmentFiles=[{"type": "s3", "value": f"arn:aws:s3:::files-{bench.name}/app.env"}],
        linuxParameters={
            "initProcessEnabled": True,
            "tmpfs": [{"containerPath": "/tmp", "size": 16, "mountOptions": ["uid=1000", "mode=700"]}],
        },
        secrets=[
            {"name": "PASSWORD", "valueFrom": f"{secret['ARN']}:password::"},
            {"name": "PARAMETER", "valueFrom": f"arn:aws:ssm:us-east-1:000000000000:parameter/{bench.name}"},
        ],
        mountPoints=[*scratch, {"sourceVolume": "files", "containerPath": "/files"}],
    )
    first = tasks.container("first", WRITE, essential=False, mountPoints=scratch)
    health = {"command": ["CMD", "node", "-e", check], "interval": 5, "retries": 9}
    sidecar = tasks.container("sidecar", SERVE, "the sidecar", essential=False, healthCheck=health)
    efs = {"fileSystemId": file_system, "transitEncryption": "ENABLED"}
    definition = tasks.definition(
        *(web, sidecar, first),
        volumes=[
            {"name": "scratch"},
            {
                "name": "files",
                "efsVolumeConfiguration": {**efs, "authorizationConfig": {"accessPointId": point.id}},
            },
        ],
    )

    before, after = (tasks.run(definition) for _ in range(2))

    assert tasks.line(before, "web") == {
        "sidecar": "from the sidecar",
        "user": 1000,
        "scratch": "by another container",
        "before": None,
        "files": "written",
        "root": "EROFS",
        "tmp": "written",
        "environment": ["of db", "of ssm", "of file", "of definition"],
    }
    assert tasks.line(after, "web")["before"] == "kept"
    assert exit_codes(after)["web"] == 7
    arns = {before["taskArn"], after["taskArn"]}
    label = "com.amazonaws.ecs.task-arn"

    def all_ended() -> bool:
        # Other tests' containers may be removed while they are listed.
        running = client.containers.list(filters={"label": label}, ignore_removed=True)
        return not arns & {container.labels[label] for container in running}

    assert eventually(all_ended), "the sidecar is still running"


def test_a_container_with_a_failed_dependency_does_not_start(tasks: Tasks) -> None:
    first = tasks.container("first", "console.log('no database'); process.exit(3)", essential=False)
    web = tasks.container("web", SERVE, dependsOn=[{"containerName": "first", "condition": "SUCCESS"}])

    task = tasks.run(tasks.definition(web, first))

    assert task["stopCode"] == "TaskFailedToStart"
    assert "container first is exited, exit code 3, and not SUCCESS: no database" in task["stoppedReason"]


def test_a_secret_without_a_value_is_reported(tasks: Tasks) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nowhere-000000"
    web = tasks.container("web", SERVE, secrets=[{"name": "PASSWORD", "valueFrom": arn}])

    task = tasks.run(tasks.definition(web))

    assert f"unable to retrieve secret {arn} for environment variable PASSWORD" in task["stoppedReason"]
    assert "it is neither in the emulator nor in local-secrets.yaml" in task["stoppedReason"]


def test_a_container_that_exits_first_reaches_a_sidecar(tasks: Tasks) -> None:
    """As a migration reaches its database through a proxy."""
    proxy = tasks.container("proxy", SERVE, "the proxy", essential=False)
    health = {"command": ["CMD", "node", "-e", "fetch('http://127.0.0.1:3000')"], "interval": 5}
    migration = tasks.container(
        *("migration", ASK, '["http://127.0.0.1:3000"]'),
        dependsOn=[{"containerName": "proxy", "condition": "HEALTHY"}],
        essential=False,
    )
    web = tasks.container(
        *("web", ASK, '["http://127.0.0.1:3000"]'),
        dependsOn=[{"containerName": "migration", "condition": "SUCCESS"}],
    )

    task = tasks.run(tasks.definition(web, migration, {**proxy, "healthCheck": health}))

    assert tasks.line(task, "migration") == tasks.line(task, "web") == ["from the proxy"]


def test_a_scheduled_task_reaches_a_service_by_its_names(
    tasks: Tasks, bench: Workbench, client: docker.DockerClient
) -> None:
    vpc = {"name": f"{bench.name}.internal", "vpc": "vpc-1"}
    namespace = bench.make("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", vpc)
    registry = bench.make(
        "aws:servicediscovery/service:Service", {"name": "api", "namespaceId": namespace.id}
    ).outputs["arn"]
    ports = [{"containerPort": 3000, "name": "http"}]
    api = tasks.definition(tasks.container("web", SERVE, "the api", portMappings=ports))
    alias = {"portName": "http", "clientAlias": [{"dnsName": "backend", "port": 80}]}
    bench.make(
        "aws:ecs/service:Service",
        {
            "cluster": tasks.cluster,
            "taskDefinition": api,
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": {"subnets": ["subnet-1"]},
            "serviceRegistries": {"registryArn": registry},
            "serviceConnectConfiguration": {"enabled": True, "namespace": namespace.id, "services": [alias]},
            "waitForSteadyState": True,
        },
    )
    urls = [f"http://api.{bench.name}.internal:3000", "http://backend"]
    ask = tasks.container("ask", ASK, "[]")
    overrides = {"containerOverrides": [{"name": "ask", "command": ["-e", ASK, json.dumps(urls)]}]}
    bench.make(
        "aws:scheduler/schedule:Schedule",
        {
            "scheduleExpression": "at(2026-01-01T00:00:00)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": tasks.cluster,
                "roleArn": "arn:aws:iam::000000000000:role/r",
                "input": json.dumps(overrides),
                "ecsParameters": {
                    "taskDefinitionArn": tasks.definition(ask),
                    "launchType": "FARGATE",
                    "networkConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": True},
                },
            },
        },
    )

    def ended() -> Any:
        arns = tasks.ecs.list_tasks(cluster=tasks.cluster, desiredStatus="STOPPED")["taskArns"]
        return arns and tasks.ecs.describe_tasks(cluster=tasks.cluster, tasks=arns)["tasks"]

    (task,) = eventually(ended)

    assert task["startedBy"].startswith(f"chronos-schedule/{bench.name}")
    assert tasks.line(task, "ask") == ["from the api", "from the api"]

    def networks() -> list[Any]:
        cluster = tasks.cluster.rpartition("/")[2]
        port = bench.cloud.endpoint.rpartition(":")[2]
        return [item for item in client.networks.list() if str(item.name).endswith(f"-{port}-{cluster}")]

    assert len(networks()) == 1
    bench.clear()
    bench.made.clear()
    assert networks() == []


@pytest.mark.parametrize("mode", ["bridge", "host", "none"])
def test_a_task_runs_in_other_network_modes(tasks: Tasks, mode: str) -> None:
    code = "console.log(JSON.stringify(Object.keys(require('os').networkInterfaces())))"
    web = tasks.container("web", code, portMappings=[{"containerPort": 3000, "hostPort": 3000}])

    task = tasks.run(tasks.definition(web, networkMode=mode, requiresCompatibilities=["EC2"]))

    assert exit_codes(task) == {"web": 0}
    assert ("eth0" in tasks.line(task, "web")) == (mode != "none")
