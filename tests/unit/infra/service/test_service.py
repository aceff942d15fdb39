"""A service: how it takes over, how it is reached, and what it waits for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.service.service import Service
from infra.settings import Migration
from tests.unit.infra.factories import held, service_args, service_settings
from tests.unit.infra.recorder import Declared, Graph, declare, once

SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"


@once
def _graph(*, args: dict[str, Any] | None = None, **settings: Any) -> Graph:
    arguments = service_args(service_settings(**settings), **(args or {}))
    return declare(lambda: Service("web", arguments, opts=held()))


def _service(**settings: Any) -> Declared:
    return _graph(**settings).one(SERVICE, "web")


def test_a_deployment_that_fails_goes_back_by_itself_and_never_takes_away_what_serves() -> None:
    inputs = _service(deployment_minimum_healthy_percent=50, deployment_maximum_percent=150).inputs

    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert inputs["deploymentMinimumHealthyPercent"] == 50
    assert inputs["deploymentMaximumPercent"] == 150
    assert inputs["healthCheckGracePeriodSeconds"] == 30
    assert inputs["availabilityZoneRebalancing"] == "ENABLED"


def test_count_and_capacity_are_the_settings() -> None:
    """A strategy of its own, for one that is inherited shows as a change under refresh."""
    inputs = _service(desired_count=3).inputs

    assert inputs["desiredCount"] == 3
    assert inputs["capacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ]
    assert "launchType" not in inputs
    assert inputs["forceNewDeployment"] is True


def test_tags_reach_the_tasks() -> None:
    """The provider's default tags end at the service; costs are found by the tasks'."""
    inputs = _service().inputs

    assert inputs["propagateTags"] == "SERVICE"
    assert inputs["enableEcsManagedTags"] is True


def test_tasks_have_further_security_groups_where_the_settings_name_them() -> None:
    inputs = _graph(security_group_ids=("sg-01234567",)).one(SERVICE).inputs

    assert inputs["networkConfiguration"]["securityGroups"] == ["sg-tasks", "sg-01234567"]


@pytest.mark.parametrize("public", [True, False])
def test_tasks_are_where_the_network_says(public: bool) -> None:  # noqa: FBT001
    graph = _graph(args={"assign_public_ip": public})

    assert graph.one(SERVICE).inputs["networkConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-tasks"],
        "assignPublicIp": public,
    }


def test_the_load_balancer_asks_tasks_as_the_settings_say() -> None:
    inputs = _graph(deregistration_delay_seconds=15, health_check_path="/ready").one(TARGET_GROUP).inputs

    assert inputs["targetType"] == "ip"
    assert (inputs["protocol"], inputs["port"], inputs["vpcId"]) == ("HTTP", 80, "vpc-1")
    assert inputs["deregistrationDelay"] == 15
    assert inputs["healthCheck"] == {
        "protocol": "HTTP",
        "port": "traffic-port",
        "path": "/ready",
        "matcher": "200",
        "interval": 10,
        "timeout": 5,
        "healthyThreshold": 2,
        "unhealthyThreshold": 3,
    }


@pytest.mark.parametrize("interval", [5, 6, 30])
def test_a_health_check_is_over_before_the_next_one(interval: int) -> None:
    """AWS refuses a timeout that is not shorter than the interval."""
    check = _graph(health_check_interval_seconds=interval).one(TARGET_GROUP).inputs["healthCheck"]

    assert 2 <= check["timeout"] < interval


def test_a_host_leads_to_the_service() -> None:
    inputs = _graph(host="alice.example.com", priority=1234).one(RULE, "web").inputs

    assert inputs["listenerArn"] == "arn:of:the:listener"
    assert inputs["priority"] == 1234
    assert inputs["conditions"] == [{"hostHeader": {"values": ["alice.example.com"]}}]
    assert "transforms" not in inputs
    (action,) = inputs["actions"]
    assert action["type"] == "forward"
    assert "targetgroup/web" in action["targetGroupArn"]


def test_without_a_domain_everything_leads_to_the_main_service() -> None:
    inputs = _graph(host=None).one(RULE).inputs

    assert inputs["conditions"] == [{"pathPattern": {"values": ["/*"]}}]
    assert "transforms" not in inputs


def test_without_a_domain_a_copy_has_a_prefix_and_nothing_that_only_begins_like_it() -> None:
    inputs = _graph(host=None, path_prefix="/alice").one(RULE).inputs

    assert inputs["conditions"] == [{"pathPattern": {"values": ["/alice", "/alice/*"]}}]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [("/alice", "/"), ("/alice/", "/"), ("/alice/page", "/page"), ("/alice/alice/x", "/alice/x")],
)
def test_the_app_does_not_see_the_prefix(asked: str, seen: str) -> None:
    """The same image has to work with a host of its own and below a prefix."""
    (transform,) = _graph(host=None, path_prefix="/alice").one(RULE).inputs["transforms"]
    rewrite = transform["urlRewriteConfig"]["rewrite"]

    assert transform["type"] == "url-rewrite"
    assert re.sub(rewrite["regex"], rewrite["replace"].replace("$1", r"\1"), asked) == seen


MIGRATION = Migration(command=("node", "migrate.js"))


@pytest.mark.parametrize(("migration", "first"), [(None, ()), (MIGRATION, ("web-migration",))], ids=str)
def test_what_happens_before_and_when_it_fails(migration: Migration | None, first: tuple[str, ...]) -> None:
    """A migration goes first; hooks that are gone are taken from ECS; errors are tried again or explained."""
    graph = _graph(migration=migration)
    failing = {"on_error": ("operation-errors",)}

    assert graph.one(SERVICE).hooks == {
        **({"before_create": first} if first else {}),
        "before_update": (*first, "removed-lifecycle-hooks"),
        **failing,
    }
    assert graph.one("aws:ecs/taskDefinition:TaskDefinition").hooks == failing


def test_the_service_waits_for_its_rule() -> None:
    """ECS refuses a target group that no rule leads to."""
    graph = _graph()

    assert graph.one(RULE).urn in graph.one(SERVICE).dependencies
