"""Deployment strategies: configuration, two target groups, hooks, time limits, alarms."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.service.alternate_target_group import keep_group_in_use
from infra.service.deployment import deployment_configuration, timeouts
from infra.service.roles import InfrastructureRole
from infra.settings import RolloutHook
from tests.unit.infra.factories import (
    LOAD_BALANCER,
    account,
    alarm_settings,
    autoscaling_settings,
    child_options,
    declare_service,
    rollout_settings,
    service_settings,
)
from tests.unit.infra.recorder import Graph, declare
from tests.unit.infra.rollout.aws import update

SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"


def _declare(strategy: str = "canary", *, rollout: dict[str, Any] | None = None, **settings: Any) -> Graph:
    return declare_service(rollout=rollout_settings(strategy, **(rollout or {})), **settings)


def _hook(**changes: Any) -> RolloutHook:
    timeout = {} if "lambda_arn" in changes else {"timeout_minutes": 30}
    return RolloutHook(**{"stages": ("POST_TEST_TRAFFIC_SHIFT",), **timeout, **changes})


@pytest.mark.parametrize(
    ("strategy", "configuration"),
    [
        ("rolling", {"strategy": "ROLLING"}),
        (
            "canary",
            {
                "strategy": "CANARY",
                "bakeTimeInMinutes": "7",
                "canaryConfiguration": {"canaryPercent": 25, "canaryBakeTimeInMinutes": "10"},
            },
        ),
        (
            "linear",
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "7",
                "linearConfiguration": {"stepPercent": 20, "stepBakeTimeInMinutes": "5"},
            },
        ),
        ("blue-green", {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "7"}),
    ],
)
def test_strategy_is_explicit(strategy: str, configuration: dict[str, Any]) -> None:
    """Rolling too: the provider keeps a strategy that is left out. Its minutes are text."""
    inputs = _declare(strategy).one(SERVICE).inputs

    assert inputs["deploymentConfiguration"] == configuration
    assert inputs.get("deploymentController", {"type": "ECS"}) == {"type": "ECS"}


def test_rolling_service_has_one_target_group_in_a_rule_of_the_program() -> None:
    graph = _declare("rolling")
    (balancer,) = graph.one(SERVICE).inputs["loadBalancers"]

    assert graph.names(TARGET_GROUP) == graph.names(RULE) == ["web"]
    assert not balancer.get("advancedConfiguration")
    assert graph.one(RULE).ignore_changes == ()


def test_other_strategies_have_two_equal_target_groups_for_ecs_to_shift_traffic_between() -> None:
    """ECS refuses LINEAR without the configuration, whatever the load balancer."""
    graph = _declare()
    (balancer,) = graph.one(SERVICE).inputs["loadBalancers"]
    advanced = balancer["advancedConfiguration"]

    assert graph.one(TARGET_GROUP, "web").inputs == graph.one(TARGET_GROUP, "web-green").inputs
    assert "targetgroup/web-1a2b3c4" in balancer["targetGroupArn"]
    assert "targetgroup/web-green-1a2b3c4" in advanced["alternateTargetGroupArn"]
    assert "listener-rule/web-1a2b3c4" in advanced["productionListenerRule"]
    assert "listener-rule/web-test-1a2b3c4" in advanced["testListenerRule"]
    assert "role/infrastructure-1a2b3c4" in advanced["roleArn"]


def test_production_rule_starts_with_blue_and_ecs_owns_its_weights() -> None:
    """Every deployment swaps the weights: setting them again would send users to an empty group."""
    rule = _declare().one(RULE, "web")
    (action,) = rule.inputs["actions"]
    blue, green = action["forward"]["targetGroups"]

    assert rule.ignore_changes == ("actions",)
    assert action["type"] == "forward"
    assert "targetGroupArn" not in action
    assert ("web-1a2b3c4" in blue["arn"], blue["weight"]) == (True, 100)
    assert ("web-green-1a2b3c4" in green["arn"], green["weight"]) == (True, 0)


@pytest.mark.parametrize("names", [{"host": "alice.example.com"}, {"host": None, "path_prefix": "/alice"}])
def test_test_rule_sends_the_same_requests_to_green(names: dict[str, Any]) -> None:
    graph = _declare(priority=1234, **names)
    production, test = (graph.one(RULE, name).inputs for name in ("web", "web-test"))
    blue, green = test["actions"][0]["forward"]["targetGroups"]

    assert test["listenerArn"] == "arn:of:the:test:listener"
    for key in ("conditions", "priority", "transforms"):
        assert test.get(key) == production.get(key)
    assert (blue["weight"], green["weight"]) == (0, 100)
    assert graph.one(RULE, "web-test").ignore_changes == ("actions",)


def test_service_depends_on_all_rules_and_the_role_s_policy() -> None:
    """They are deleted after the service, which stays in DRAINING without them."""
    graph = _declare()
    needed = {rule.urn for rule in graph.all(RULE)} | {graph.one(ATTACHMENT).urn}

    assert needed <= graph.one(SERVICE).dependencies


def test_changing_the_strategy_keeps_the_target_group_and_the_rule() -> None:
    rolling, canary = _declare("rolling"), _declare()
    rules = [
        {key: value for key, value in graph.one(RULE, "web").inputs.items() if key != "actions"}
        for graph in (rolling, canary)
    ]

    assert {resource.urn for resource in rolling.resources} <= {resource.urn for resource in canary.resources}
    assert rolling.one(TARGET_GROUP, "web").inputs == canary.one(TARGET_GROUP, "web").inputs
    assert rules[0] == rules[1]


def test_changing_the_container_port_replaces_neither_target_group() -> None:
    """ECS, which owns the rule's actions, would not put a new group into it."""
    before, after = (_declare(container_port=port) for port in (3000, 4000))

    for name in ("web", "web-green"):
        assert before.one(TARGET_GROUP, name).inputs == after.one(TARGET_GROUP, name).inputs


