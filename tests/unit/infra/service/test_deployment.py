"""What a strategy adds to a service, and the traps that come with it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pytest

from infra.service.deployment import deployment_configuration, timeouts
from infra.service.service import Service
from infra.service.traffic import stays_at_blue
from infra.settings import RolloutHook
from tests.unit.infra.factories import (
    LOAD_BALANCER,
    alarm_settings,
    autoscaling_settings,
    held,
    rollout_settings,
    service_args,
    service_settings,
    traffic_shift,
)
from tests.unit.infra.recorder import Declared, Graph, declare, once

SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:appautoscaling/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"


@once
def _graph(strategy: str = "canary", *, rollout: dict[str, Any] | None = None, **settings: Any) -> Graph:
    service = service_settings(rollout=rollout_settings(strategy, **(rollout or {})), **settings)

    def program() -> None:
        shift = traffic_shift() if service.rollout.has_two_target_groups else None
        Service("web", service_args(service, traffic_shift=shift), opts=held())

    return declare(program)


def _service(graph: Graph) -> Declared:
    return graph.one(SERVICE, "web")


def _hook(**changes: Any) -> RolloutHook:
    return RolloutHook(
        **{
            "stages": ("POST_TEST_TRAFFIC_SHIFT",),
            **({} if "lambda_arn" in changes else {"timeout_minutes": 30}),
            **changes,
        }
    )


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
def test_ecs_is_told_the_strategy_in_its_own_words(strategy: str, configuration: dict[str, Any]) -> None:
    """Rolling too: a strategy that is left out stays what it was. Minutes are text for the provider."""
    inputs = _service(_graph(strategy)).inputs

    assert inputs["deploymentConfiguration"] == configuration
    assert inputs.get("deploymentController", {"type": "ECS"}) == {"type": "ECS"}


def test_a_rolling_service_has_one_target_group_and_ecs_no_part_in_its_rule() -> None:
    graph = _graph("rolling")
    (balancer,) = _service(graph).inputs["loadBalancers"]

    assert graph.names(TARGET_GROUP) == graph.names(RULE) == ["web"]
    assert not balancer.get("advancedConfiguration")
    assert graph.one(RULE).ignore_changes == ()


def test_every_other_strategy_has_two_target_groups_that_are_alike() -> None:
    graph = _graph()
    blue, green = (graph.one(TARGET_GROUP, name) for name in ("web", "web-green"))

    assert blue.inputs == green.inputs


def test_the_service_tells_ecs_all_that_it_needs_to_move_traffic() -> None:
    """LINEAR is refused without it, whatever the load balancer."""
    (balancer,) = _service(_graph()).inputs["loadBalancers"]
    advanced = balancer["advancedConfiguration"]

    assert "targetgroup/web-1a2b3c4" in balancer["targetGroupArn"]
    assert "targetgroup/web-green-1a2b3c4" in advanced["alternateTargetGroupArn"]
    assert "listener-rule/web-1a2b3c4" in advanced["productionListenerRule"]
    assert "listener-rule/web-test-1a2b3c4" in advanced["testListenerRule"]
    assert "role/infrastructure-1a2b3c4" in advanced["roleArn"]


def test_users_begin_at_blue_and_the_rule_is_ecs_s_from_then_on() -> None:
    """ECS swaps the weights with each deployment: to set them again sends users to an empty group."""
    rule = _graph().one(RULE, "web")
    (action,) = rule.inputs["actions"]
    blue, green = action["forward"]["targetGroups"]

    assert rule.ignore_changes == ("actions",)
    assert action["type"] == "forward"
    assert "targetGroupArn" not in action
    assert ("web-1a2b3c4" in blue["arn"], blue["weight"]) == (True, 100)
    assert ("web-green-1a2b3c4" in green["arn"], green["weight"]) == (True, 0)


def test_testers_see_green_by_the_same_names_at_the_test_listener() -> None:
    graph = _graph(host="alice.example.com", priority=1234)
    production, test = (graph.one(RULE, name).inputs for name in ("web", "web-test"))
    blue, green = test["actions"][0]["forward"]["targetGroups"]

    assert test["listenerArn"] == "arn:of:the:test:listener"
    assert (test["conditions"], test["priority"]) == (production["conditions"], production["priority"])
    assert (blue["weight"], green["weight"]) == (0, 100)
    assert graph.one(RULE, "web-test").ignore_changes == ("actions",)


def test_rules_of_both_groups_leave_the_old_load_balancer_before_there_is_another() -> None:
    """A target group belongs to one load balancer at a time."""
    assert [one.delete_before_replace for one in _graph().all(RULE)] == [True, True]


def test_a_prefix_is_taken_away_at_the_test_listener_too() -> None:
    graph = _graph(host=None, path_prefix="/alice")

    assert graph.one(RULE, "web-test").inputs["transforms"] == graph.one(RULE, "web").inputs["transforms"]


def test_the_service_waits_for_all_rules_and_the_role_s_policy() -> None:
    """And goes before them: without its role or a rule it is stuck in DRAINING."""
    graph = _graph()
    needed = {rule.urn for rule in graph.all(RULE)} | {graph.one(ATTACHMENT).urn}

    assert needed <= _service(graph).dependencies


def test_going_there_and_back_leaves_the_target_group_and_the_rule() -> None:
    """By their URNs: another name would replace what users go through."""
    rolling, shifting = _graph("rolling"), _graph()
    kept = {resource.urn for resource in rolling.resources}

    assert kept <= {resource.urn for resource in shifting.resources}
    assert rolling.one(TARGET_GROUP, "web").inputs == shifting.one(TARGET_GROUP, "web").inputs


def test_the_rule_s_other_properties_are_the_same_for_every_strategy() -> None:
    """The listener and, with it, the rule would be replaced; priority and conditions would change for users."""
    rolling, canary = (dict(_graph(strategy).one(RULE, "web").inputs) for strategy in ("rolling", "canary"))
    rolling.pop("actions")
    canary.pop("actions")

    assert rolling == canary


def test_another_container_port_replaces_neither_target_group() -> None:
    """A new group would be none of those in the rule, whose actions are ECS's."""
    before, after = (_graph(container_port=port) for port in (3000, 4000))

    for name in ("web", "web-green"):
        assert before.one(TARGET_GROUP, name).inputs == after.one(TARGET_GROUP, name).inputs


