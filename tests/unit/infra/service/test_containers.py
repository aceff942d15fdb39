"""Container definitions of the app and its sidecars."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Sidecar, variables
from infra.settings.sidecars import LogRouter, OpenTelemetry
from tests.unit.infra.factories import declare_service, image
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGISTRY

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


def _containers(**settings: Any) -> dict[str, dict[str, Any]]:
    return declare_service(**settings).containers("web")


def _app(**settings: Any) -> dict[str, Any]:
    return _containers(**settings)["web"]


def _environment(**settings: Any) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in _app(**settings)["environment"]}


def _linux_parameters(user_option: str, dropped: str) -> dict[str, Any]:
    return {
        "initProcessEnabled": True,
        "capabilities": {"add": [], "drop": [dropped]},
        "tmpfs": [
            {
                "containerPath": "/tmp",
                "size": 64,
                "mountOptions": ["mode=1777", "nodev", "nosuid", user_option],
            }
        ],
    }


def test_app_runs_without_root_capabilities_or_a_writable_file_system() -> None:
    """And with an init process that reaps children, and time to finish its requests."""
    container = _app()

    assert container["image"] == f"{REGISTRY}/app@{DIGEST}"
    assert container["essential"] is True
    assert container["user"] == "1000"
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"] == _linux_parameters("uid=1000", "ALL")
    assert container["stopTimeout"] == 60
    assert container["portMappings"] == [{"containerPort": 3000, "protocol": "tcp"}]
    assert container["logConfiguration"] == LOGS


def test_ecs_exec_makes_the_file_system_writable_but_the_app_is_not_root() -> None:
    """The agent of ECS Exec writes to the file system and needs capabilities."""
    container = _app(execute_command=True)

    assert container["readonlyRootFilesystem"] is False
    assert container["linuxParameters"] == _linux_parameters("uid=1000", "NET_RAW")
    assert container["user"] == "1000"


def test_ecs_exec_works_in_every_container() -> None:
    """Each has its own agent."""
    plain, strict = Sidecar(image="nginx:1.29"), Sidecar(image="nginx:1.29", drop_capabilities=("ALL",))
    containers = _containers(
        sidecars={"plain": plain, "strict": strict},
        images={"plain": NGINX, "strict": NGINX},
        execute_command=True,
    )
    dropped = {
        name: container["linuxParameters"]["capabilities"]["drop"] for name, container in containers.items()
    }

    assert dropped == {"web": ["NET_RAW"], "plain": ["NET_RAW"], "strict": ["ALL"]}
    assert not any(container["readonlyRootFilesystem"] for container in containers.values())


def test_app_gets_its_own_and_configured_variables() -> None:
    assert _environment(container_port=8000, stop_timeout_seconds=45, environment={"LOG_LEVEL": "debug"}) == {
        "PORT": "8000",
        "ENVIRONMENT": "dev",
        "SERVICE_NAME": "web",
        "IMAGE_VERSION": "0123456789abcdef",
        "IDLE_TIMEOUT_SECONDS": "60",
        "STOP_TIMEOUT_SECONDS": "45",
        "LOG_LEVEL": "debug",
    }


def test_settings_reject_the_variables_that_are_set_here() -> None:
    """Two lists of the same variables."""
    assert set(_environment()) == variables.SET_BY_TASK_DEFINITION


def test_empty_values_are_left_out() -> None:
    """AWS leaves them out too, and an empty list or variable would show as a change on every run."""
    settings = {"health_check_command": (), "environment": {"EMPTY": "", "ZERO": "0"}}

    assert {"command", "secrets", "healthCheck"} & _app(**settings).keys() == set()
    assert "EMPTY" not in _environment(**settings)
    assert _environment(**settings)["ZERO"] == "0"


@pytest.mark.parametrize(("grace_period", "start_period"), [(90, 90), (900, 300)])
def test_container_health_check_starts_after_the_grace_period(grace_period: int, start_period: int) -> None:
    """ECS allows 300 seconds at most."""
    check = _app(health_check_grace_period_seconds=grace_period)["healthCheck"]

    assert check["command"] == ["CMD", "node", "health-check.js"]
    assert check["startPeriod"] == start_period


def test_command_replaces_the_image_s() -> None:
    assert _app(command=("node", "other.js"))["command"] == ["node", "other.js"]


def test_sidecar_has_all_its_settings() -> None:
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
        tmpfs={"/tmp": 64},
        ulimits={"nofile": 4096},
    )

    assert _containers(sidecars={"nginx": sidecar}, images={"nginx": NGINX})["nginx"] == {
        "name": "nginx",
        "image": "nginx@sha256:0",
        "essential": False,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "cpu": 64,
        "memory": 128,
        "memoryReservation": 64,
        "user": "101",
        "readonlyRootFilesystem": True,
        "linuxParameters": _linux_parameters("uid=101", "ALL"),
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


def test_sidecar_without_an_image_runs_the_app_s() -> None:
    containers = _containers(sidecars={"helper": Sidecar(command=("node", "helper.js"))})

    assert containers["helper"]["image"] == containers["web"]["image"]


def test_app_waits_for_its_dependencies() -> None:
    init = Sidecar(essential=False, command=("node", "init.js"))

    assert _app(sidecars={"init": init}, depends_on={"init": "success"})["dependsOn"] == [
        {"containerName": "init", "condition": "SUCCESS"}
    ]


def test_ingress_container_has_the_only_port() -> None:
    nginx = Sidecar(image="nginx:1.29", port=8080)
    containers = _containers(sidecars={"nginx": nginx}, ingress_container="nginx")

    assert containers["nginx"]["portMappings"] == [{"containerPort": 8080, "protocol": "tcp"}]
    assert "portMappings" not in containers["web"]


def test_service_without_exposure_has_no_port() -> None:
    assert "portMappings" not in _app(exposure="none")


def test_app_without_root_may_listen_on_a_port_below_1024() -> None:
    assert "systemControls" not in _app()
    assert _app(container_port=80)["systemControls"] == [
        {"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
    ]


def test_log_router_receives_the_other_containers_logs_and_logs_to_cloudwatch() -> None:
    router = Sidecar(image="fluent:1", log_router=LogRouter(config_file="/etc/own.conf"))
    containers = _containers(
        sidecars={"router": router, "nginx": Sidecar()}, log_options={"Name": "firehose"}
    )
    routed = {"logDriver": "awsfirelens", "options": {"Name": "firehose"}}

    assert {name: container["logConfiguration"] for name, container in containers.items()} == {
        "web": routed,
        "nginx": routed,
        "router": LOGS,
    }
    assert containers["router"]["firelensConfiguration"] == {
        "type": "fluentbit",
        "options": {
            "enable-ecs-log-metadata": "true",
            "config-file-type": "file",
            "config-file-value": "/etc/own.conf",
        },
    }
    assert containers["router"]["user"] == "0"


def test_blocking_logs_have_no_buffer() -> None:
    options = _app(log_mode="blocking")["logConfiguration"]["options"]

    assert options["mode"] == "blocking"
    assert "max-buffer-size" not in options


def test_app_s_opentelemetry_sdk_finds_the_collector() -> None:
    collector = _containers(opentelemetry=OpenTelemetry())["opentelemetry"]
    environment = _environment(opentelemetry=OpenTelemetry())

    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4318"
    assert environment["OTEL_SERVICE_NAME"] == "web"
    assert collector["essential"] is False
    assert collector["command"] == ["--config=/etc/ecs/ecs-default-config.yaml"]


def test_collector_may_read_its_configuration_from_a_parameter() -> None:
    collector = _containers(opentelemetry=OpenTelemetry(config="/otel/config"))["opentelemetry"]
    arn = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/otel/config"

    assert "command" not in collector
    assert collector["secrets"] == [{"name": "AOT_CONFIG_CONTENT", "valueFrom": arn}]


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
def test_tmpfs_belongs_to_a_numeric_user(user: str | None, options: list[str]) -> None:
    sidecar = Sidecar(image="nginx:1.29", user=user, tmpfs={"/cache": 16})
    (tmpfs,) = _containers(sidecars={"nginx": sidecar}, images={"nginx": NGINX})["nginx"]["linuxParameters"][
        "tmpfs"
    ]

    assert tmpfs["mountOptions"] == ["mode=1777", "nodev", "nosuid", *options]
