"""MiniStack has the private functions that are wrapped."""

from __future__ import annotations

import inspect

import pytest

from local.emulated import ministack
from local.emulated.container_exits import WATCH


@pytest.mark.parametrize(
    ("module", "function", "parameters"),
    [
        (
            "ecs",
            "_build_run_kwargs",
            "cdef td env port_bindings ecs_network host_mode task_id task_arn ministack_net_ip cluster_arn",
        ),
        ("ecs", "_cleanup_task_resources", "task docker_client extra_container"),
        ("ecs", "_record_task_ip", "task container ecs_network"),
        ("ecs", "_start_task_worker", "task td container_overrides docker_client"),
        ("ecs", "_circuit_breaker_threshold", "svc"),
        ("ecs", "_deployment_for_task", "svc task"),
        ("ecs", "_make_deployment", "task_definition desired_count status"),
        ("ecs", "_record_service_task_failure", "task digest_resolution_failed"),
        ("ecs", "_reconcile_service_tasks", "cluster_name svc_key"),
        ("ecs", "_get_docker", ""),
        ("ecs", "_maybe_mark_stopped", "task docker_client"),
        ("alb", "_short_id", ""),
        ("ecs", "_mark_task_stopped", "task_arn task reason stop_code exit_code"),
        ("eventbridge", "_put_events", "data allow_aws_source"),
        ("eventbridge", "_invoke_target", "target event rule view"),
        ("eventbridge", "_dispatch_to_sqs", "spec payload sqs_parameters"),
        ("ecs", "_resolve_container_secrets", "cdef"),
        ("secretsmanager", "resolve_secret_string", "secret_id version_stage version_id"),
        ("ssm", "resolve_parameter_value", "name_or_arn version decrypt"),
    ],
)
def test_a_wrapped_function_has_the_expected_parameters(module: str, function: str, parameters: str) -> None:
    wrapped = getattr(ministack(f"services.{module}"), function)

    assert [*inspect.signature(wrapped).parameters] == parameters.split()


@pytest.mark.parametrize(
    ("module", "store"),
    [("ecs", "_services"), ("ecs", "_tasks"), ("efs", "_access_points"), ("servicediscovery", "_namespaces"),
     ("servicediscovery", "_services")],
)  # fmt: skip
def test_a_store_exists(module: str, store: str) -> None:
    assert len(getattr(ministack(f"services.{module}"), store)) == 0


def test_a_tasks_watch_calls_the_wrapped_function_in_a_thread_of_known_name() -> None:
    watch = inspect.getsource(ministack("services.ecs")._watch_task_lifecycle)

    assert "_maybe_mark_stopped(task, docker_client)" in watch
    assert f'"{WATCH}"' in watch


@pytest.mark.parametrize(
    "action", ["CreateService", "DeleteCluster", "DeleteService", "RunTask", "StopTask", "UpdateService"]
)
def test_a_wrapped_or_called_action_exists(action: str) -> None:
    assert action in ministack("services.ecs")._ACTION_MAP