def test_a_rolling_service_on_its_way_keeps_both_target_groups() -> None:
    """Without them ECS would not know at which of the two users are."""
    graph = _graph("rolling", rollout={"two_target_groups": True})
    (balancer,) = _service(graph).inputs["loadBalancers"]

    assert _service(graph).inputs["deploymentConfiguration"] == {"strategy": "ROLLING"}
    assert balancer["advancedConfiguration"]["alternateTargetGroupArn"]
    assert graph.one(RULE, "web").ignore_changes == ("actions",)


def test_two_target_groups_need_what_services_share() -> None:
    with pytest.raises(ValueError, match="web has two target groups and needs a traffic_shift, got None"):
        service_args(service_settings(rollout=rollout_settings("canary")))


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"rollout_timeout_minutes": 20}, 20),
        ({"rollout_timeout_minutes": 45}, 45),
        # ECS calls a rolling deployment done when its alarms have had the time to go off.
        ({"alarms": alarm_settings(period_seconds=300, periods=6)}, 20 + 30),
        ({"rollout": rollout_settings("canary", canary_minutes=10, bake_minutes=5)}, 20 + 15),
        (
            {"rollout": rollout_settings("canary", canary_minutes=10, bake_minutes=5, hooks=(_hook(),))},
            20 + 45,
        ),
    ],
)
def test_the_provider_waits_as_long_as_config_allows_beside_what_is_waited_for_on_purpose(
    changes: dict[str, Any], minutes: int
) -> None:
    """Its own 20 minutes are over before a canary with its bake time is."""
    asked = timeouts(service_settings(**changes))

    # Five more for roles that are new, and for ECS's own start.
    assert (asked.create, asked.update, asked.delete) == (f"{minutes + 5}m", f"{minutes + 5}m", "40m")


def test_the_provider_follows_a_deployment_to_its_end() -> None:
    """Without it an update is a success before a single task of the new version has started."""
    service = _service(_graph())

    assert (service.inputs["waitForSteadyState"], service.inputs["sigintRollback"]) == (True, True)
    assert service.timeouts == {"create": "42m", "update": "42m", "delete": "40m"}


def test_a_deployment_can_wait_for_somebody() -> None:
    configuration = deployment_configuration(rollout_settings("blue-green", hooks=(_hook(),)))

    assert configuration.get("lifecycle_hooks") == [
        {
            "target_type": "PAUSE",
            "lifecycle_stages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeout_configuration": {"action": "ROLLBACK", "timeout_in_minutes": "30"},
        }
    ]


def test_a_deployment_can_ask_a_function_and_ecs_may_call_it() -> None:
    hook = _hook(lambda_arn=FUNCTION, details='{"a": 1}', stages=("TEST_TRAFFIC_SHIFT",))
    graph = _graph("canary", rollout={"hooks": (hook,)})
    (called,) = _service(graph).inputs["deploymentConfiguration"]["lifecycleHooks"]

    assert called == {
        "targetType": "AWS_LAMBDA",
        "lifecycleStages": ["TEST_TRAFFIC_SHIFT"],
        "hookTargetArn": FUNCTION,
        "roleArn": called["roleArn"],
        "hookDetails": '{"a": 1}',
    }
    assert "role/web-hooks-1a2b3c4" in called["roleArn"]
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "web-hooks").inputs["policy"])
    assert policy["Statement"][0]["Resource"] == [FUNCTION]
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "web-hooks").urn in _service(graph).dependencies


