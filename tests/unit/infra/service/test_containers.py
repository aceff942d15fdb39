"""The containers of a task, as ECS gets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.service.containers import _owner
from infra.service.task_definition import TaskDefinition
from infra.settings import Sidecar
from infra.settings.sidecars import LogRouter, OpenTelemetry
from tests.unit.infra.factories import REPOSITORY_ARN, held, image, service_settings, task_args
from tests.unit.infra.fake_cloud import ACCOUNT
from tests.unit.infra.recorder import Graph, declare, once

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
POLICY = "aws:iam/rolePolicy:RolePolicy"
NGINX = image(reference="nginx@sha256:0", version="1.29", repository_arn=None)
LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "logs",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "web",
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    },
}


@once
def _task(*, images: dict[str, Any] | None = None, **settings: Any) -> Graph:
    said = service_settings(**settings)
    args = task_args(said)
    args.images.update(images or {})  # type: ignore[attr-defined]
    return declare(lambda: TaskDefinition("web", args, opts=held()))


def _containers(graph: Graph) -> dict[str, dict[str, Any]]:
    found = json.loads(graph.one(DEFINITION, "web").inputs["containerDefinitions"])
    return {container["name"]: container for container in found}


def _statements(graph: Graph, role: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(graph.one(POLICY, role).inputs["policy"])
    return {statement.get("Sid", "own"): statement for statement in policy["Statement"]}


def test_a_sidecar_says_to_ecs_what_its_settings_say() -> None:
    sidecar = Sidecar(
        image="nginx:1.29",
        essential=False,
        port=8080,
        cpu=64,
        memory=128,
        memory_reservation=64,
        user="101",
        entrypoint=("/bin/sh",),
        command=("-c", "nginx"),
        environment={"A": "1", "EMPTY": ""},
        secrets={"KEY": "/app/key"},
        health_check_command=("CMD-SHELL", "true"),
        depends_on={"web": "start"},
        tmpfs={"/var/cache/nginx": 16},
        ulimits={"nofile": 4096},
    )

    assert _containers(_task(sidecars={"nginx": sidecar}, images={"nginx": NGINX}))["nginx"] == {
        "name": "nginx",
        "image": "nginx@sha256:0",
        "essential": False,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "cpu": 64,
        "memory": 128,
        "memoryReservation": 64,
        "user": "101",
        "readonlyRootFilesystem": True,
        "linuxParameters": {
            "initProcessEnabled": True,
            "capabilities": {"add": [], "drop": ["ALL"]},
            "tmpfs": [
                {
                    "containerPath": "/var/cache/nginx",
                    "size": 16,
                    "mountOptions": ["mode=1777", "nodev", "nosuid", "uid=101"],
                }
            ],
        },
        "entryPoint": ["/bin/sh"],
        "command": ["-c", "nginx"],
        "environment": [{"name": "A", "value": "1"}],
        "secrets": [{"name": "KEY", "valueFrom": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/app/key"}],
        "healthCheck": {
            "command": ["CMD-SHELL", "true"],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 30,
        },
        "dependsOn": [{"containerName": "web", "condition": "START"}],
        "ulimits": [{"name": "nofile", "softLimit": 4096, "hardLimit": 4096}],
        "stopTimeout": 30,
        "logConfiguration": LOGS,
    }


def test_a_sidecar_without_an_image_runs_the_app_s() -> None:
    containers = _containers(_task(sidecars={"helper": Sidecar(command=("node", "helper.js"))}))

    assert containers["helper"]["image"] == containers["web"]["image"]


def test_the_app_waits_for_the_sidecars_that_it_names() -> None:
    init = Sidecar(essential=False, command=("node", "init.js"))
    graph = _task(sidecars={"init": init}, depends_on={"init": "success"})

    assert _containers(graph)["web"]["dependsOn"] == [{"containerName": "init", "condition": "SUCCESS"}]


def test_a_sidecar_that_takes_the_requests_has_the_only_port_of_the_task() -> None:
    containers = _containers(
        _task(sidecars={"nginx": Sidecar(image="nginx:1.29", port=8080)}, ingress_container="nginx")
    )

    assert containers["nginx"]["portMappings"] == [{"containerPort": 8080, "protocol": "tcp"}]
    assert "portMappings" not in containers["web"]


def test_an_app_that_insists_on_a_low_port_may_listen_on_it_without_root() -> None:
    assert "systemControls" not in _containers(_task())["web"]
    assert _containers(_task(container_port=80))["web"]["systemControls"] == [
        {"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
    ]


def test_a_service_that_gets_no_requests_has_no_port() -> None:
    assert "portMappings" not in _containers(_task(exposure="none"))["web"]


def test_a_log_router_gets_what_the_others_log_and_logs_to_cloudwatch_itself() -> None:
    router = Sidecar(image="fluent:1", log_router=LogRouter(config_file="/etc/own.conf"))
    containers = _containers(
        _task(sidecars={"router": router, "nginx": Sidecar()}, log_options={"Name": "firehose"})
    )

    routed = {"logDriver": "awsfirelens", "options": {"Name": "firehose"}}
    assert [containers[name]["logConfiguration"] for name in ("web", "nginx", "router")] == [
        routed,
        routed,
        LOGS,
    ]
    assert containers["router"]["firelensConfiguration"] == {
        "type": "fluentbit",
        "options": {
            "enable-ecs-log-metadata": "true",
            "config-file-type": "file",
            "config-file-value": "/etc/own.conf",
        },
    }
    assert containers["router"]["user"] == "0"


def test_blocking_logs_need_no_buffer() -> None:
    options = _containers(_task(log_mode="blocking"))["web"]["logConfiguration"]["options"]

    assert options["mode"] == "blocking"
    assert "max-buffer-size" not in options


def test_the_opentelemetry_collector_is_where_the_app_s_sdk_looks_for_it() -> None:
    graph = _task(opentelemetry=OpenTelemetry())
    containers = _containers(graph)
    collector = containers["opentelemetry"]
    variables = {one["name"]: one["value"] for one in containers["web"]["environment"]}

    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4318"
    assert variables["OTEL_SERVICE_NAME"] == "web"
    assert (collector["essential"], collector["command"]) == (
        False,
        ["--config=/etc/ecs/ecs-default-config.yaml"],
    )
    assert _statements(graph, "web-task").keys() == {"Trace", "WriteMetrics"}


def test_a_collector_s_own_configuration_comes_from_a_parameter() -> None:
    collector = _containers(_task(opentelemetry=OpenTelemetry(config="/otel/config")))["opentelemetry"]

    assert "command" not in collector
    assert collector["secrets"] == [
        {
            "name": "AOT_CONFIG_CONTENT",
            "valueFrom": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/otel/config",
        }
    ]


def test_files_of_variables_in_s3_are_read_by_ecs() -> None:
    graph = _task(environment_files=("arn:aws:s3:::config/web.env",))
    statements = _statements(graph, "web-execution")

    assert _containers(graph)["web"]["environmentFiles"] == [
        {"type": "s3", "value": "arn:aws:s3:::config/web.env"}
    ]
    assert statements["ReadEnvironmentFiles"]["Resource"] == ["arn:aws:s3:::config/web.env"]
    assert statements["FindEnvironmentFiles"]["Resource"] == ["arn:aws:s3:::config"]


def test_secrets_by_name_become_full_arns_and_grants() -> None:
    secrets = {
        "PASSWORD": "secret:db:password",
        "WHOLE": "secret:db",
        "URL": "/app/db-url:3",
        "FLAT": "ssm:flat",
    }
    graph = _task(secrets=secrets)
    secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf"
    parameters = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"
    statements = _statements(graph, "web-execution")

    assert _containers(graph)["web"]["secrets"] == [
        {"name": "FLAT", "valueFrom": f"{parameters}/flat"},
        {"name": "PASSWORD", "valueFrom": f"{secret}:password::"},
        {"name": "URL", "valueFrom": f"{parameters}/app/db-url:3"},
        {"name": "WHOLE", "valueFrom": secret},
    ]
    assert statements["ReadSecrets"]["Resource"] == [secret]
    assert statements["ReadParameters"]["Resource"] == [f"{parameters}/app/db-url", f"{parameters}/flat"]


def test_ecs_may_decrypt_with_the_keys_that_are_named() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
    statement = _statements(_task(kms_keys=(key,)), "web-execution")["DecryptSecrets"]

    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", [key])


def test_ecs_may_pull_every_image_of_the_task_from_ecr() -> None:
    other = f"{REPOSITORY_ARN}-agent"
    graph = _task(
        sidecars={"agent": Sidecar(image="agent:1")},
        images={"agent": image(reference="agent@sha256:1", repository_arn=other)},
    )

    assert _statements(graph, "web-execution")["Pull"]["Resource"] == [REPOSITORY_ARN, other]


def test_with_ecs_exec_every_container_can_be_entered() -> None:
    """Each has an agent of its own, which writes to the file system and needs more than no capabilities."""
    plain, strict = Sidecar(image="nginx:1.29"), Sidecar(image="nginx:1.29", drop_capabilities=("ALL",))
    images = {"plain": NGINX, "strict": NGINX}
    containers = _containers(
        _task(sidecars={"plain": plain, "strict": strict}, images=images, execute_command=True)
    )
    dropped = {name: one["linuxParameters"]["capabilities"]["drop"] for name, one in containers.items()}

    assert dropped == {"web": ["NET_RAW"], "plain": ["NET_RAW"], "strict": ["ALL"]}
    assert not any(one["readonlyRootFilesystem"] for one in containers.values())


@pytest.mark.parametrize(
    ("user", "options"),
    [
        ("1000", ["uid=1000"]),
        ("101:102", ["uid=101", "gid=102"]),
        ("node", []),
        ("node:102", ["gid=102"]),
        (None, []),
    ],
)
def test_folders_in_memory_belong_to_a_user_that_is_a_number(user: str | None, options: list[str]) -> None:
    assert _owner(user) == options