def test_rolling_service_may_keep_two_target_groups() -> None:
    """On the way back from another strategy users may be at either group."""
    graph = _declare("rolling", rollout={"two_target_groups": True})
    service = graph.one(SERVICE).inputs

    assert service["deploymentConfiguration"] == {"strategy": "ROLLING"}
    assert service["loadBalancers"][0]["advancedConfiguration"]["alternateTargetGroupArn"]
    assert graph.one(RULE, "web").ignore_changes == ("actions",)


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"rollout_timeout_minutes": 20}, 20),
        ({"rollout_timeout_minutes": 45}, 45),
        # ECS completes a rolling deployment once its alarms have had the time to go off.
        ({"alarms": alarm_settings(period_seconds=300, periods=6)}, 20 + 30),
        ({"rollout": rollout_settings("canary", canary_minutes=10, bake_minutes=5)}, 20 + 15),
        (
            {"rollout": rollout_settings("canary", canary_minutes=10, bake_minutes=5, hooks=(_hook(),))},
            20 + 45,
        ),
    ],
)
def test_time_limit_includes_bake_times_pauses_and_alarms(changes: dict[str, Any], minutes: int) -> None:
    """The provider's default of 20 minutes is shorter than a canary deployment with its bake time."""
    limits = timeouts(service_settings(**changes))

    # Five more for new roles, and until ECS begins.
    assert (limits.create, limits.update) == (f"{minutes + 5}m", f"{minutes + 5}m")


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 40), (20, 41), (3600, 100)])
def test_time_limit_of_a_deletion_includes_the_deregistration_delay(seconds: int, minutes: int) -> None:
    """Tasks stop only after it, and until then the service is in DRAINING."""
    assert timeouts(service_settings(deregistration_delay_seconds=seconds)).delete == f"{minutes}m"


def test_provider_waits_for_the_end_of_a_deployment() -> None:
    """Else an update succeeds before any task of the new version has started."""
    service = _declare().one(SERVICE)

    assert (service.inputs["waitForSteadyState"], service.inputs["sigintRollback"]) == (True, True)
    assert service.timeouts == {"create": "42m", "update": "42m", "delete": "41m"}


def test_pause_hook_needs_no_role() -> None:
    configuration = deployment_configuration(rollout_settings("blue-green", hooks=(_hook(),)))

    assert configuration.get("lifecycle_hooks") == [
        {
            "target_type": "PAUSE",
            "lifecycle_stages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeout_configuration": {"action": "ROLLBACK", "timeout_in_minutes": "30"},
        }
    ]
    assert "web-hooks" not in _declare(rollout={"hooks": (_hook(),)}).names("aws:iam/role:Role")