def test_a_pause_needs_no_role() -> None:
    graph = _graph("canary", rollout={"hooks": (_hook(),)})

    assert "web-hooks" not in graph.names("aws:iam/role:Role")


@pytest.mark.parametrize(("strategy", "alarms"), [("rolling", 3), ("canary", 6)])
def test_a_deployment_is_taken_back_when_an_alarm_rings(strategy: str, alarms: int) -> None:
    graph = _graph(strategy, alarms=alarm_settings(extra=("queue",)))
    asked = _service(graph).inputs["alarms"]

    assert (asked["enable"], asked["rollback"]) == (True, True)
    assert sorted(asked["alarmNames"]) == sorted(
        ["queue", *(f"{alarm.name}-1a2b3c4" for alarm in graph.all(ALARM))]
    )
    assert len(graph.all(ALARM)) == alarms
    assert graph.component_outputs("node-on-ecs:infra:Service", "web")["alarm_names"] == asked["alarmNames"]


def test_without_alarms_ecs_is_told_so() -> None:
    """The provider takes alarms that are left out for no change, and ECS would go on asking for them."""
    graph = _graph("canary")

    assert _service(graph).inputs["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}
    assert graph.component_outputs("node-on-ecs:infra:Service", "web")["alarm_names"] == []


def test_alarms_are_about_the_load_balancer_that_users_go_through() -> None:
    alarm = _graph("rolling", alarms=alarm_settings()).one(ALARM, "web-latency").inputs

    assert alarm["dimensions"] == {
        "LoadBalancer": LOAD_BALANCER,
        "TargetGroup": "targetgroup/web-1a2b3c4/0123456789abcdef",
    }


def test_with_autoscaling_the_count_is_the_autoscalers() -> None:
    graph = _graph("rolling", autoscaling=autoscaling_settings())
    target = graph.one("aws:appautoscaling/target:Target", "web")

    assert _service(graph).ignore_changes == ("desiredCount",)
    assert target.inputs["resourceId"] == "service/cluster/web-1a2b3c4"
    assert _service(graph).urn in target.dependencies


def test_without_autoscaling_the_count_is_the_configurations() -> None:
    graph = _graph("rolling")

    assert _service(graph).ignore_changes == ()
    assert graph.all("aws:appautoscaling/target:Target") == []


def test_requests_are_counted_at_both_target_groups() -> None:
    graph = _graph("canary", autoscaling=autoscaling_settings(requests_per_target=100))
    tracked = graph.one(POLICY, "web-requests").inputs["targetTrackingScalingPolicyConfiguration"]

    assert len(tracked["customizedMetricSpecification"]["metrics"]) == 3


def _changed(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Ask the hook of a rule whose actions change; its resource hook is registered in a program alone."""
    hooks: list[pulumi.ResourceHook] = []
    declare(lambda: hooks.append(stays_at_blue("web")))
    result = hooks[0](
        pulumi.ResourceHookArgs(
            urn="urn",
            id="id",
            name="web",
            type=RULE,
            new_inputs={"actions": after},
            old_inputs={"actions": before},
            new_outputs=None,
            old_outputs={"actions": before},
        )
    )
    assert result is None or asyncio.run(result) is None  # type: ignore[arg-type]


def _weighted(blue: float, green: float) -> list[dict[str, Any]]:
    groups = [{"arn": "blue", "weight": blue}, {"arn": "green", "weight": green}]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


TO_BLUE = [{"type": "forward", "targetGroupArn": "blue"}]


@pytest.mark.parametrize(
    "before", [_weighted(100.0, 0.0), TO_BLUE, [{"type": "forward", "targetGroupArn": "gone"}]]
)
def test_one_target_group_may_go_when_no_user_is_there(before: list[dict[str, Any]]) -> None:
    _changed(before, TO_BLUE)


@pytest.mark.parametrize("before", [_weighted(0.0, 100.0), _weighted(75.0, 25.0)])
def test_a_target_group_may_not_go_while_users_are_there(before: list[dict[str, Any]]) -> None:
    with pytest.raises(pulumi.RunError, match="web: users are at target group green") as raised:
        _changed(before, TO_BLUE)

    assert "two-target-groups: true" in str(raised.value)


def test_a_rule_of_one_target_group_asks_before_it_changes() -> None:
    assert _graph("rolling").one(RULE).hooks == {"before_update": ("web-stays-at-blue",)}
    assert _graph("canary").one(RULE, "web").hooks == {}
