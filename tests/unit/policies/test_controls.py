"""What each control passes, and what it fails."""

from __future__ import annotations

import pytest

from policies.control import Control
from policies.evaluation import CONTROLS, evaluate
from policies.resources import UNKNOWN, Declaration, Resource
from tests.unit.policies.examples import EXAMPLES, make


def said(id_: str, *resources: Resource) -> list[str]:
    report = evaluate(Declaration.of(resources), only=id_)
    return [f"{one.resource} {one.fault}" for one in report.findings]


def test_every_control_has_an_example() -> None:
    assert [*EXAMPLES] == [*CONTROLS]


@pytest.mark.parametrize("id_", CONTROLS)
def test_a_control_passes_what_is_right(id_: str) -> None:
    assert said(id_, *EXAMPLES[id_].passes) == []


@pytest.mark.parametrize("id_", CONTROLS)
def test_a_control_names_what_is_wrong(id_: str) -> None:
    assert said(id_, *EXAMPLES[id_].fails) == [f"it {EXAMPLES[id_].says}"]


@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda control: control.id)
def test_a_control_says_what_to_do(control: Control) -> None:
    assert control.title
    assert control.fix
    assert control.types


def test_tasks_of_a_schedule_are_looked_at_too() -> None:
    target = {"ecsParameters": {"networkConfiguration": {"assignPublicIp": True}}}

    assert said("ECS.2", make("aws:scheduler/schedule:Schedule", target=target)) == [
        "it gives its tasks public addresses"
    ]


def test_a_volume_of_a_task_has_to_be_encrypted_too() -> None:
    service = make("aws:ecs/service:Service", volumeConfiguration={"managedEbsVolume": {"sizeInGb": 10}})

    assert said("EC2.3", service) == ["it gives its tasks volumes that are not encrypted"]


def test_a_user_has_to_be_named() -> None:
    definition = make("aws:ecs/taskDefinition:TaskDefinition", containerDefinitions='[{"name": "app"}]')

    assert said("ECS.20", definition) == [
        "it (it, container app) names no user: that of the image does not count"
    ]


def test_network_load_balancers_have_no_headers_to_drop() -> None:
    assert said("ELB.4", make("aws:lb/loadBalancer:LoadBalancer", loadBalancerType="network")) == []


def test_before_a_repository_is_made_a_policy_may_be_its_own() -> None:
    repository = make("aws:ecr/repository:Repository")
    policy = make("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", repository=UNKNOWN)

    assert said("ECR.3", repository, policy) == []


def test_a_repository_is_known_by_the_name_that_it_will_get() -> None:
    """In a preview Pulumi has chosen it, and the policy has it."""
    repository = Resource(type="aws:ecr/repository:Repository", name="app", inputs={"name": "app-1a2b3c4"})
    own, other = (
        make("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", repository=name)
        for name in ("app-1a2b3c4", "other-1a2b3c4")
    )

    assert said("ECR.3", repository, own) == []
    assert said("ECR.3", repository, other) == ["app keeps its images for ever"]