def test_lambda_hook_has_a_role_that_may_call_its_function_only() -> None:
    hook = _hook(lambda_arn=FUNCTION, details='{"a": 1}', stages=("TEST_TRAFFIC_SHIFT",))
    again = _hook(lambda_arn=FUNCTION, stages=("POST_SCALE_UP",))
    graph = _declare(rollout={"hooks": (hook, _hook(), again)})
    service = graph.one(SERVICE)
    configured = service.inputs["deploymentConfiguration"]["lifecycleHooks"][0]

    assert configured == {
        "targetType": "AWS_LAMBDA",
        "lifecycleStages": ["TEST_TRAFFIC_SHIFT"],
        "hookTargetArn": FUNCTION,
        "roleArn": configured["roleArn"],
        "hookDetails": '{"a": 1}',
    }
    assert "role/web-hooks-1a2b3c4" in configured["roleArn"]
    assert graph.trust("web-hooks")["Principal"] == {"Service": "ecs.amazonaws.com"}
    (statement,) = graph.statements("web-hooks").values()
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", [FUNCTION])
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "web-hooks").urn in service.dependencies


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_infrastructure_role_has_aws_s_policy_of_the_partition(partition: str) -> None:
    graph = declare(
        lambda: InfrastructureRole("infrastructure", account(partition=partition), opts=child_options())
    )

    assert graph.trust("infrastructure")["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert graph.one(ATTACHMENT, "infrastructure").inputs == {
        "role": "infrastructure-1a2b3c4",
        "policyArn": f"arn:{partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
    }


@pytest.mark.parametrize(("strategy", "count"), [("rolling", 3), ("canary", 6)])
def test_alarms_of_every_target_group_and_extra_ones_roll_a_deployment_back(
    strategy: str, count: int
) -> None:
    graph = _declare(strategy, alarms=alarm_settings(extra=("queue",)))
    configured = graph.one(SERVICE).inputs["alarms"]

    assert (configured["enable"], configured["rollback"]) == (True, True)
    assert sorted(configured["alarmNames"]) == sorted(
        ["queue", *(f"{alarm.name}-1a2b3c4" for alarm in graph.all(ALARM))]
    )
    assert len(graph.all(ALARM)) == count
    assert graph.one(ALARM, "web-latency").inputs["dimensions"] == {
        "LoadBalancer": LOAD_BALANCER,
        "TargetGroup": "targetgroup/web-1a2b3c4/0123456789abcdef",
    }
    assert (
        graph.component_outputs("node-on-ecs:infra:Service", "web")["alarm_names"] == configured["alarmNames"]
    )


def test_service_without_alarms_disables_them_explicitly() -> None:
    """The provider ignores a missing block, and ECS would go on watching the old alarms."""
    graph = _declare()

    assert graph.one(SERVICE).inputs["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}
    assert graph.component_outputs("node-on-ecs:infra:Service", "web")["alarm_names"] == []


def test_autoscaling_counts_requests_of_both_target_groups() -> None:
    graph = _declare(autoscaling=autoscaling_settings(requests_per_target=100))
    policy = graph.one("aws:appautoscaling/policy:Policy", "web-requests").inputs
    metrics = policy["targetTrackingScalingPolicyConfiguration"]["customizedMetricSpecification"]["metrics"]

    assert len(metrics) == 3


def _update_rule(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Run the hook of a rule whose actions change."""
    hooks: list[pulumi.ResourceHook] = []
    declare(lambda: hooks.append(keep_group_in_use("web")))
    result = hooks[0](update({"actions": before}, {"actions": after}))
    assert result is None or asyncio.run(result) is None  # type: ignore[arg-type]


def _weighted(blue: float, green: float) -> list[dict[str, Any]]:
    groups = [{"arn": "blue", "weight": blue}, {"arn": "green", "weight": green}]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


TO_BLUE = [{"type": "forward", "targetGroupArn": "blue"}]
TO_DELETED_GROUP = [{"type": "forward", "targetGroupArn": "deleted"}]


@pytest.mark.parametrize("before", [_weighted(100.0, 0.0), TO_BLUE, TO_DELETED_GROUP])
def test_target_group_without_requests_may_be_removed(before: list[dict[str, Any]]) -> None:
    _update_rule(before, TO_BLUE)


@pytest.mark.parametrize("before", [_weighted(0.0, 100.0), _weighted(75.0, 25.0)])
def test_target_group_with_requests_may_not_be_removed(before: list[dict[str, Any]]) -> None:
    with pytest.raises(
        pulumi.RunError, match="web: the load balancer routes users to target group green"
    ) as e:
        _update_rule(before, TO_BLUE)

    assert "two-target-groups: true" in str(e.value)


def test_only_a_rule_with_one_target_group_has_this_hook() -> None:
    assert _declare("rolling").one(RULE).hooks == {"before_update": ("web-keep-group-in-use",)}
    assert _declare().one(RULE, "web").hooks == {}
