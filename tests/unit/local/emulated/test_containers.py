"""Docker options of a container definition, and the order of a task's containers."""

from __future__ import annotations

from typing import Any

from local.emulated.containers import is_awaited, network_owner, options, start_order

PROXY: dict[str, Any] = {"name": "proxy"}
MIGRATION: dict[str, Any] = {
    "name": "migration",
    "dependsOn": [{"containerName": "proxy", "condition": "START"}],
}
WEB: dict[str, Any] = {
    "name": "web",
    "dependsOn": [
        {"containerName": "migration", "condition": "SUCCESS"},
        {"containerName": "proxy", "condition": "HEALTHY"},
    ],
}


def plain(definition: dict[str, Any], *, awaited_healthy: bool = False) -> dict[str, Any]:
    return options({"name": "web", **definition}, awaited_healthy=awaited_healthy)


def test_a_container_starts_after_its_dependencies() -> None:
    assert start_order([WEB, MIGRATION, PROXY]) == [2, 1, 0]


def test_containers_without_dependencies_start_in_the_listed_order() -> None:
    assert start_order([{"name": "a"}, {"name": "b"}]) == [0, 1]


def test_the_first_container_that_keeps_running_owns_the_network() -> None:
    assert network_owner([MIGRATION, PROXY, WEB]) == "proxy"
    assert network_owner([MIGRATION]) == "migration"


def test_a_container_is_awaited_with_the_condition_of_a_dependency() -> None:
    containers = [PROXY, MIGRATION, WEB]

    assert is_awaited("proxy", containers, "HEALTHY")
    assert not is_awaited("proxy", containers, "COMPLETE")
    assert not is_awaited("web", containers, "HEALTHY")


def test_options_that_a_definition_omits_are_the_images() -> None:
    assert plain({"readonlyRootFilesystem": False, "linuxParameters": {}}) == {}


def test_a_container_definition_is_converted_to_docker_options() -> None:
    tmpfs = {"containerPath": "/tmp", "size": 64, "mountOptions": ["uid=1000", "mode=700"]}
    configured = {
        "entryPoint": ["node"],
        "linuxParameters": {
            "capabilities": {"drop": ["ALL"]},
            "initProcessEnabled": True,
            "tmpfs": [tmpfs, {"containerPath": "/run", "size": 1}],
        },
        "readonlyRootFilesystem": True,
        "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
        "user": "1000:1000",
        "workingDirectory": "/app",
    }

    assert plain(configured) == {
        "cap_drop": ["ALL"],
        "entrypoint": ["node"],
        "init": True,
        "read_only": True,
        "tmpfs": {"/tmp": "size=64m,uid=1000,mode=700", "/run": "size=1m"},
        "ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        "user": "1000:1000",
        "working_dir": "/app",
    }


def test_docker_runs_a_health_check_only_if_another_container_waits_for_it() -> None:
    configured = {"healthCheck": {"command": ["CMD", "true"], "interval": 5, "startPeriod": 1}}

    assert plain(configured) == {}
    assert plain(configured, awaited_healthy=True)["healthcheck"] == {
        "test": ["CMD", "true"],
        "interval": 5_000_000_000,
        "timeout": 5_000_000_000,
        "retries": 3,
        "start_period": 1_000_000_000,
    }
