"""The ECS service itself: count, capacity, network, rollback, hooks."""

from __future__ import annotations

import pytest

from infra.rollout.rollout import Rollout
from infra.settings import Migration
from tests.unit.infra.factories import (
    ParentComponent,
    autoscaling_settings,
    declare_service,
    provider_settings,
)
from tests.unit.infra.recorder import declare

SERVICE = "aws:ecs/service:Service"


def test_failed_deployments_roll_back_within_the_configured_health_bounds() -> None:
    inputs = (
        declare_service(deployment_minimum_healthy_percent=50, deployment_maximum_percent=150)
        .one(SERVICE)
        .inputs
    )

    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert inputs["deploymentMinimumHealthyPercent"] == 50
    assert inputs["deploymentMaximumPercent"] == 150
    assert inputs["healthCheckGracePeriodSeconds"] == 30


def test_service_has_the_configured_count_and_capacity() -> None:
    """Its own strategy, because an inherited one shows as a change after a refresh."""
    service = declare_service(desired_count=3).one(SERVICE)

    assert service.inputs["desiredCount"] == 3
    assert service.inputs["capacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ]
    assert "launchType" not in service.inputs
    assert service.inputs["forceNewDeployment"] is True
    assert service.ignore_changes == ()


def test_autoscaling_owns_the_count() -> None:
    graph = declare_service(autoscaling=autoscaling_settings())
    service, target = graph.one(SERVICE), graph.one("aws:appautoscaling/target:Target", "web")

    assert service.ignore_changes == ("desiredCount",)
    assert target.inputs["resourceId"] == "service/cluster/web-1a2b3c4"
    assert service.urn in target.dependencies


def test_tags_reach_the_tasks() -> None:
    """The provider's default tags end at the service, but costs are reported by the tasks' tags."""
    inputs = declare_service().one(SERVICE).inputs

    assert inputs["propagateTags"] == "SERVICE"
    assert inputs["enableEcsManagedTags"] is True


@pytest.mark.parametrize("public", [True, False])
def test_tasks_run_in_the_network_with_their_security_groups(public: bool) -> None:  # noqa: FBT001
    graph = declare_service(
        platform_changes={"assign_public_ip": public}, security_group_ids=("sg-01234567",)
    )

    assert graph.one(SERVICE).inputs["networkConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-tasks", "sg-01234567"],
        "assignPublicIp": public,
    }


MIGRATION = Migration(command=("node", "migrate.js"))


@pytest.mark.parametrize(("migration", "first"), [(None, ()), (MIGRATION, ("web-migration",))], ids=str)
def test_hooks_run_the_migration_remove_what_the_provider_keeps_and_handle_errors(
    migration: Migration | None, first: tuple[str, ...]
) -> None:
    graph = declare_service(migration=migration)
    on_error = {"on_error": ("operation-errors",)}

    assert graph.one(SERVICE).hooks == {
        **({"before_create": first} if first else {}),
        "before_update": (*first, "removals"),
        **on_error,
    }
    assert graph.one("aws:ecs/taskDefinition:TaskDefinition").hooks == on_error


def test_changed_migration_command_changes_the_service() -> None:
    """Hooks run only for changed resources."""
    other = Migration(command=("node", "other.js"))
    triggers = [
        declare_service(migration=migration).one(SERVICE).inputs.get("triggers")
        for migration in (None, MIGRATION, other)
    ]

    assert triggers[0] is None
    assert triggers[1] != triggers[2]


def test_migration_record_exists_before_the_service_and_updates_keep_its_value() -> None:
    graph = declare_service(migration=MIGRATION)
    record = graph.one("aws:ssm/parameter:Parameter")

    assert record.urn in graph.one(SERVICE).dependencies
    assert record.ignore_changes == ("insecureValue",)
    assert declare_service().all("aws:ssm/parameter:Parameter") == []


def test_each_service_is_known_to_the_hook_that_explains_a_failed_update() -> None:
    rollout = Rollout(provider_settings())

    def program() -> None:
        parent = ParentComponent()
        for name in ("web", "api"):
            rollout.service_hooks(name, None, parent=parent)

    declare(program)

    assert rollout._errors.service_count == 2


def test_service_gets_or_loses_a_load_balancer_only_by_replacement() -> None:
    """ECS refuses a grace period and a new load balancer in one update, and the provider sends both."""
    web = declare_service().one(SERVICE)
    worker = declare_service(exposure="none", host=None).one(SERVICE)

    assert "healthCheckGracePeriodSeconds" not in worker.inputs
    assert "loadBalancers" not in worker.inputs
    assert (web.replacement_trigger, worker.replacement_trigger) == ("http", "none")
